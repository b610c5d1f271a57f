"""What one operation tells and changes, recorded before it is told, and before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from gateway.disclosure.grounds import Grounds
from gateway.errors import ChangeRefused, NotRecorded
from gateway.model.caller import Caller
from gateway.model.case_group import Case, CaseGroup, GroupId
from gateway.model.grant import Grant
from gateway.model.overview import CasesOutcome, CasesPage, CasesUnavailable, CasesUnavailableReason
from gateway.model.producer import ProducerId
from gateway.model.record import DetailValue, Entry, Outcome, RecordKind
from gateway.model.status import StatusAnswer, StatusOutcome, Unavailable, UnavailableReason
from gateway.policy.statuses import Decision

NOT_RECORDED = Unavailable(UnavailableReason.NOT_RECORDED)
CASES_NOT_RECORDED = CasesUnavailable(CasesUnavailableReason.NOT_RECORDED)

DISCLOSED = Outcome.DISCLOSED.value
"""Said of every status that is told: looked up once."""

OF_AN_OVERVIEW = ("caseType", "reference")
"""What a consumer is told of a case in an overview."""


@dataclass(slots=True)
class ToldStatuses:
    """What is told of the statuses of cases in one group, all by one decision.

    `outcomes` are those of `cases`, and `places` say which of the cases they are that were asked about.
    """

    group: CaseGroup
    decision: Decision
    places: list[int] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    outcomes: Sequence[StatusOutcome] = ()


class Records(Protocol):
    """Where entries are written."""

    async def record(self, entries: Sequence[Entry]) -> None:
        """Returns when they are written to a majority. Raises NotRecorded."""


class OperationRecord:
    """The record of one operation of one caller."""

    def __init__(self, records: Records, grounds: Grounds, caller: Caller, request_id: str) -> None:
        self._records = records
        self._grounds = grounds
        self._entry = partial(
            Entry,
            request_id=request_id,
            consumer=caller.consumer,
            subject=caller.subject_key,
            actors=caller.actor_keys,
        )

    async def statuses(self, told: Sequence[ToldStatuses]) -> bool:
        """Whether it is recorded, in the order of the places, that all of this is told; where not, it is withheld."""
        of_any = self._entry(RecordKind.STATUS).said
        at_place: dict[int, Entry] = {}
        for one in told:
            group, ground = one.group, self._grounds.of(one.decision)
            of_group = {**of_any, "group": group.id, "purpose": str(group.purpose)}
            names = [
                DISCLOSED if isinstance(outcome, StatusAnswer) else outcome.reason.value for outcome in one.outcomes
            ]
            what = {
                name: {**of_group, **(ground.told if name == DISCLOSED else ground.untold), "outcome": name}
                for name in set(names)
            }
            for place, case, name in zip(one.places, one.cases, names, strict=True):
                producer, reference = case.key
                at_place[place] = Entry.saying(what[name], producer, case.case_type, reference)
        return await self._is_written([at_place[place] for place in range(len(at_place))])

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
