"""Callers that hang up before they are answered: what is done for them is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

HUNG_UP = 499
"""What is logged as the status of a request whose caller hung up; nobody receives it."""


class CallerHungUp(Exception):
    """The caller has closed its connection."""


@asynccontextmanager
async def given_up_with_its_caller(request: Request) -> AsyncIterator[None]:
    """Runs its body until it is done or the caller hangs up. Raises CallerHungUp.

    The request's body must have been read: what is received then is the end of the connection.
    """
    working = asyncio.current_task()
    assert working is not None
    has_hung_up = False

    async def watch() -> None:
        nonlocal has_hung_up
        while (await request.receive())["type"] != "http.disconnect":
            pass
        has_hung_up = True
        working.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if has_hung_up and not working.uncancel():
            raise CallerHungUp from None
        raise
    finally:
        watching.cancel()
