"""Waiting for what happens by itself, without a guess at how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

GIVE_UP = 20.0


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Returns as soon as `holds` does. Raises TimeoutError after 20 seconds."""
    async with asyncio.timeout(GIVE_UP):
        while True:
            now = holds()
            if now is True or (now is not False and await now):
                return
            await asyncio.sleep(0.01)
