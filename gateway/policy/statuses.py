"""The second gate: which fields of a case's status a consumer may read. Asked for = selected ∩ granted (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple

from gateway.errors import ForbiddenField
from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseGroup
from gateway.model.grant import Grant
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose
from gateway.model.registry import Agreements
from gateway.model.status import NAME_ONLY, REFERENCE_FIELDS, StatusSelection, UnavailableReason
from gateway.policy.visibility import access

REMEMBERED = 10_000
"""Decisions that are remembered; one holds no caller's data and takes some 500 bytes."""

NOTHING = StatusSelection()

REFERENCES = "references."
"""Stands before the name of a field of Reference in GRANTABLE_FIELDS."""


class Question(NamedTuple):
    """Whether a consumer may read what it selected of cases of one type at one producer for one purpose.

    `narrowed_to` are the fields that the end user permits a reader of another's group; None: all.
    """

    consumer: ConsumerId
    producer: ProducerId
    case_type: str
    purpose: Purpose
    selected: StatusSelection
    narrowed_to: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why one field is withheld, and what would be required."""

    message: str
    requires: Mapping[str, object]

    def error(self) -> ForbiddenField:
        """The error that stands at the field."""
        return ForbiddenField(self.message, self.requires)


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be asked of the producer, and why the rest of what was selected is withheld, by GRANTABLE_FIELDS.

    With a `refusal` nothing may be asked. `allowing` are the grants by the field that they allow, asked for or not.
    """

    asked: StatusSelection = NOTHING
    withheld: Mapping[str, Withheld] = field(default_factory=dict)
    refusal: UnavailableReason | None = None
    allowing: Mapping[str, Sequence[Grant]] = field(default_factory=dict, compare=False)


class Ruling(NamedTuple):
    """A decision, and for how long it stands: while the agreements have this version, and `until` a moment, if any."""

    decision: Decision
    version: int
    until: datetime | None


NOT_PERMITTED = Decision(refusal=UnavailableReason.NOT_PERMITTED)
NOT_CONNECTED = Decision(refusal=UnavailableReason.PRODUCER_UNAVAILABLE)


class StatusPolicy:
    """Decides from the agreements that hold at the moment of asking, in memory; decisions are remembered."""

    def __init__(self, agreements: Callable[[], Agreements]) -> None:
        self._agreements = agreements
        self._version: int | None = None
        self._decided: Callable[[Question], Decision]

    def stands(self, ruling: Ruling, moment: datetime) -> bool:
        """Whether a ruling made earlier still is what would be ruled at `moment`."""
        return ruling.version == self._agreements().version and (ruling.until is None or moment < ruling.until)

    def rule(
        self,
        consumer: ConsumerId,
        group: CaseGroup,
        producer: ProducerId,
        case_type: str,
        selected: StatusSelection,
        moment: datetime,
    ) -> Ruling:
        """What `consumer` may be told at `moment` of such a case in `group`, of what it selected."""
        agreements = self._agreements()
        seen = access(group, consumer, moment)
        if seen is None:
            return Ruling(NOT_PERMITTED, agreements.version, moment)
        question = Question(consumer, producer, case_type, group.purpose, selected, seen.fields)
        if agreements.version != self._version:
            # What was decided under others is of no use any more.
            self._decided = lru_cache(REMEMBERED)(partial(decided, agreements))
            self._version = agreements.version
        return Ruling(self._decided(question), agreements.version, seen.until)


def decided(agreements: Agreements, question: Question) -> Decision:
    """The decision on one question under the grants in force. Denied unless open to the consumer and granted."""
    if question.producer not in agreements.producers:
        return NOT_CONNECTED
    if not agreements.is_open(question.producer, question.case_type, question.consumer):
        return NOT_PERMITTED
    allowing = granting(agreements, question)
    granted = frozenset(allowing)
    permitted = granted if question.narrowed_to is None else granted & question.narrowed_to
    selected = question.selected
    if not permitted:
        return NOT_PERMITTED
    fields = tuple(name for name in selected.fields if name in permitted)
    references = tuple(name for name in selected.references if _may_read(name, permitted))
    if not fields and not references and (selected.fields or selected.references):
        return NOT_PERMITTED
    withheld = {name: _withheld([name], granted, question) for name in selected.fields if name not in permitted}
    forbidden = [
        REFERENCES + name
        for asked in selected.references
        if asked not in references
        for name in (REFERENCE_FIELDS if asked == NAME_ONLY else (asked,))
    ]
    if forbidden and not references:
        withheld["references"] = _withheld(forbidden, granted, question)
    else:
        withheld.update({name: _withheld([name], granted, question) for name in forbidden})
    return Decision(StatusSelection(fields, references), MappingProxyType(withheld), allowing=allowing)


def granting(agreements: Agreements, question: Question) -> dict[str, list[Grant]]:
    """By GRANTABLE_FIELDS: the grants in force that allow the field, whatever was selected."""
    allowing: dict[str, list[Grant]] = {}
    for grant in agreements.grants_of(question.consumer):
        if grant.covers(question.producer, question.case_type, question.purpose):
            for name in sorted(grant.fields):
                allowing.setdefault(name, []).append(grant)
    return allowing


def _may_read(field: str, permitted: frozenset[str]) -> bool:
    """Whether the field of a Reference may be read. That there are references is said where any field of them is."""
    if field == NAME_ONLY:
        return any(name.startswith(REFERENCES) for name in permitted)
    return REFERENCES + field in permitted


def _withheld(names: Sequence[str], granted: frozenset[str], question: Question) -> Withheld:
    said = ", ".join(f"`{name}`" for name in names)
    if granted.issuperset(names):
        return Withheld(
            f"Reading {said} in this case group needs the end user's permission.",
            {"readPermission": {"fields": list(names)}},
        )
    return Withheld(
        f"Reading {said} of {question.case_type} at {question.producer} for {question.purpose} needs a grant.",
        {
            "grant": {
                "producer": question.producer,
                "caseType": question.case_type,
                "fields": list(names),
                "purpose": str(question.purpose),
            }
        },
    )
