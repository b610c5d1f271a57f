"""What is kept of each producer: its own limits, and nothing of what it was before its record changed."""

from __future__ import annotations

from dataclasses import replace

from gateway.metrics import Metrics
from gateway.model.availability import Availability
from gateway.model.producer import ProducerId, ProducerOverrides
from gateway.model.replica import new_replica_id
from gateway.producers.breaker import BreakerPolicy
from gateway.producers.limits import ProducerLimits
from gateway.producers.states import MOST_PRODUCERS, AvailabilityPolicy, ProducerStates
from tests.policy.agreed import TAX, producer
from tests.producers.clock import Clock

LIMITS = ProducerLimits(
    connect_timeout=1, deadline=3, max_batch=100, max_connections=64, max_wait=0.5, max_response_bytes_per_100=1_000
)
POLICY = AvailabilityPolicy(
    BreakerPolicy(window=30, min_requests=10, failure_rate=0.5, slow_rate=0.8, open_seconds=10, probes=3),
    slow_share=0.8,
    retry_rate=0.1,
    retry_reserve=20,
)


def states() -> ProducerStates:
    return ProducerStates(LIMITS, POLICY, Clock(), Metrics(new_replica_id()))


def test_every_limit_can_be_another_for_one_producer() -> None:
    overrides = ProducerOverrides(
        connect_timeout=2, deadline=5, max_batch=7, max_connections=3, max_wait=0.1, max_response_bytes=9
    )

    state = states().of(replace(producer(TAX), overrides=overrides))

    assert state.limits == ProducerLimits(
        connect_timeout=2, deadline=5, max_batch=7, max_connections=3, max_wait=0.1, max_response_bytes_per_100=9
    )
    assert state.slow_after == 4


def test_without_overrides_the_settings_hold() -> None:
    assert states().of(producer(TAX)).limits == LIMITS


def test_the_same_record_read_again_is_the_same_producer_and_another_one_begins_anew() -> None:
    kept = states()
    state = kept.of(producer(TAX))
    state.breaker.pause(60)
    moved = replace(producer(TAX), endpoint="https://elsewhere.example/graphql")

    assert kept.of(producer(TAX)) is state
    assert kept.availability(producer(TAX)) is Availability.UNAVAILABLE
    assert kept.availability(moved) is Availability.AVAILABLE


def test_no_more_producers_are_remembered_than_there_may_be() -> None:
    kept = states()
    for number in range(MOST_PRODUCERS + 10):
        kept.of(producer(ProducerId(f"producer-{number}")))

    assert len(kept._states) == MOST_PRODUCERS
