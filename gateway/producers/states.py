"""What this replica keeps of each producer between requests, for as long as the application lives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.metrics import Metrics, ProducerMetrics
from gateway.model.availability import Availability
from gateway.model.producer import Producer, ProducerId
from gateway.model.replica import ProducerSeen
from gateway.producers.breaker import BreakerPolicy, CircuitBreaker, Verdict
from gateway.producers.capacity import Capacity
from gateway.producers.limits import ProducerLimits
from gateway.producers.retries import RetryBudget
from gateway.producers.rolling import Clock

MOST_PRODUCERS = 1_000


@dataclass(frozen=True, slots=True)
class AvailabilityPolicy:
    """The numbers that hold for every producer.

    `slow_share` of its deadline makes a request slow; `retry_rate` and `retry_reserve` are RetryBudget's.
    """

    breaker: BreakerPolicy
    slow_share: float
    retry_rate: float
    retry_reserve: int


@dataclass(frozen=True, slots=True)
class ProducerState:
    """One producer's limits, and what has become of its latest requests."""

    producer: Producer
    limits: ProducerLimits
    slow_after: float
    breaker: CircuitBreaker
    retries: RetryBudget
    capacity: Capacity
    metrics: ProducerMetrics


class ProducerStates:
    """The state of each producer, begun anew when its record changes: what is known is of the old one then."""

    def __init__(self, limits: ProducerLimits, policy: AvailabilityPolicy, clock: Clock, metrics: Metrics) -> None:
        self._limits = limits
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._states: OrderedDict[ProducerId, ProducerState] = OrderedDict()

    def of(self, producer: Producer) -> ProducerState:
        """The producer's state."""
        state = self._states.get(producer.id)
        # The registry makes new objects of records that are as they were.
        if state is None or (state.producer is not producer and state.producer != producer):
            state = self._states[producer.id] = self._new(producer)
        self._states.move_to_end(producer.id)
        if len(self._states) > MOST_PRODUCERS:
            # The one that was asked about least lately.
            self._states.popitem(last=False)
        return state

    def availability(self, producer: Producer) -> Availability:
        """What this replica has seen of the producer lately; one that was not asked is available."""
        return self.of(producer).breaker.availability

    def seen(self, moment: datetime) -> Iterator[ProducerSeen]:
        """What this replica has seen of each producer that it asked lately, or leaves alone; `moment` is now."""
        for state in list(self._states.values()):
            seen, left = state.breaker.seen, state.breaker.left_alone_for
            availability = state.breaker.availability
            if any(seen.values()) or availability is not Availability.AVAILABLE:
                yield ProducerSeen(
                    producer=state.producer.id,
                    availability=availability,
                    breaker=state.breaker.state,
                    left_alone_until=None if left is None else moment + timedelta(seconds=left),
                    requests=sum(seen.values()),
                    failed=seen[Verdict.FAILED],
                    slow=seen[Verdict.SLOW],
                )

    def set_gauges(self) -> None:
        """Tells the metrics what holds right now."""
        self._metrics.begin_producers()
        for state in list(self._states.values()):
            self._metrics.set_producer(
                state.producer.id,
                state.breaker.state,
                places_taken=state.capacity.taken,
                places=state.limits.max_connections,
            )

    def _new(self, producer: Producer) -> ProducerState:
        limits = self._limits.of(producer)
        policy = self._policy
        metrics = self._metrics.of_producer(producer.id)
        return ProducerState(
            producer=producer,
            limits=limits,
            slow_after=policy.slow_share * limits.deadline,
            breaker=CircuitBreaker(producer.id, policy.breaker, self._clock, metrics.openings.inc),
            retries=RetryBudget(
                rate=policy.retry_rate,
                reserve=policy.retry_reserve,
                window=policy.breaker.window,
                clock=self._clock,
            ),
            capacity=Capacity(limits.max_connections),
            metrics=metrics,
        )
