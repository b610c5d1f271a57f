"""Counts over a rolling window: what happened in the last so many seconds, and nothing older."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds that only go forward, such as `time.monotonic`."""

SLICES = 10
"""A window moves on by a tenth of itself."""


class RollingCounts:
    """How often each of `kinds` kinds of thing (0, 1, …) happened in the last `seconds`, give or take a tenth."""

    def __init__(self, kinds: int, seconds: float, clock: Clock) -> None:
        self._slice_seconds = seconds / SLICES
        self._clock = clock
        self._slices: deque[tuple[int, list[int]]] = deque()
        self._totals = [0] * kinds
        # The number of the slice in which this was used last: what was over by then is forgotten.
        self._slice_now = -1

    def add(self, kind: int) -> None:
        """One more of `kind`, now."""
        self._forget_what_is_over()
        if not self._slices or self._slices[-1][0] != self._slice_now:
            self._slices.append((self._slice_now, [0] * len(self._totals)))
        self._slices[-1][1][kind] += 1
        self._totals[kind] += 1

    def totals(self) -> tuple[int, ...]:
        """How often each kind happened, by kind."""
        self._forget_what_is_over()
        return tuple(self._totals)

    def clear(self) -> None:
        """Forgets everything."""
        self._slices.clear()
        self._totals = [0] * len(self._totals)

    def _forget_what_is_over(self) -> None:
        now = int(self._clock() / self._slice_seconds)
        if now == self._slice_now:
            return
        self._slice_now = now
        while self._slices and self._slices[0][0] <= now - SLICES:
            for kind, count in enumerate(self._slices.popleft()[1]):
                self._totals[kind] -= count
