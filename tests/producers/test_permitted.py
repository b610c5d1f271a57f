"""A status is decided before its producer is asked, and again when the answer is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from gateway.model.case_group import CaseGroup
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusAnswer, StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.policy.statuses import Decision, StatusPolicy, Withheld
from gateway.producers.loader import Asked, StatusLoaders
from gateway.producers.permitted import PermittedStatuses
from tests.policy.agreed import (
    DAY,
    FILING_VAT,
    NOW,
    PORTAL,
    PROGRAM,
    TAX,
    agreements,
    case,
    grant,
    group,
    permission,
    producer,
    selection,
)

ANSWER = {"title": "Granskas", "code": "G", "references": [{"title": "Mer", "url": "https://a.example"}]}
EVERYTHING = ("title", "code", "references.title", "references.url")
SELECTED = selection(*EVERYTHING)
NOT_PERMITTED = Unavailable(UnavailableReason.NOT_PERMITTED)


class PermittedStatus(NamedTuple):
    """What is told of one case, and by which decision."""

    outcome: StatusOutcome
    decision: Decision

    @property
    def withheld(self) -> Mapping[str, Withheld]:
        return self.decision.withheld


class Scene:
    """One producer that answers whatever it is asked, and something that happens while it does."""

    def __init__(self, *fields: str, **changes: Any) -> None:
        self.agreements = agreements(grant(*fields, **changes))
        self.moment = NOW
        self.asked: list[StatusSelection] = []
        self.outcome: StatusOutcome = StatusAnswer(ANSWER, NOW)
        self.meanwhile: Callable[[], None] = lambda: None

    def now_granted(self, *fields: str, **changes: Any) -> None:
        self.agreements = agreements(grant(*fields, **changes), version=self.agreements.version + 1)

    def statuses(self, consumer: Any = PORTAL) -> PermittedStatuses:
        def clock() -> datetime:
            return self.moment

        return PermittedStatuses(consumer, StatusPolicy(lambda: self.agreements), cast(StatusLoaders, self), clock)

    def load(self, producer: ProducerId, purpose: Purpose, asked: StatusSelection, cases: Sequence[Asked]) -> Scene:
        """What the loaders do."""
        assert (producer, purpose, cases) == (TAX, FILING_VAT, [("T-1", case("T-1").case_type)])
        self.asked.append(asked)
        return self

    async def outcomes(self) -> list[StatusOutcome]:
        """What a load does."""
        self.meanwhile()
        return [self.outcome]

    async def told(self, consumer: Any = PORTAL) -> PermittedStatus:
        return await one(self.statuses(consumer), group(permission()))


async def one(statuses: PermittedStatuses, in_group: CaseGroup) -> PermittedStatus:
    """What is told of the one case of `in_group`."""
    (told,) = await statuses.statuses([(in_group, case("T-1"))], SELECTED)
    assert (told.group, told.places, told.cases) == (in_group, [0], [case("T-1")])
    (outcome,) = told.outcomes
    return PermittedStatus(outcome, told.decision)


def said(told: PermittedStatus) -> tuple[StatusOutcome, Mapping[str, Withheld]]:
    """What is told, and why the rest is not."""
    return told.outcome, told.withheld


async def test_what_is_granted_is_asked_and_told() -> None:
    scene = Scene(*EVERYTHING)

    assert said(await scene.told()) == (StatusAnswer(ANSWER, NOW), {})
    assert scene.asked == [SELECTED]


async def test_where_nothing_is_granted_nobody_is_asked() -> None:
    scene = Scene()

    assert said(await scene.told()) == (NOT_PERMITTED, {})
    assert scene.asked == []


async def test_what_is_not_granted_is_not_asked_and_the_reason_is_told() -> None:
    scene = Scene("title", "references.url")

    told = await scene.told()

    assert scene.asked == [selection("title", "references.url")]
    assert sorted(told.withheld) == ["code", "references.title"]


async def test_what_is_withdrawn_while_the_producer_answers_is_withheld() -> None:
    scene = Scene("title", "code", "references.title", "references.url")
    scene.meanwhile = lambda: scene.now_granted("title", "references.url")

    told = await scene.told()

    assert told.outcome == StatusAnswer({"title": "Granskas", "references": [{"url": "https://a.example"}]}, NOW)
    assert sorted(told.withheld) == ["code", "references.title"]


async def test_references_that_are_withdrawn_whole_go_whole() -> None:
    scene = Scene("title", "references.url")
    scene.meanwhile = lambda: scene.now_granted("title")

    told = await scene.told()

    assert told.outcome == StatusAnswer({"title": "Granskas"}, NOW)
    assert {"code", "references"} <= told.withheld.keys()


async def test_a_status_all_of_whose_fields_are_withdrawn_is_not_told() -> None:
    scene = Scene(*EVERYTHING)
    scene.meanwhile = scene.now_granted

    assert said(await scene.told()) == (NOT_PERMITTED, {})


async def test_a_producer_that_is_suspended_while_it_answers_is_not_heard() -> None:
    scene = Scene(*EVERYTHING)

    def suspend() -> None:
        others = [producer(cast(Any, "another"))]
        scene.agreements = agreements(grant(*EVERYTHING), producers=others, version=2)

    scene.meanwhile = suspend

    assert said(await scene.told()) == (Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE), {})


async def test_what_is_granted_while_the_producer_answers_was_not_asked_for() -> None:
    scene = Scene("title")
    scene.meanwhile = lambda: scene.now_granted(*EVERYTHING)
    scene.outcome = StatusAnswer({"title": "Granskas"}, NOW)

    told = await scene.told()

    assert told.outcome == StatusAnswer({"title": "Granskas"}, NOW)
    assert sorted(told.withheld) == ["code", "references"]
    # It is this that is recorded.
    assert (told.decision.asked, sorted(told.decision.withheld)) == (selection("title"), ["code", "references"])


async def test_a_permission_that_ends_while_the_producer_answers_is_none() -> None:
    scene = Scene(*EVERYTHING, consumer=PROGRAM)
    assert (await scene.told(PROGRAM)).outcome == StatusAnswer(ANSWER, NOW)

    def wait() -> None:
        scene.moment = NOW + DAY

    scene.meanwhile = wait

    assert said(await scene.told(PROGRAM)) == (NOT_PERMITTED, {})


async def test_a_failure_stays_a_failure_whatever_was_withdrawn() -> None:
    scene = Scene(*EVERYTHING)
    scene.outcome = Unavailable(UnavailableReason.PRODUCER_TIMEOUT)
    scene.meanwhile = lambda: scene.now_granted("title")

    assert (await scene.told()).outcome == Unavailable(UnavailableReason.PRODUCER_TIMEOUT)


async def test_one_operation_decides_once_for_all_cases_of_a_type() -> None:
    scene = Scene("title")
    policy = StatusPolicy(lambda: scene.agreements)
    ruled: list[object] = []
    rule = policy.rule
    policy.rule = lambda *arguments: ruled.append(arguments) or rule(*arguments)  # type: ignore[func-returns-value, method-assign]
    statuses = PermittedStatuses(PORTAL, policy, cast(StatusLoaders, scene), lambda: NOW)

    for _ in range(20):
        await one(statuses, group())

    assert len(ruled) == 1
    scene.now_granted("code")
    await one(statuses, group())
    assert len(ruled) == 2
