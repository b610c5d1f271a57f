"""What one operation tells and changes, recorded before it is told, and before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from gateway.errors import ChangeRefused, NotRecorded
from gateway.model.caller import Caller
from gateway.model.case_group import Case, CaseGroup, GroupId
from gateway.model.grant import Grant
from gateway.model.overview import CasesOutcome, CasesPage, CasesUnavailable, CasesUnavailableReason
from gateway.model.producer import ProducerId
from gateway.model.record import DetailValue, Entry, Outcome, RecordKind
from gateway.model.status import NAME_ONLY, StatusAnswer, StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.policy.statuses import REFERENCES, Decision

NOT_RECORDED = Unavailable(UnavailableReason.NOT_RECORDED)
CASES_NOT_RECORDED = CasesUnavailable(CasesUnavailableReason.NOT_RECORDED)

DISCLOSED = Outcome.DISCLOSED.value
"""Said of every status that is told: looked up once."""

OF_AN_OVERVIEW = ("caseType", "reference")
"""What a consumer is told of a case in an overview."""


class ToldStatus(NamedTuple):
    """What is told of the status of a case in a group, and the decision by which it is."""

    group: CaseGroup
    case: Case
    outcome: StatusOutcome
    decision: Decision


class Records(Protocol):
    """Where entries are written."""

    async def record(self, entries: Sequence[Entry]) -> None:
        """Returns when they are written to a majority. Raises NotRecorded."""


class OperationRecord:
    """The record of one operation of one caller."""

    def __init__(self, records: Records, caller: Caller, request_id: str) -> None:
        self._records = records
        self._entry = partial(
            Entry,
            request_id=request_id,
            consumer=caller.consumer,
            subject=caller.subject_key,
            actors=caller.actor_keys,
        )
        self._worked_out: dict[int, tuple[Decision, _Told]] = {}

    async def statuses(self, statuses: Sequence[ToldStatus]) -> list[StatusOutcome]:
        """The outcome of each of `statuses`, once it is recorded that all of them are told.

        Where that could not be recorded: that they are withheld.
        """
        alike: dict[tuple[GroupId, int, str], Entry] = {}
        entries: list[Entry] = []
        for group, case, outcome, decision in statuses:
            name = DISCLOSED if isinstance(outcome, StatusAnswer) else outcome.reason.value
            entry = alike.get((group.id, id(decision), name))
            if entry is None:
                entry = alike[group.id, id(decision), name] = self._status(group, name, decision)
            entries.append(entry.of_case(case.key.producer, case.case_type, case.key.reference))
        if await self._is_written(entries):
            return [one.outcome for one in statuses]
        return [NOT_RECORDED] * len(statuses)

    async def overview(self, producer: ProducerId, outcome: CasesOutcome, held: Iterable[Grant]) -> CasesOutcome:
        """`outcome`, the subject's cases at `producer`, once it is recorded which of them are told.

        `held` are the caller's grants; where it could not be recorded: that the cases are withheld.
        """
        if not isinstance(outcome, CasesPage):
            entries = [self._entry(RecordKind.OVERVIEW, outcome=outcome.reason.value, producer=producer)]
        else:
            grants = [grant for grant in held if grant.producer == producer]
            entries = [self._listed(producer, case.case_type, case.reference, grants) for case in outcome.cases]
            # That there is none is told as well.
            entries = entries or [self._entry(RecordKind.OVERVIEW, outcome=DISCLOSED, producer=producer)]
        return outcome if await self._is_written(entries) else CASES_NOT_RECORDED

    async def cut(self, coordinates: Sequence[str]) -> None:
        """Records that the fields at these schema coordinates were asked for, and not told for want of a scope."""
        await self._is_written([self._entry(RecordKind.REFUSAL, withheld=tuple(coordinates))])

    async def intends(self, action: str, group: GroupId | None, details: Mapping[str, DetailValue]) -> None:
        """Records that a change is about to be made. Raises NotRecorded: then it may not be."""
        await self._records.record([self._change(Outcome.INTENDED, action, group, details)])

    async def made(self, action: str, group: CaseGroup | GroupId | None, details: Mapping[str, DetailValue]) -> None:
        """Records that a change was made. Where that fails, that it was intended stands."""
        if isinstance(group, CaseGroup):
            details = {**details, "revision": group.revision}
            group = group.id
        await self._is_written([self._change(Outcome.MADE, action, group, details)])

    async def refused(self, action: str, group: GroupId | None, refusal: ChangeRefused) -> None:
        """Records that a change was refused, and by which codes."""
        codes = tuple(sorted({problem.code.value for problem in refusal.problems}))
        await self._is_written([self._change(Outcome.REFUSED, action, group, {"codes": codes})])

    def _status(self, group: CaseGroup, outcome: str, decision: Decision) -> Entry:
        """What is recorded of the status of any case in `group` that was decided on like this, and ended like this."""
        decided = self._told(decision)
        told = decided if outcome == DISCLOSED else TOLD_NOTHING
        return self._entry(
            RecordKind.STATUS,
            outcome=outcome,
            group=group.id,
            purpose=str(group.purpose),
            fields=told.fields,
            withheld=decided.withheld,
            grants=told.grants,
            legal_basis=told.legal_basis,
        )

    async def _is_written(self, entries: Sequence[Entry]) -> bool:
        try:
            await self._records.record(entries)
        except NotRecorded:
            return False
        return True

    def _change(
        self, outcome: Outcome, action: str, group: GroupId | None, details: Mapping[str, DetailValue]
    ) -> Entry:
        return self._entry(RecordKind.CHANGE, outcome=outcome.value, group=group, details={"action": action, **details})

    def _listed(self, producer: ProducerId, case_type: str, reference: str, grants: Iterable[Grant]) -> Entry:
        used = next((grant for grant in grants if case_type in grant.case_types), None)
        return self._entry(
            RecordKind.OVERVIEW,
            outcome=DISCLOSED,
            producer=producer,
            case_type=case_type,
            reference=reference,
            fields=OF_AN_OVERVIEW,
            grants=(used.id,) if used else (),
            legal_basis=(used.legal_basis,) if used else (),
        )

    def _told(self, decision: Decision) -> _Told:
        """What is recorded of a decision: the same for every case that it was made for."""
        known = self._worked_out.get(id(decision))
        if known is None:
            # With the decision, which keeps its identity from being another's.
            known = self._worked_out[id(decision)] = (decision, _Told.under(decision))
        return known[1]


@dataclass(frozen=True, slots=True)
class _Told:
    """What of a status is told and what is withheld, and on what ground."""

    fields: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()

    @classmethod
    def under(cls, decision: Decision) -> _Told:
        """What a decision lets be told."""
        grants = _grants_used(decision)
        return cls(
            fields=_names(decision.asked),
            withheld=tuple(sorted(decision.withheld)),
            grants=tuple(grant.id for grant in grants),
            legal_basis=tuple(grant.legal_basis for grant in grants),
        )


TOLD_NOTHING = _Told()


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
