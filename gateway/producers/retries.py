"""The retry budget of one producer: what is asked beyond the first request is a small share of what is asked."""

from __future__ import annotations

import random

from gateway.producers.rolling import Clock, RollingCounts

REQUEST, EXTRA = range(2)

SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds before a retry: by chance, so that those who failed together do not all come back together."""


class RetryBudget:
    """How many requests beyond the first ones a producer may be sent: retries, and the parts of a split batch.

    In any `window` seconds, `reserve` and the share `rate` (0 to 1) of the requests: without the reserve a producer
    that is seldom asked would never be asked again.
    """

    def __init__(self, *, rate: float, reserve: int, window: float, clock: Clock) -> None:
        self._rate = rate
        self._reserve = reserve
        self._counts = RollingCounts(2, window, clock)

    def count(self) -> None:
        """A request that would have been sent in any case."""
        self._counts.add(REQUEST)

    def take(self, extra: int = 1) -> bool:
        """Whether `extra` more requests may be sent; they are then counted as sent."""
        requests, spent = self._counts.totals()
        if spent + extra > self._reserve + self._rate * requests:
            return False
        for _ in range(extra):
            self._counts.add(EXTRA)
        return True


def pause_before_retry() -> float:
    """Seconds, by chance."""
    return random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)  # noqa: S311 - nobody gains by guessing it
