"""The MongoDB driver, in one place: how the gateway connects, how long it waits, and what it makes of failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic
from typing import Any

import pymongo
from bson.codec_options import DEFAULT_CODEC_OPTIONS, CodecOptions, DatetimeConversion
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_preferences import ReadPreference, _ServerMode
from pymongo.write_concern import WriteConcern

from gateway.errors import StoreUnavailable
from gateway.store import messages
from gateway.store.kept_connections import KeptConnections

Document = messages.Document
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]

OUT_OF_REACH = (ConfigurationError, ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError)
"""What the driver raises when the server cannot be found or reached, or is too slow, rather than asked something wrong.

ConfigurationError: a `mongodb+srv` address is looked up at first use.
"""

REFUSED = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed: out of reach for this user."""

MOST_AT_ONCE = 1_000
"""Documents in one answer, as far as they fit."""

SHUTTING_DOWN = frozenset({91, 11600, 11602})
"""ShutdownInProgress, InterruptedAtShutdown, InterruptedDueToReplStateChange."""


class Client(AsyncMongoClient[Document]):
    """The driver's client, and the connections of it that are kept for what every question asks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept_connections = KeptConnections(self)

    async def close(self) -> None:
        """Closes all connections."""
        try:
            await self.kept_connections.close()
        finally:
            await super().close()


def connect(
    uri: str,
    *,
    timeout: float,
    selection_timeout: float | None = None,
) -> Client:
    """A pooled client whose operations end within `timeout` seconds, the search for a server included.

    `selection_timeout`, in seconds, is for that search where it is to give up earlier. The client connects at first
    use; it belongs to the event loop of that use, in which it must be closed. Raises StoreUnavailable for an address
    that is none.

    Writes are acknowledged by a majority and journalled; dates come back in UTC with their zone.
    """
    milliseconds = int(timeout * 1000)
    try:
        return Client(
            uri,
            tz_aware=True,
            appname="mina-arenden-gateway",
            timeoutMS=milliseconds,
            serverSelectionTimeoutMS=milliseconds if selection_timeout is None else int(selection_timeout * 1000),
            connectTimeoutMS=milliseconds,
            # Servers are asked how they are, now and then and when an operation failed. That they tell of it would take
            # one more connection to each, and one would seem to be gone to a command that has stopped the event loop
            # for long: at a question to a person.
            serverMonitoringMode="poll",
        )
    except (ConfigurationError, ValueError) as exc:
        raise StoreUnavailable(f"the address cannot be used: {exc}") from exc


async def begin(client: Client) -> None:
    """Has `client` look its address up and its servers, so that of many first operations at once not each one does.

    What goes wrong is for the first operation to tell.
    """
    with suppress(PyMongoError):
        await client.aconnect()


def open_database(client: AsyncMongoClient[Document], name: str) -> Database:
    """The database `name`, with majority and journalled writes."""
    return client.get_database(
        name,
        # What Python cannot hold (a date in the year 10000, text that is no UTF-8) must not keep a whole batch of
        # documents from being read: it is for the reader of that one document to refuse it.
        codec_options=CodecOptions(
            tz_aware=True,
            datetime_conversion=DatetimeConversion.DATETIME_AUTO,
            unicode_decode_error_handler="replace",
        ),
        write_concern=WriteConcern(w="majority", j=True),
    )


@asynccontextmanager
async def opened_database(
    uri: str,
    name: str,
    *,
    timeout: float,  # noqa: ASYNC109 - the driver's
    selection_timeout: float | None = None,
) -> AsyncIterator[Database]:
    """The database `name` of the MongoDB at `uri` for as long as the context lasts; the rest is as for `connect`."""
    client = connect(uri, timeout=timeout, selection_timeout=selection_timeout)
    try:
        await begin(client)
        yield open_database(client, name)
    finally:
        await client.close()


@contextmanager
def translated() -> Iterator[None]:
    """Raises StoreUnavailable where the driver says that MongoDB is out of reach; other faults pass."""
    try:
        yield
    except OUT_OF_REACH as exc:
        raise StoreUnavailable(str(exc)) from exc
    except PyMongoError as exc:
        if getattr(exc, "code", None) in SHUTTING_DOWN | REFUSED:
            raise StoreUnavailable(str(exc)) from exc
        raise


@asynccontextmanager
async def ended_within(seconds: float | None) -> AsyncIterator[None]:
    """Ends an operation after so many seconds, whatever the client allows it. Raises StoreUnavailable then.

    It is cancelled, and its connection closed; the server knows of no time but what the operation itself says.
    For what every request does: under the client's own limit the driver starts a task for each message that it sends,
    which takes a tenth of a small read.
    """
    try:
        async with asyncio.timeout(seconds):
            with pymongo.timeout(0):  # none of the driver's own
                yield
    except TimeoutError as exc:
        raise _no_answer(seconds) from exc


def _no_answer(seconds: float | None) -> StoreUnavailable:
    if seconds is None or seconds <= 0:
        return StoreUnavailable("no time was left for an answer")
    return StoreUnavailable(f"no answer within {seconds:.1f} s")


async def found_at_once(
    collection: Collection, query: Document, projection: Document | None = None, *, seconds: float | None
) -> list[Document]:
    """What `collection.find` finds: by one plain command, since a cursor of the driver's takes a quarter more.

    Ends after so many seconds, for the server, too: StoreUnavailable. What the driver does for a cursor is left to one:
    where the connection was lost, it asks again, and where the documents are too many for one answer, it fetches all.
    """
    command: Document = {"find": collection.name, "filter": query, "batchSize": MOST_AT_ONCE}
    if projection is not None:
        command["projection"] = projection
    command.update({"readConcern": level} if (level := collection.read_concern.document) else {})
    until = None if seconds is None else monotonic() + seconds
    cursor: Document = {}
    with suppress(AutoReconnect):
        answer = await answer_at_once(
            collection.database,
            command,
            codec_options=collection.codec_options,
            read_preference=collection.read_preference,
            seconds=seconds,
        )
        cursor = answer["cursor"]
        if not cursor["id"]:
            return list(cursor["firstBatch"])
    async with ended_within(_left(until)):
        if cursor:
            await collection.database.command({"killCursors": collection.name, "cursors": [cursor["id"]]})
        return await collection.find(query, projection).to_list(None)


async def answer_at_once(
    database: Database,
    command: Document,
    *,
    codec_options: CodecOptions[Document] = DEFAULT_CODEC_OPTIONS,
    read_preference: _ServerMode = ReadPreference.PRIMARY,
    seconds: float | None,
) -> Document:
    """What MongoDB says to a command that every question sends: over a kept connection, or else by the driver.

    Ends after so many seconds, for the server, too: StoreUnavailable. Raises what the driver raises.
    """
    until = None if seconds is None else monotonic() + seconds
    client = database.client
    if isinstance(client, Client) and read_preference == ReadPreference.PRIMARY:
        try:
            answer = await client.kept_connections.reply(
                {**command, **_limit(seconds), "$db": database.name}, options=codec_options, seconds=seconds
            )
        except TimeoutError as exc:
            raise _no_answer(seconds) from exc
        if answer is not None:
            return answer
    left = _left(until)
    async with ended_within(left):
        return await database.command(
            {**command, **_limit(left)}, read_preference=read_preference, codec_options=codec_options
        )


def _left(until: float | None) -> float | None:
    """The seconds until then, by `time.monotonic`; they may be over."""
    return None if until is None else until - monotonic()


def _limit(seconds: float | None) -> Document:
    """What has the server give a command up after so many seconds; 0 would be no limit to it."""
    return {} if seconds is None else {"maxTimeMS": max(int(seconds * 1000), 1)}


async def is_reachable(database: Database) -> bool:
    """Whether the database answers a ping within the client's timeout."""
    try:
        await database.command("ping")
    except PyMongoError:
        return False
    return True
