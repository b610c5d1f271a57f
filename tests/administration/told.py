"""A record for the benefit figures: statuses that were delivered, and groups that were created."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.disclosure.chain import BEFORE_THE_FIRST, linked
from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.record import Entry, Outcome, RecordKind

PORTAL = "business-portal"
VAT = "TAXES:filing-vat"


def day(text: str) -> datetime:
    """The noon of a day such as 2026-10-05."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(hours=12)


def pseudonym(person: int) -> SubjectKey:
    """That of a person who has none but a number in a test."""
    return SubjectKey(f"{person:043d}", "k1")


def group_of(person: int, number: int = 0) -> str:
    """The id of one of a person's case groups."""
    return f"{person:020x}{number:04x}"


@dataclass
class Told:
    """A stream of the record, made one entry after the other."""

    stream: str = "0123456789abcdef"
    documents: list[dict[str, Any]] = field(default_factory=list)

    def status(self, person: int | SubjectKey, at: str, **changes: Any) -> None:
        """A status that a person's case has was delivered."""
        self._add(at, person, RecordKind.STATUS, **{**STATUS, **changes})

    def created(self, person: int | SubjectKey, at: str, **changes: Any) -> None:
        """A person's case group was created, as was intended."""
        details = {"action": "createCaseGroup", "revision": 1}
        self._add(at, person, RecordKind.CHANGE, outcome=Outcome.INTENDED.value, details=details, group=None)
        self._add(at, person, RecordKind.CHANGE, **{"outcome": Outcome.MADE.value, "details": details, **changes})

    def statuses(self, people: Sequence[int], at: str, **changes: Any) -> None:
        """One for each of several people."""
        for person in people:
            self.status(person, at, **changes)

    def _add(self, at: str, person: int | SubjectKey, kind: RecordKind, **changes: Any) -> None:
        subject = pseudonym(person) if isinstance(person, int) else person
        of_whom = person if isinstance(person, int) else 0
        known = {"consumer": ConsumerId(PORTAL), "group": group_of(of_whom)}
        entry = Entry(kind, subject=subject, request_id=f"request-{len(self.documents)}", **{**known, **changes})
        previous = self.documents[-1]["hash"] if self.documents else BEFORE_THE_FIRST
        sequence = len(self.documents) + 1
        self.documents.append(linked(entry, stream=self.stream, sequence=sequence, at=day(at), previous=previous))


STATUS = {
    "outcome": Outcome.DISCLOSED.value,
    "producer": "tax-agency",
    "case_type": "MOMS",
    "reference": "SKV-2026-55811",
    "purpose": VAT,
    "fields": ("title",),
}
