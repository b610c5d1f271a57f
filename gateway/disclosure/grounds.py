"""What the record says of a decision on statuses: what is told by it, what is withheld, and on what ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.model.grant import Grant
from gateway.model.record import Entry, Recorded, RecordKind
from gateway.model.status import NAME_ONLY, StatusSelection
from gateway.policy.statuses import REFERENCES, Decision

MOST_REMEMBERED = 1_000
"""Decisions. They are few, since no caller is in one, and each is made for many operations."""


class Ground(NamedTuple):
    """What the record says of a status that is told by a decision, and of one that is not."""

    told: Recorded
    untold: Recorded

    @classmethod
    def of(cls, decision: Decision) -> Ground:
        """What it says by this decision."""
        grants = _grants_used(decision)
        withheld = tuple(sorted(decision.withheld))
        told = Entry(
            RecordKind.STATUS,
            fields=_names(decision.asked),
            withheld=withheld,
            grants=tuple(grant.id for grant in grants),
            legal_basis=tuple(grant.legal_basis for grant in grants),
        )
        return cls(told.said, Entry(RecordKind.STATUS, withheld=withheld).said)


class Grounds:
    """Works the ground of a decision out once. It lives as long as the gateway."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Decision, Ground]] = {}

    def of(self, decision: Decision) -> Ground:
        """What the record says by this decision."""
        known = self._known.get(id(decision))
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            # With the decision, which keeps its identity from being another's.
            known = self._known[id(decision)] = (decision, Ground.of(decision))
        return known[1]


def _names(selection: StatusSelection) -> tuple[str, ...]:
    """The fields of a selection as a grant names them; that there are references is `references` alone."""
    references = (
        REFERENCES.rstrip(".") if name == NAME_ONLY else f"{REFERENCES}{name}" for name in selection.references
    )
    return (*selection.fields, *references)


def _grants_used(decision: Decision) -> tuple[Grant, ...]:
    """One grant for each field that is told; any of them where no field is, but that there is a status."""
    allowing = decision.allowing
    if not allowing:
        return ()  # a refusal
    used = [_first_of(allowing, name) for name in _names(decision.asked)] or [next(iter(allowing.values()))[0]]
    return tuple(dict.fromkeys(used))


def _first_of(allowing: Mapping[str, Sequence[Grant]], name: str) -> Grant:
    """The grant that allows a field; for that there are references, one that allows something of them."""
    return next(grants[0] for field, grants in allowing.items() if field == name or field.startswith(f"{name}."))
