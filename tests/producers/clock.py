"""A clock that stands still until a test moves it."""

from __future__ import annotations


class Clock:
    """Seconds, as `time.monotonic` gives them."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def after(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
