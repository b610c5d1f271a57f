"""Statuses as far as the caller may read them: decided before a producer is asked, and again before it is passed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable
from gateway.policy.statuses import Decision, Ruling, StatusPolicy, Withheld
from gateway.producers.loader import StatusLoaders


@dataclass(frozen=True, slots=True)
class PermittedStatus:
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

    async def status(self, group: CaseGroup, case: Case, selected: StatusSelection) -> PermittedStatus:
        """The status of `case` in `group`: of what is `selected`, what the consumer may read and nothing else.

        Where it may read nothing, no producer is asked. A grant, connection or permission that ends while the
        producer takes its time is withheld after all; a permission that is withdrawn counts from the next operation on.
        """
        before = self._decision(group, case, selected)
        if before.refusal is not None:
            return PermittedStatus(Unavailable(before.refusal), before)
        outcome = await self._loaders.status(case, group.purpose, before.asked)
        after = self._decision(group, case, selected)
        if after is before:
            return PermittedStatus(outcome, before)
        if after.refusal is not None:
            return PermittedStatus(Unavailable(after.refusal), after)
        # What was granted meanwhile was not asked for: neither is it told, nor is it recorded that it was.
        told = replace(after, asked=_in_both(before.asked, after.asked), withheld={**before.withheld, **after.withheld})
        return PermittedStatus(_narrowed(outcome, told.asked), told)

    def give_up(self) -> None:
        """Ends the producer requests that are under way: the caller has hung up."""
        self._loaders.give_up()

    def _decision(self, group: CaseGroup, case: Case, selected: StatusSelection) -> Decision:
        """The decision that stands now: the same for every case of one type in one group, until something changes."""
        now = self._clock()
        key = (id(selected), group.id, case.key.producer, case.case_type)
        ruled = self._ruled.get(key)
        if ruled is None or not self._policy.stands(ruled[1], now):
            ruling = self._policy.rule(self._consumer, group, case.key.producer, case.case_type, selected, now)
            # With the selection, which keeps its identity from being another's.
            ruled = self._ruled[key] = (selected, ruling)
        return ruled[1].decision


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
    return replace(outcome, fields=kept)
