"""The circuit breaker of one producer: when it fails or is slow too often, it is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import structlog

from gateway.model.availability import Availability, BreakerState
from gateway.producers.rolling import Clock, RollingCounts

log = structlog.get_logger(__name__)

PROBE_SECONDS = 1.0
"""After how long to try again is told while others are finding out whether the producer is back."""

DEGRADED_RATE = 0.1
"""From which share of failed or slow requests on a producer that is still asked counts as degraded."""


class Verdict(IntEnum):
    """What one request says about its producer."""

    GOOD = 0
    SLOW = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens, and for how long.

    It opens when, of at least `min_requests` in the last `window` seconds, the share that failed reaches
    `failure_rate` or the share that was slow `slow_rate` (0 to 1). After `open_seconds` it lets `probes` requests
    through; when they all go well it closes, and when one does not it opens again.
    """

    window: float
    min_requests: int
    failure_rate: float
    slow_rate: float
    open_seconds: float
    probes: int


class CircuitBreaker:
    """Closed: asks. Open: does not. Half-open: finds out with a few. Also keeps the pauses that a producer asks for.

    `opened` is called each time that it opens.
    """

    def __init__(self, producer: str, policy: BreakerPolicy, clock: Clock, opened: Callable[[], object]) -> None:
        self._producer = producer
        self._opened = opened
        self._policy = policy
        self._clock = clock
        self._counts = RollingCounts(len(Verdict), policy.window, clock)
        self._open_until: float | None = None
        self._probes_left: int | None = None
        self._probes_to_succeed = 0
        self._paused_until = 0.0
        self._phase = 0

    def wait(self) -> float | None:
        """For how many seconds the producer is not to be asked; None: it may be asked now."""
        now = self._clock()
        if now < self._paused_until:
            return self._paused_until - now
        if self._open_until is not None:
            if now < self._open_until:
                return self._open_until - now
            self._half_open()
        return PROBE_SECONDS if self._probes_left == 0 else None

    def enter(self) -> int:
        """A request is sent now, `wait` having said None. Returns what `leave` takes."""
        if self._probes_left is not None:
            self._probes_left -= 1
        return self._phase

    def leave(self, entered: int, verdict: Verdict | None) -> None:
        """The request is over; None: nothing is known of the producer. One of an earlier phase counts for nothing."""
        if entered != self._phase:
            return
        if self._probes_left is not None:
            self._end_probe(verdict)
        elif verdict is not None:
            self._counts.add(verdict)
            if verdict is not Verdict.GOOD:
                self._open_if_too_many()

    def pause(self, seconds: float) -> None:
        """The producer has asked not to be asked for so long (Retry-After)."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    @property
    def state(self) -> BreakerState:
        """What it lets through right now."""
        if self._open_until is not None and self._clock() < self._open_until:
            return BreakerState.OPEN
        # Half-open from when its time was up, although it is told so by the next request alone.
        is_closed = self._open_until is None and self._probes_left is None
        return BreakerState.CLOSED if is_closed else BreakerState.HALF_OPEN

    @property
    def left_alone_for(self) -> float | None:
        """For how many more seconds nothing is asked, since it is open or a pause was asked for; None: it is asked."""
        left = max(self._paused_until, self._open_until or 0.0) - self._clock()
        return left if left > 0 else None

    @property
    def seen(self) -> dict[Verdict, int]:
        """How many requests of the window had each verdict."""
        return dict(zip(Verdict, self._counts.totals(), strict=True))

    @property
    def availability(self) -> Availability:
        """What this replica has seen of the producer lately."""
        if self.wait() is not None and self._probes_left is None:
            return Availability.UNAVAILABLE
        good, slow, failed = self._counts.totals()
        is_degraded = self._probes_left is not None or slow + failed > DEGRADED_RATE * (good + slow + failed)
        return Availability.DEGRADED if is_degraded else Availability.AVAILABLE

    def _open_if_too_many(self) -> None:
        good, slow, failed = self._counts.totals()
        asked = good + slow + failed
        if asked < self._policy.min_requests:
            return
        if failed >= self._policy.failure_rate * asked or slow >= self._policy.slow_rate * asked:
            self._open(failed=failed, slow=slow, requests=asked)

    def _open(self, **seen: int) -> None:
        self._phase += 1
        self._open_until = self._clock() + self._policy.open_seconds
        self._probes_left = None
        self._counts.clear()
        self._opened()
        log.warning("producer.breaker_opened", producer=self._producer, seconds=self._policy.open_seconds, **seen)

    def _half_open(self) -> None:
        self._phase += 1
        self._open_until = None
        self._probes_left = self._probes_to_succeed = self._policy.probes

    def _end_probe(self, verdict: Verdict | None) -> None:
        assert self._probes_left is not None
        if verdict is None:
            self._probes_left += 1
        elif verdict is Verdict.GOOD:
            self._probes_to_succeed -= 1
            if not self._probes_to_succeed:
                self._phase += 1
                self._probes_left = None
                log.info("producer.breaker_closed", producer=self._producer)
        else:
            self._open()
