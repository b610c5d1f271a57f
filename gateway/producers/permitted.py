"""Statuses as far as the caller may read them: decided before a producer is asked, and again before it is passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from gateway.disclosure.operation import ToldStatuses
from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup, GroupId
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable
from gateway.policy.statuses import Decision, Ruling, StatusPolicy
from gateway.producers.loader import Asked, Load, StatusLoaders


def _now() -> datetime:
    return datetime.now(UTC)


class PermittedStatuses:
    """Statuses for one consumer and one operation."""

    def __init__(
        self,
        consumer: ConsumerId,
        policy: StatusPolicy,
        loaders: StatusLoaders,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._consumer = consumer
        self._policy = policy
        self._loaders = loaders
        self._clock = clock
        self._ruled: dict[tuple[int, str, str, str], tuple[StatusSelection, Ruling]] = {}

    async def statuses(self, cases: Sequence[tuple[CaseGroup, Case]], selected: StatusSelection) -> list[ToldStatuses]:
        """The status of each case in its group: of what is `selected`, what the consumer may read and nothing else.

        Where it may read nothing, no producer is asked. A grant, connection or permission that ends while the
        producers take their time is withheld after all; a permission that is withdrawn counts from the next operation
        on. It is decided once for all cases of one type at one producer in one group, and those are told together.
        """
        alike = self._alike(cases, selected)
        for asked_of, load in self._begun(one for one in alike if one.decision.refusal is None):
            outcomes = await load.outcomes()
            end = 0
            for one in asked_of:
                start, end = end, end + len(one.cases)
                one.outcomes = outcomes[start:end]
        now = self._clock()
        for one in alike:
            self._decide_again(one, selected, now)
        return alike

    def _alike(self, cases: Sequence[tuple[CaseGroup, Case]], selected: StatusSelection) -> list[ToldStatuses]:
        """The cases by what is decided alike, with the decision that stands now."""
        now = self._clock()
        alike: dict[tuple[GroupId, str, str], ToldStatuses] = {}
        for place, (group, case) in enumerate(cases):
            key = (group.id, case.key.producer, case.case_type)
            one = alike.get(key)
            if one is None:
                one = alike[key] = ToldStatuses(group, self._decision(group, case, selected, now))
            one.places.append(place)
            one.cases.append(case)
        return list(alike.values())

    def _begun(self, alike: Iterable[ToldStatuses]) -> list[tuple[list[ToldStatuses], Load]]:
        """The loads of all of these: what is asked of one producer for one purpose is asked together."""
        together: dict[tuple[ProducerId, Purpose, StatusSelection], list[ToldStatuses]] = {}
        for one in alike:
            together.setdefault((one.cases[0].key.producer, one.group.purpose, one.decision.asked), []).append(one)
        return [
            (asked_of, self._loaders.load(*question, [pair for one in asked_of for pair in _asked(one.cases)]))
            for question, asked_of in together.items()
        ]

    def _decide_again(self, told: ToldStatuses, selected: StatusSelection, now: datetime) -> None:
        """Has nothing told that may not be told now, although it was to be asked for: or any more."""
        before = told.decision
        if before.refusal is not None:
            told.outcomes = [Unavailable(before.refusal)] * len(told.cases)
            return
        after = self._decision(told.group, told.cases[0], selected, now)
        if after is before:
            return
        if after.refusal is not None:
            told.decision = after
            told.outcomes = [Unavailable(after.refusal)] * len(told.cases)
            return
        # What was granted meanwhile was not asked for: neither is it told, nor is it recorded that it was.
        asked, withheld = _in_both(before.asked, after.asked), {**before.withheld, **after.withheld}
        told.decision = replace(after, asked=asked, withheld=withheld)
        told.outcomes = [_narrowed(outcome, asked) for outcome in told.outcomes]

    def give_up(self) -> None:
        """Ends the producer requests that are under way: the caller has hung up."""
        self._loaders.give_up()

    def _decision(self, group: CaseGroup, case: Case, selected: StatusSelection, now: datetime) -> Decision:
        """The decision that stands `now`: the same for every case of one type in one group, until something changes."""
        key = (id(selected), group.id, case.key.producer, case.case_type)
        ruled = self._ruled.get(key)
        if ruled is None or not self._policy.stands(ruled[1], now):
            ruling = self._policy.rule(self._consumer, group, case.key.producer, case.case_type, selected, now)
            # With the selection, which keeps its identity from being another's.
            ruled = self._ruled[key] = (selected, ruling)
        return ruled[1].decision


def _asked(cases: Iterable[Case]) -> list[Asked]:
    return [(case.key.reference, case.case_type) for case in cases]


def _in_both(one: StatusSelection, other: StatusSelection) -> StatusSelection:
    return StatusSelection(
        tuple(name for name in one.fields if name in other.fields),
        tuple(name for name in one.references if name in other.references),
    )


def _narrowed(outcome: StatusOutcome, to: StatusSelection) -> StatusOutcome:
    """`outcome` with what is in `to` alone: what may be read less than when it was asked for."""
    if isinstance(outcome, Unavailable):
        return outcome
    kept = {name: value for name, value in outcome.fields.items() if name in to.fields}
    references = outcome.fields.get("references")
    if to.references and isinstance(references, list):
        kept["references"] = [
            {name: value for name, value in reference.items() if name in to.references} for reference in references
        ]
    return outcome._replace(fields=kept)
