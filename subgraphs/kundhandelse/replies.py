"""An answer of the interface, read: for each party that was asked about, its events or why there are none to tell.

What is unknown is never told as known: a party whose part of the question failed has no events, even if some came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from subgraphs.kundhandelse.events import Event, read_event
from subgraphs.kundhandelse.failures import Failure, UpstreamFailed, failure_of, fault
from subgraphs.kundhandelse.questions import Party


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: whether it says itself that something is missing (HTTP 206), and its content."""

    partial: bool
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Events:
    """A party's events as they came, and how many there are in all, where that is told."""

    events: Sequence[Event]
    total: int | None


Outcome = Events | UpstreamFailed


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the answers of one producer.

    `event_types` are those that were asked for, `reference_name` is the member of `referenser` that has a case's
    reference. Where `producer` is given, failed parts of other producers are passed over.
    """

    event_types: Sequence[str]
    reference_name: str
    producer: str | None

    def outcomes(self, reply: Reply, asked: Sequence[Party]) -> list[Outcome]:
        """One outcome for each of the parties, in their order. Raises UpstreamFailed for what is no answer at all."""
        entries, strangers = self._entries(reply.content, asked)
        failures, whole = self._failures(reply)
        missing: Outcome = Events((), None)
        if reply.partial:
            missing = UpstreamFailed(Failure.UNAVAILABLE, "a partial answer without the party")
        elif strangers:
            missing = fault("an answer about parties not asked about")
        return [
            failures.get(party) or whole or (self._read(entries[party], party) if party in entries else missing)
            for party in asked
        ]

    def _entries(self, content: dict[str, Any], asked: Sequence[Party]) -> tuple[dict[Party, list[object]], int]:
        """The entries by party, and how many belong to nobody that was asked about."""
        entries: dict[Party, list[object]] = {}
        strangers = 0
        for entry in _list(content, "kundhandelser"):
            party = _party(entry.get("part")) if isinstance(entry, dict) else None
            if party is None or party not in asked:
                strangers += 1
            else:
                entries.setdefault(party, []).append(entry)
        return entries, strangers

    def _failures(self, reply: Reply) -> tuple[dict[Party, UpstreamFailed], UpstreamFailed | None]:
        """The failed parts of the question by party, and the one that stands for every party."""
        failures: dict[Party, UpstreamFailed] = {}
        whole: UpstreamFailed | None = None
        told = False
        for row, code in _failed_rows(reply.content):
            told = True
            if self.producer is not None and row.get("producent") not in {None, self.producer}:
                continue
            failed = UpstreamFailed(failure_of(code), f"a part failed with {code}")
            party = _party(row.get("part"))
            if party is None:
                whole = failed
            else:
                failures[party] = failed
        if reply.partial and not told:
            whole = UpstreamFailed(Failure.UNAVAILABLE, "a partial answer that does not say what is missing")
        return failures, whole

    def _read(self, entries: Sequence[object], party: Party) -> Outcome:
        try:
            return self._events(entries, party)
        except UpstreamFailed as exc:
            return exc

    def _events(self, entries: Sequence[object], party: Party) -> Events:
        events: list[Event] = []
        total: int | None = None
        for entry in entries:
            assert isinstance(entry, dict)
            events += [read_event(content, self.reference_name) for content in _list(entry, "kundhandelserForPart")]
            total = _sum(total, entry.get("totaltAntalKundhandelser"))
        if not all(event.is_of(self.event_types) for event in events):
            raise fault("an event of a type not asked for")
        if party.reference is not None:
            if any(event.reference not in {None, party.reference} for event in events):
                raise fault("an event of another case")
            if total and not events:
                raise fault("events are counted and not given")
        return Events(events, total)


def _failed_rows(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int | None]]:
    """The rows of `delfragor` that do not say that all went well, with their HTTP status."""
    for row in _list(content, "delfragor"):
        if not isinstance(row, dict):
            raise fault("delfragor: a row is not an object")
        status, code = row.get("status"), row.get("httpCode")
        succeeded = isinstance(code, int) and HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES
        says_ok = isinstance(status, str) and status.upper() == "OK"
        if not ((says_ok and (code is None or succeeded)) or (status is None and succeeded)):
            # A code of success beside another status, or none: the row says that it failed, and not how.
            yield row, code if isinstance(code, int) and not succeeded else None


def _party(part: object) -> Party | None:
    """The party that an echoed `part` names; None where it names no customer."""
    match part:
        case {"kund": {"identifierare": str(customer)}, "arende": {"identifierare": str(reference)}}:
            return Party(customer, reference)
        case {"kund": {"identifierare": str()}, "arende": dict()}:
            return None
        case {"kund": {"identifierare": str(customer)}}:
            return Party(customer)
    return None


def _list(content: dict[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    if not isinstance(value, list | None):
        raise fault(f"{name}: not a list")
    return value or []


def _sum(total: int | None, more: object) -> int | None:
    if not isinstance(more, int | None) or isinstance(more, bool):
        raise fault("totaltAntalKundhandelser: not a number")
    return total if more is None else (total or 0) + more
