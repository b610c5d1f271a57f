"""Work with the database that goes on in the background, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress

ANOTHER_TRY_SECONDS = 0.1


@asynccontextmanager
async def in_the_background(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Does `work`, which may have no end, for as long as the context lasts; it has ended when the context has.

    Raises what `work` raised, at the end.
    """
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end(task)
        with suppress(asyncio.CancelledError):
            task.result()


async def end(task: asyncio.Task[None]) -> None:
    """Cancels `task`; returns when it has ended.

    Once is not always enough: the driver sends within `asyncio.wait_for`, which up to Python 3.11 loses a cancellation
    that comes just when what it waits for is done.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=ANOTHER_TRY_SECONDS)
