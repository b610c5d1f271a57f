"""Statuses as far as the caller may read them: decided before a producer is asked, and again before it is passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable
from gateway.policy.statuses import Decision, Ruling, StatusPolicy, Withheld
from gateway.producers.loader import Asked, Load, StatusLoaders


class PermittedStatus(NamedTuple):
    """What the caller is told of a case, and the decision by which it is told that and not the rest it selected."""

    outcome: StatusOutcome
    decision: Decision

    @property
    def withheld(self) -> Mapping[str, Withheld]:
        """Why it is not told the rest."""
        return self.decision.withheld


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

    async def statuses(
        self, cases: Sequence[tuple[CaseGroup, Case]], selected: StatusSelection
    ) -> list[PermittedStatus]:
        """The status of each case in its group: of what is `selected`, what the consumer may read and nothing else.

        Where it may read nothing, no producer is asked. A grant, connection or permission that ends while the
        producers take their time is withheld after all; a permission that is withdrawn counts from the next operation
        on. It is decided once for all cases of one type at one producer in one group.
        """
        alike = self._alike(cases, selected)
        loads = self._begun(one for one in alike if one.decision.refusal is None)
        outcomes: dict[int, StatusOutcome] = {}
        for numbers, load in loads:
            outcomes.update(zip(numbers, await load.outcomes(), strict=True))
        now = self._clock()
        found: dict[int, PermittedStatus] = {}
        for one in alike:
            before = one.decision
            after = before if before.refusal else self._decision(one.group, one.case, selected, now)
            if after is before and before.refusal is None:
                found.update([(number, PermittedStatus(outcomes[number], before)) for number in one.numbers])
            else:
                found.update([(number, _told(outcomes.get(number), before, after)) for number in one.numbers])
        return [found[number] for number in range(len(cases))]

    def _alike(self, cases: Sequence[tuple[CaseGroup, Case]], selected: StatusSelection) -> list[_Alike]:
        """The cases by what is decided alike, with the decision that stands now."""
        now = self._clock()
        alike: dict[tuple[str, str, str], _Alike] = {}
        for number, (group, case) in enumerate(cases):
            key = (group.id, case.key.producer, case.case_type)
            one = alike.get(key)
            if one is None:
                one = alike[key] = _Alike(group, case, self._decision(group, case, selected, now))
            one.numbers.append(number)
            one.asked.append((case.key.reference, case.case_type))
        return list(alike.values())

    def _begun(self, alike: Iterable[_Alike]) -> list[tuple[list[int], Load]]:
        """The loads of all of these, which go to each producer together, and the numbers of the cases in each."""
        joined: dict[tuple[ProducerId, Purpose, StatusSelection], tuple[list[int], list[Asked]]] = {}
        for one in alike:
            question = (one.case.key.producer, one.group.purpose, one.decision.asked)
            numbers, asked = joined.setdefault(question, ([], []))
            numbers += one.numbers
            asked += one.asked
        return [(numbers, self._loaders.load(*question, asked)) for question, (numbers, asked) in joined.items()]

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


@dataclass(slots=True)
class _Alike:
    """Cases of one type at one producer in one group: the first of them, and all by their numbers."""

    group: CaseGroup
    case: Case
    decision: Decision
    numbers: list[int] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


def _told(outcome: StatusOutcome | None, before: Decision, after: Decision) -> PermittedStatus:
    """What is told of an `outcome` that was asked for under one decision, and is told under another."""
    if after.refusal is not None:
        return PermittedStatus(Unavailable(after.refusal), after)
    assert outcome is not None, "it was asked for"
    # What was granted meanwhile was not asked for: neither is it told, nor is it recorded that it was.
    told = replace(after, asked=_in_both(before.asked, after.asked), withheld={**before.withheld, **after.withheld})
    return PermittedStatus(_narrowed(outcome, told.asked), told)


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
