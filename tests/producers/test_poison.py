"""One poisoned case costs one case; a producer that fails whatever it is asked costs a bounded number of requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from gateway.model.status import StatusAnswer, StatusOutcome, Unavailable, UnavailableReason
from gateway.producers.answers import Answer
from gateway.producers.poison import SplitLeave, outcomes_in_halves

FAULT = Unavailable(UnavailableReason.PRODUCER_FAULT)
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class Poisoned:
    """A producer that fails every batch with one of these cases in it."""

    def __init__(self, *references: str) -> None:
        self.poison = set(references)
        self.asked: list[Sequence[str]] = []

    async def ask(self, references: Sequence[str]) -> Answer:
        self.asked.append(references)
        if self.poison.intersection(references):
            return Answer([FAULT] * len(references), is_poisoned=True)
        return Answer([good(reference) for reference in references], is_whole=True)

    async def outcomes(self, cases: Sequence[str], take: Callable[[int], bool] = bool) -> list[StatusOutcome]:
        leave = SplitLeave(len(cases), take, lambda: True)
        return await outcomes_in_halves(self.ask, cases, await self.ask(cases), leave)


def good(reference: str) -> StatusAnswer:
    return StatusAnswer({"title": reference}, NOW)


@pytest.mark.parametrize("size", [2, 3, 60, 100])
@pytest.mark.parametrize("place", [0, 1, -1])
async def test_one_poisoned_case_costs_one_case(size: int, place: int) -> None:
    cases = [f"T-{number}" for number in range(size)]
    producer = Poisoned(cases[place])

    outcomes = await producer.outcomes(cases)

    assert outcomes == [FAULT if reference == cases[place] else good(reference) for reference in cases]
    assert len(producer.asked) <= 1 + 2 * (size - 1).bit_length()


async def test_a_producer_that_always_fails_is_asked_no_more_often_than_for_one_poisoned_case() -> None:
    cases = [f"T-{number}" for number in range(60)]
    producer = Poisoned(*cases)

    assert await producer.outcomes(cases) == [FAULT] * 60
    assert len(producer.asked) == 1 + 12


async def test_without_leave_the_batch_stays_as_it_is() -> None:
    producer = Poisoned("A")

    assert await producer.outcomes(["A", "B"], take=lambda _: False) == [FAULT, FAULT]
    assert producer.asked == [["A", "B"]]


async def test_when_time_is_up_nothing_more_is_asked() -> None:
    producer = Poisoned("A")
    leave = SplitLeave(2, bool, is_time_left=lambda: False)

    assert await outcomes_in_halves(producer.ask, ["A", "B"], await producer.ask(["A", "B"]), leave) == [FAULT, FAULT]
    assert len(producer.asked) == 1
