"""One request's story, told from its records in plain words."""

from __future__ import annotations

from gateway.model.record import Outcome, Recorded, RecordKind


def told(record: Recorded) -> str:
    """What a record says, as a sentence; it names nobody but by pseudonym, and has no status."""
    teller = TELLERS.get(str(record.get("kind")))
    return teller(record) if teller is not None else f"{record.get('kind')}: {record.get('outcome', '')}".strip(": ")


def _status(record: Recorded) -> str:
    case = f"{record.get('caseType')} {record.get('reference')} at {record.get('producer')}"
    for_what = f", for {record['purpose']}" if "purpose" in record else ""
    withheld = _named("; withheld: ", record, "withheld")
    if record.get("outcome") == Outcome.DISCLOSED.value:
        basis = _named("; by ", record, "legalBasis")
        return f"{_who(record)} was told the status of {case}: {_list(record, 'fields')}{for_what}{withheld}{basis}."
    return f"{_who(record)} was not told the status of {case} ({record.get('outcome')}){for_what}{withheld}."


def _overview(record: Recorded) -> str:
    if record.get("outcome") == Outcome.DISCLOSED.value:
        if "reference" not in record:
            return f"{_who(record)} was told that {record.get('producer')} has no more cases that it may be told of."
        case = f"{record.get('caseType')} {record.get('reference')}"
        basis = _named("; by ", record, "legalBasis")
        return f"{_who(record)} was told that there is the case {case} at {record.get('producer')}{basis}."
    return f"{_who(record)} was not told which cases there are at {record.get('producer')} ({record.get('outcome')})."


def _refusal(record: Recorded) -> str:
    return f"{_who(record)} asked for what its token does not open, and was not told: {_list(record, 'withheld')}."


def _change(record: Recorded) -> str:
    group = f" of the case group {record['group']}" if "group" in record else ""
    return f"{_who(record)}: {_details(record).get('action')}{group}: {_how(record)}."


def _done(record: Recorded) -> str:
    details = _details(record)
    what = " ".join(str(details[name]) for name in ("action", "type", "id") if name in details)
    return f"{details.get('by', 'Somebody')}: {what}: {_how(record)}; why: {details.get('why', 'not said')}."


def _opened(record: Recorded) -> str:
    return f"A {_details(record).get('writer', 'process')} began to write the stream {record.get('stream')}."


def _closed(record: Recorded) -> str:
    return f"The stream {record.get('stream')} was closed."


TELLERS = {
    RecordKind.STATUS.value: _status,
    RecordKind.OVERVIEW.value: _overview,
    RecordKind.REFUSAL.value: _refusal,
    RecordKind.CHANGE.value: _change,
    RecordKind.AGREEMENT.value: _done,
    RecordKind.AUDIT.value: _done,
    RecordKind.OPENED.value: _opened,
    RecordKind.CLOSED.value: _closed,
}


def _how(record: Recorded) -> str:
    codes = _details(record).get("codes")
    outcome = str(record.get("outcome", "")).lower()
    return f"{outcome} ({', '.join(codes)})" if codes else outcome


def _who(record: Recorded) -> str:
    acting = " for somebody it represents" if record.get("actors") else ""
    return f"{record.get('consumer', 'Somebody')}{acting}"


def _details(record: Recorded) -> Recorded:
    details = record.get("details")
    return details if isinstance(details, dict) else {}


def _list(record: Recorded, name: str) -> str:
    values = record.get(name)
    return ", ".join(map(str, values)) if isinstance(values, list) and values else "nothing"


def _named(words: str, record: Recorded, name: str) -> str:
    return f"{words}{_list(record, name)}" if record.get(name) else ""
