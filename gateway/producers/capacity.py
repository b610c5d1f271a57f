"""How many requests one producer is sent at a time, and how long another may wait for its turn."""

from __future__ import annotations

import asyncio


class NoPlace(Exception):
    """Every place was taken for as long as one may wait."""


class Capacity:
    """`places` requests at a time; the others wait in the order they came. `taken`: how many there are now."""

    def __init__(self, places: int) -> None:
        self._free = asyncio.Semaphore(places)
        self.taken = 0

    async def enter(self, seconds: float) -> None:
        """Takes a place, waiting at most `seconds` for one. Raises NoPlace."""
        if not self._free.locked():
            await self._free.acquire()
            self.taken += 1
            return
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError as exc:
            raise NoPlace from exc
        self.taken += 1

    def leave(self) -> None:
        """Gives the place back."""
        self.taken -= 1
        self._free.release()
