"""How many requests one producer is sent at a time, and how long another may wait for its turn."""

from __future__ import annotations

import asyncio
from collections import deque


class NoPlace(Exception):
    """Every place was taken for as long as one may wait."""


class Capacity:
    """`places` requests at a time; the others wait in the order they came. `taken`: how many there are now."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.taken = 0

    def take(self) -> bool:
        """Takes a place, if one is free; whether it was."""
        if self.taken >= self._places:
            return False
        self.taken += 1
        return True

    async def enter(self, seconds: float) -> None:
        """Takes a place, waiting at most `seconds` for one. Raises NoPlace."""
        if self.take():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as exc:
            if turn.done() and not turn.cancelled():
                # It was given a place in the very moment in which it went away.
                self.leave()
            if isinstance(exc, TimeoutError):
                raise NoPlace from exc
            raise

    def leave(self) -> None:
        """Gives the place back: to the next who waits for one, if anybody does."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1
