"""What is asked beyond the first request stays a small share of what is asked."""

from __future__ import annotations

import pytest

from gateway.producers.retries import LONGEST_PAUSE, SHORTEST_PAUSE, RetryBudget, pause_before_retry
from tests.producers.clock import Clock


@pytest.mark.parametrize(("requests", "most"), [(0, 2), (9, 2), (10, 3), (100, 12)])
def test_it_has_its_reserve_and_a_share_of_the_requests(requests: int, most: int) -> None:
    budget = RetryBudget(rate=0.1, reserve=2, window=30, clock=Clock())
    for _ in range(requests):
        budget.count()

    taken = [budget.take() for _ in range(most + 5)]

    assert taken == [True] * most + [False] * 5


def test_what_was_taken_comes_back_when_the_window_has_moved_on() -> None:
    clock = Clock()
    budget = RetryBudget(rate=0.1, reserve=1, window=30, clock=clock)
    assert [budget.take(), budget.take()] == [True, False]

    clock.after(26)
    assert not budget.take()
    clock.after(4)

    assert budget.take()


def test_several_are_taken_together_or_not_at_all() -> None:
    budget = RetryBudget(rate=0.1, reserve=3, window=30, clock=Clock())

    assert [budget.take(2), budget.take(2), budget.take(1)] == [True, False, True]


def test_nobody_knows_when_a_retry_comes() -> None:
    pauses = {pause_before_retry() for _ in range(100)}

    assert len(pauses) > 90
    assert all(SHORTEST_PAUSE <= pause <= LONGEST_PAUSE for pause in pauses)
