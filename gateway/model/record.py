"""The record (DESIGN §9): what is written down of each disclosure, refusal and change, and never what a status said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any

from gateway.model.caller import ConsumerId, SubjectKey

DetailValue = str | int | bool | Sequence[str]

NO_DETAILS: Mapping[str, DetailValue] = MappingProxyType({})


class RecordKind(Enum):
    """What an entry of the record is about."""

    OPENED = "opened"
    """The first of a stream: a process began to write."""
    CLOSED = "closed"
    """The last of a stream that was closed: by its process, or by another after that was gone."""
    STATUS = "status"
    """What came of one case's status for one consumer."""
    OVERVIEW = "overview"
    """A consumer was told that the subject has a case at a producer."""
    REFUSAL = "refusal"
    """Fields were cut out of an operation, since the token's scopes do not open them."""
    CHANGE = "change"
    """A consumer changes a case group, or who may read or own it."""
    AGREEMENT = "agreement"
    """An operator changes a connection or a grant."""
    AUDIT = "audit"
    """Somebody works with the record or the keys, or exports or erases what is kept about a subject."""


class Outcome(Enum):
    """How it ended, where that is not a reason of `UnavailableReason`."""

    DISCLOSED = "DISCLOSED"
    INTENDED = "INTENDED"
    """A change that is about to be made; MADE, REFUSED or FAILED follows, or the process was gone."""
    MADE = "MADE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


Recorded = Mapping[str, Any]
"""What the record says of something, by the record's own names and without what is empty; nobody changes it."""


class Entry:
    """What happened, before it has its place in a stream. What does not apply is None or empty, and left out.

    `subject` and `actors` are pseudonyms; the actors are those who act for the subject, the one who acts now first.
    `purpose` is as `str(Purpose)`. `fields` are those that were told, `withheld` those that were asked for and not
    told: both by contract name, of a refusal by schema coordinate. `legal_basis` says that of each of `grants`.
    """

    __slots__ = ("case_type", "producer", "reference", "said")

    said: Recorded
    """Beside the case. Entries may share it."""
    producer: str | None
    case_type: str | None
    reference: str | None

    def __init__(
        self,
        kind: RecordKind,
        *,
        request_id: str | None = None,
        consumer: ConsumerId | None = None,
        subject: SubjectKey | None = None,
        actors: tuple[str, ...] = (),
        group: str | None = None,
        producer: str | None = None,
        case_type: str | None = None,
        reference: str | None = None,
        fields: tuple[str, ...] = (),
        withheld: tuple[str, ...] = (),
        purpose: str | None = None,
        grants: tuple[str, ...] = (),
        legal_basis: tuple[str, ...] = (),
        outcome: str | None = None,
        details: Mapping[str, DetailValue] = NO_DETAILS,
    ) -> None:
        said = {
            "actors": list(actors),
            "consumer": consumer,
            "details": {
                name: value if isinstance(value, str | int) else list(value) for name, value in details.items()
            },
            "fields": list(fields),
            "grants": list(grants),
            "group": group,
            "kind": kind.value,
            "legalBasis": list(legal_basis),
            "outcome": outcome,
            "purpose": purpose,
            "requestId": request_id,
            "subject": subject and subject.digest,
            "subjectKey": subject and subject.key_id,
            "withheld": list(withheld),
        }
        self.said = {name: value for name, value in said.items() if value}
        self.producer = producer
        self.case_type = case_type
        self.reference = reference

    @classmethod
    def saying(cls, said: Recorded, producer: str | None, case_type: str | None, reference: str | None) -> Entry:
        """An entry of a case that says what was put together for many."""
        entry = cls.__new__(cls)
        entry.said = said
        entry.producer = producer
        entry.case_type = case_type
        entry.reference = reference
        return entry
