"""Change streams: MongoDB tells of changes itself, where it can and the user may listen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from pymongo.errors import PyMongoError

from gateway.store.driver import Database, translated

AWAIT_MS = 1
"""How long the server holds an answer back, waiting for a change. A connection is taken meanwhile, and the client's
timeout runs, so the caller asks again after a while instead."""


class ChangesNotTold(Exception):
    """The database does not tell of changes, or no longer; the message is the server's reason, for the log.

    A standalone server never does, a user needs leave to listen, and a stream can break.
    """


@asynccontextmanager
async def changes_of(database: Database, collections: Sequence[str]) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """A function that tells, without waiting, whether one of `collections` has changed since it was last called.

    No change after entering the context is missed. Collection by collection, so that leave to listen to these is
    enough. Entering and asking raise ChangesNotTold, and StoreUnavailable when MongoDB is out of reach.
    """
    async with AsyncExitStack() as stack:
        with _told():
            streams = [
                await stack.enter_async_context(await database[name].watch(max_await_time_ms=AWAIT_MS))
                for name in collections
            ]

        async def changed() -> bool:
            seen = False
            with _told():
                for stream in streams:
                    while await stream.try_next() is not None:
                        seen = True
                    if not stream.alive:
                        raise ChangesNotTold("the collection was dropped or renamed")
            return seen

        await changed()  # a stream is opened by the first question
        yield changed


@contextmanager
def _told() -> Iterator[None]:
    try:
        with translated():
            yield
    except PyMongoError as exc:
        raise ChangesNotTold(str(exc)) from exc
