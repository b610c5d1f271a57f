"""A deadline that moves on with every request of a connection, for the price of hardly any timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

NEVER = float("inf")

SHORTEST_SECONDS = 0.001
"""Of a timer: event loops count in milliseconds, and may come a little early."""


class Alarm:
    """Calls `ring` at the moment it was last set to, by the loop's clock; sooner than that it is not called.

    One timer of the event loop lasts for many settings: it looks when the earliest of them is over, and if need be
    again later. So it may ring for something that is over already, which whoever is called can tell.
    """

    __slots__ = ("_looks_at", "_loop", "_ring", "_timer", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], object]) -> None:
        self._loop = loop
        self._ring = ring
        self._until = NEVER
        self._looks_at = NEVER
        self._timer: asyncio.Handle | None = None

    def set(self, until: float) -> None:
        """Has it ring at `until` (`loop.time`), and not at what it was set to before."""
        self._until = until
        if until < self._looks_at:
            if self._timer is not None:
                self._timer.cancel()
            self._look_at(until)

    def cancel(self) -> None:
        """It does not ring any more, until it is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._until = self._looks_at = NEVER

    def _look_at(self, moment: float) -> None:
        self._looks_at = moment
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        self._timer = None
        self._looks_at = NEVER
        now = self._loop.time()
        if now < self._until:
            self._look_at(max(self._until, now + SHORTEST_SECONDS))
        else:
            self._until = NEVER
            self._ring()
