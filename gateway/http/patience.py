"""For how long a request is worked on: until its time is out or, where it is watched, its caller hangs up.

By one timer of the event loop, which every request sets and hardly any hears: `asyncio.timeout` and a task that waits
for the caller would cost each more than reading it does.
"""

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


class Patience:
    """Runs its body until that is done or `seconds` are over.

    With `watched`, by which ASGI tells of the end of the connection, also until the caller hangs up, which is noticed
    within `watched_after` seconds; the request's body must have been read. Leaving it raises TimeoutError or
    CallerHungUp in the place of the body's end.
    """

    __slots__ = ("_begin", "_cancels", "_end", "_loop", "_timer", "_watched", "_watching", "_why", "_working")

    def __init__(
        self, seconds: float, watched: Receive | None = None, *, watched_after: float = WATCHED_AFTER_SECONDS
    ) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._end = now + seconds
        self._begin = now + watched_after
        self._watched = watched
        self._watching: asyncio.Task[None] | None = None
        self._cancels = 0
        self._why: type[CallerHungUp | TimeoutError] = TimeoutError

    def __enter__(self) -> None:
        working = asyncio.current_task()
        assert working is not None
        self._working = working
        if self._watched is None or self._end <= self._begin:
            self._timer = self._loop.call_at(self._end, self._give_up, TimeoutError)
        else:
            self._timer = self._loop.call_at(self._begin, self._begin_to_watch, self._watched)

    def __exit__(self, _: type[BaseException] | None, raised: BaseException | None, __: TracebackType | None) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if not self._cancels:
            return
        left = min(self._working.uncancel() for _ in range(self._cancels))
        if isinstance(raised, asyncio.CancelledError) and not left:
            raise self._why from None

    def _begin_to_watch(self, watched: Receive) -> None:
        self._timer = self._loop.call_at(self._end, self._give_up, TimeoutError)
        self._watching = self._loop.create_task(self._watch(watched))

    async def _watch(self, watched: Receive) -> None:
        while (await watched())["type"] != "http.disconnect":
            pass
        self._give_up(CallerHungUp)

    def _give_up(self, why: type[CallerHungUp | TimeoutError]) -> None:
        """Cancels the body; once more when its time is out, if something in it has swallowed the first."""
        self._cancels += 1
        self._why = why
        self._working.cancel()
