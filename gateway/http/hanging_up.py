"""Callers that hang up before they are answered: what is done for them is given up."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Receive

HUNG_UP = 499
"""What is logged as the status of a request whose caller hung up; nobody receives it."""

WATCHED_AFTER_SECONDS = 0.2
"""Most requests are answered before: watching each from its start would cost more than is saved by giving some up."""


class CallerHungUp(Exception):
    """The caller has closed its connection."""


class GivenUpWithItsCaller:
    """Runs its body until it is done or the caller hangs up, which is noticed within `after` seconds.

    Leaving it raises CallerHungUp in the place of the body's end. The request's body must have been read: what is
    received then is the end of the connection.
    """

    def __init__(self, receive: Receive, after: float = WATCHED_AFTER_SECONDS) -> None:
        self._receive = receive
        self._after = after
        self._watching: asyncio.Task[None] | None = None
        self._has_hung_up = False

    def __enter__(self) -> None:
        working = asyncio.current_task()
        assert working is not None
        self._working = working
        self._begin = asyncio.get_running_loop().call_later(self._after, self._begin_to_watch)

    def __exit__(self, _: type[BaseException] | None, raised: BaseException | None, __: TracebackType | None) -> None:
        self._begin.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if isinstance(raised, asyncio.CancelledError) and self._has_hung_up and not self._working.uncancel():
            raise CallerHungUp from None

    def _begin_to_watch(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_hung_up = True
        self._working.cancel()
