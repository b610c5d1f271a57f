"""A deadline that moves on with every request of a connection, for the price of hardly any timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` at the moment it was last set to, by the loop's clock; sooner than that it is not called.

    One timer of the event loop lasts for many settings: it looks when the earliest of them is over, and if need be
    again later. So it may ring for something that is over already, which whoever is called can tell.
    """

    __slots__ = ("_loop", "_ring", "_timer", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], object]) -> None:
        self._loop = loop
        self._ring = ring
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, until: float) -> None:
        """Has it ring at `until` (`loop.time`), and not at what it was set to before."""
        self._until = until
        if self._timer is not None:
            if self._timer.when() <= until:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._look)

    def cancel(self) -> None:
        """It does not ring any more, until it is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self.set(self._until)
        else:
            self._ring()
