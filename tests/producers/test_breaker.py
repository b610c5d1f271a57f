"""A producer that fails or is slow too often is left alone for a while, and found out about with few requests."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model.availability import Availability, BreakerState
from gateway.producers.breaker import PROBE_SECONDS, BreakerPolicy, CircuitBreaker, Verdict
from tests.producers.clock import Clock

POLICY = BreakerPolicy(window=30, min_requests=10, failure_rate=0.5, slow_rate=0.8, open_seconds=10, probes=2)
GOOD, SLOW, FAILED = Verdict


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def openings() -> list[str]:
    """One entry for each time that it opened."""
    return []


@pytest.fixture
def breaker(clock: Clock, openings: list[str]) -> CircuitBreaker:
    return CircuitBreaker("tax-agency", POLICY, clock, lambda: openings.append("opened"))


def asked(breaker: CircuitBreaker, *verdicts: Verdict | None) -> None:
    for verdict in verdicts:
        assert breaker.wait() is None
        breaker.leave(breaker.enter(), verdict)


def seen(breaker: CircuitBreaker) -> Availability:
    """Asked anew each time, which the type checker does not expect of an attribute."""
    return breaker.availability


def opened(breaker: CircuitBreaker) -> None:
    asked(breaker, *[FAILED] * 10)
    assert breaker.wait() is not None


@pytest.mark.parametrize(
    ("verdicts", "is_open"),
    [
        ([FAILED] * 9, False),
        ([FAILED] * 10, True),
        ([GOOD] * 5 + [FAILED] * 5, True),
        ([GOOD] * 6 + [FAILED] * 5, False),
        ([GOOD] * 2 + [SLOW] * 8, True),
        ([GOOD] * 3 + [SLOW] * 8, False),
        ([GOOD, *[FAILED] * 4, *[SLOW] * 5], False),
        ([None] * 50 + [FAILED] * 9, False),
        ([GOOD] * 100, False),
    ],
)
def test_it_opens_at_the_rate_of_failed_or_of_slow_requests(
    breaker: CircuitBreaker, verdicts: list[Verdict | None], is_open: bool
) -> None:
    asked(breaker, *verdicts)

    assert (breaker.wait() is not None) is is_open


def test_what_is_older_than_the_window_does_not_count(breaker: CircuitBreaker, clock: Clock) -> None:
    asked(breaker, *[FAILED] * 9)
    clock.after(POLICY.window)
    asked(breaker, *[FAILED] * 9)
    assert seen(breaker) is Availability.DEGRADED

    clock.after(POLICY.window)

    assert seen(breaker) is Availability.AVAILABLE


def test_while_it_is_open_it_says_for_how_long(
    breaker: CircuitBreaker, clock: Clock, logged: list[dict[str, Any]]
) -> None:
    opened(breaker)

    clock.after(4)

    assert breaker.wait() == 6
    assert seen(breaker) is Availability.UNAVAILABLE
    assert logged == [
        {
            "event": "producer.breaker_opened",
            "log_level": "warning",
            "producer": "tax-agency",
            "seconds": 10,
            "failed": 10,
            "slow": 0,
            "requests": 10,
        }
    ]


def test_half_open_it_lets_no_more_than_its_probes_through(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.after(10)

    assert breaker.wait() is None
    breaker.enter()
    assert breaker.wait() is None
    breaker.enter()

    assert breaker.wait() == PROBE_SECONDS
    assert seen(breaker) is Availability.DEGRADED


def test_it_closes_when_every_probe_went_well(
    breaker: CircuitBreaker, clock: Clock, logged: list[dict[str, Any]]
) -> None:
    opened(breaker)
    clock.after(10)

    asked(breaker, GOOD, GOOD)

    assert seen(breaker) is Availability.AVAILABLE
    assert [line["event"] for line in logged] == ["producer.breaker_opened", "producer.breaker_closed"]
    asked(breaker, *[FAILED] * 9)
    assert breaker.wait() is None


@pytest.mark.parametrize("verdict", [FAILED, SLOW])
def test_it_opens_again_when_a_probe_did_not(breaker: CircuitBreaker, clock: Clock, verdict: Verdict) -> None:
    opened(breaker)
    clock.after(10)

    asked(breaker, GOOD, verdict)

    assert breaker.wait() == 10


def test_a_probe_that_says_nothing_is_sent_again(breaker: CircuitBreaker, clock: Clock) -> None:
    opened(breaker)
    clock.after(10)

    asked(breaker, None, None, None, GOOD, GOOD)

    assert seen(breaker) is Availability.AVAILABLE


def test_an_answer_that_comes_after_it_has_opened_changes_nothing(breaker: CircuitBreaker, clock: Clock) -> None:
    late = [breaker.enter() for _ in range(5)]
    opened(breaker)

    for entered in late[:3]:
        breaker.leave(entered, FAILED)
    clock.after(10)
    assert breaker.wait() is None
    breaker.leave(late[3], FAILED)
    breaker.leave(late[4], GOOD)

    asked(breaker, GOOD, GOOD)
    assert seen(breaker) is Availability.AVAILABLE


def test_a_pause_that_the_producer_asks_for_is_kept_and_never_shortened(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.pause(17)
    breaker.pause(3)

    clock.after(7)

    assert breaker.wait() == 10
    assert seen(breaker) is Availability.UNAVAILABLE
    clock.after(10)
    assert breaker.wait() is None
    assert seen(breaker) is Availability.AVAILABLE


def test_its_state_can_be_seen_and_each_opening_is_told(
    breaker: CircuitBreaker, clock: Clock, openings: list[str]
) -> None:
    states = [(breaker.state, breaker.left_alone_for)]
    opened(breaker)
    states.append((breaker.state, breaker.left_alone_for))
    clock.now += 10
    states.append((breaker.state, breaker.left_alone_for))
    asked(breaker, FAILED)
    states.append((breaker.state, breaker.left_alone_for))
    clock.now += 10
    asked(breaker, GOOD)
    states.append((breaker.state, breaker.left_alone_for))
    asked(breaker, GOOD)
    breaker.pause(7)
    states.append((breaker.state, breaker.left_alone_for))

    assert states == [
        (BreakerState.CLOSED, None),
        (BreakerState.OPEN, 10),
        (BreakerState.HALF_OPEN, None),
        (BreakerState.OPEN, 10),
        (BreakerState.HALF_OPEN, None),
        (BreakerState.CLOSED, 7),
    ]
    assert openings == ["opened", "opened"]


def test_what_it_counts_can_be_seen(breaker: CircuitBreaker) -> None:
    asked(breaker, GOOD, GOOD, SLOW, FAILED, None)

    assert breaker.seen == {GOOD: 2, SLOW: 1, FAILED: 1}
