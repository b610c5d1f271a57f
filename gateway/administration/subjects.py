"""What is kept about one subject, given out or erased; and what the law lets stay, said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.administration.keyed import KeyDesk
from gateway.administration.plans import Json, Refused
from gateway.administration.recorded import recorded
from gateway.administration.views import timestamp
from gateway.identity.parties import FORM
from gateway.model.caller import SubjectKeys
from gateway.model.history import Cause
from gateway.model.text import Text
from gateway.store.connections import Connections
from gateway.store.producers import Producers
from gateway.store.subject_data import SubjectData

A_DAY = timedelta(days=1)
"""Records go in whole segments: each with the youngest of its segment, of a minute or so; a day is on the safe side."""

DESCRIPTIONS = {
    "subject.pseudonyms": "What stands for the identity number in the database, one for each pseudonym key. The number "
    "itself is not kept.",
    "parties": "The names of the consumers (portals and programs) and producers (authorities) that are named below.",
    "caseGroups": "The case groups of this person or company, whoever owns them: title, purpose, the cases by "
    "producer, type and reference, notes, who may read it until when (readPermissions), to whom it is offered "
    "(transfer), and until when it is kept unless it is used (retainUntil). The cases themselves are with their "
    "producers.",
    "notices": "What owners of these groups were told of, such as that another consumer took one over.",
    "recordsAsSubject": "The record: who was told what about this person's or company's cases, when, for what purpose, "
    "on what legal basis, and what came of it; and who changed a group, exported this or erased. What a status said is "
    "not kept.",
    "recordsAsActor": "The same, of what this person did for others: `subject` is the other's pseudonym.",
}

WHY_RECORDS_STAY = (
    "The record shows who has read what, for the person concerned and for oversight, and cannot do that if it can be "
    "changed: accountability (GDPR Article 5(2)) and the security of processing (Article 32). To that extent there is "
    "no right to erasure (Article 17(3)(b) and (e)). It holds no title, note, status or identity number. It is removed "
    "when its period has passed."
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that may be made: of whom, and how much there is."""

    subject: SubjectKeys
    groups: int
    records: int
    records_as_actor: int


def pseudonyms_of(desk: KeyDesk, number: str) -> SubjectKeys:
    """The subject's pseudonyms. Raises Refused for what no access token could name; what was given is not repeated."""
    if FORM.fullmatch(number) is None:
        raise Refused("--subject is no identity number as an access token has it, such as 199003152390.")
    return desk.pseudonyms.all_of(number)


async def exported(desk: KeyDesk, number: str, cause: Cause) -> Json:
    """Everything that is kept about the subject, once it is recorded that it is given out.

    Of a subject that nothing is known of, too: in the same form, with nothing in it.
    """
    subject, data = pseudonyms_of(desk, number), SubjectData(desk.database)
    async with recorded(desk.database, "subject.export", cause, subject=subject[0]) as found:
        groups = await data.groups(subject)
        notices = await data.notices([str(group["id"]) for group in groups])
        as_subject = await data.records(subject, desk.moment)
        as_actor = await data.records_as_actor(subject, desk.moment)
        found["caseGroups"], found["records"] = len(groups), len(as_subject) + len(as_actor)
        everything = (groups, notices, as_subject, as_actor)
        return {
            "exportedAt": timestamp(desk.moment),
            "descriptions": DESCRIPTIONS,
            "subject": {"pseudonyms": [{"key": key.key_id, "pseudonym": key.digest} for key in subject]},
            "parties": await _parties(desk, set(_texts(everything))),
            "caseGroups": groups,
            "notices": notices,
            "recordsAsSubject": as_subject,
            "recordsAsActor": as_actor,
        }


async def erasure(desk: KeyDesk, number: str, cause: Cause) -> Erasure:
    """What there is to erase, once it is recorded that it is looked up: that something is kept says something, too."""
    subject = pseudonyms_of(desk, number)
    async with recorded(desk.database, "subject.count", cause, subject=subject[0]):
        return Erasure(subject, *await SubjectData(desk.database).counts(subject))


async def erased(desk: KeyDesk, plan: Erasure, cause: Cause) -> Json:
    """The receipt, once the subject's case groups are removed with the notices about them, and that is recorded."""
    data = SubjectData(desk.database)
    async with recorded(desk.database, "subject.erase", cause, subject=plan.subject[0]) as found:
        removed = await data.remove(plan.subject)
        found["caseGroups"], found["notices"] = len(removed.groups), removed.notices
    _, records, as_actor = await data.counts(plan.subject)
    return receipt(desk, plan, cause, list(removed.groups), removed.notices, records, as_actor)


def receipt(
    desk: KeyDesk, plan: Erasure, cause: Cause, groups: list[str], notices: int, records: int, as_actor: int
) -> Json:
    """What was erased and what stays, why, and until when at the latest."""
    period = timedelta(days=desk.settings.record_retention_days)
    return {
        "erasedAt": timestamp(cause.at),
        "by": cause.by,
        "why": cause.why,
        "subject": {"pseudonyms": [{"key": key.key_id, "pseudonym": key.digest} for key in plan.subject]},
        "erased": {"caseGroups": groups, "notices": notices},
        "stays": {
            "recordsAsSubject": records,
            "recordsAsActor": as_actor,
            "why": WHY_RECORDS_STAY,
            "untilAtTheLatest": timestamp(_days_end(desk.moment + period + A_DAY)),
        },
        "elsewhere": "The cases themselves are with their producers, and backups of the database keep what was erased "
        "until they are replaced.",
    }


def _days_end(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + A_DAY


async def _parties(desk: KeyDesk, named: set[str]) -> Json:
    """The names of the consumers and producers among `named`, by id."""
    consumers, _ = await Connections(desk.database).consumers()
    producers, _ = await Producers(desk.database).all()
    return {
        "consumers": _names({kept.consumer.id: kept.consumer.name for kept in consumers}, named),
        "producers": _names({kept.producer.id: kept.producer.name for kept in producers}, named),
    }


def _names(names: Mapping[str, Text], named: set[str]) -> Json:
    return {id_: {"sv": name.sv, "en": name.en} for id_, name in sorted(names.items()) if id_ in named}


def _texts(value: object) -> Iterable[str]:
    """Every text in `value`: a party's id can stand in many places."""
    match value:
        case str():
            yield value
        case Mapping():
            for part in value.values():
                yield from _texts(part)
        case list() | tuple():
            for part in value:
                yield from _texts(part)
