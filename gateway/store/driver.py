"""The MongoDB driver, in one place: how the gateway connects, how long it waits, and what it makes of failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Literal

import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WTimeoutError,
)
from pymongo.write_concern import WriteConcern

from gateway.errors import StoreUnavailable

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]

OUT_OF_REACH = (ConfigurationError, ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError)
"""What the driver raises when the server cannot be found or reached, or is too slow, rather than asked something wrong.

ConfigurationError: a `mongodb+srv` address is looked up at first use.
"""

REFUSED = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed: out of reach for this user."""

SHUTTING_DOWN = frozenset({91, 11600, 11602})
"""ShutdownInProgress, InterruptedAtShutdown, InterruptedDueToReplStateChange."""

LEEWAY_SECONDS = 0.1
"""For the driver to end by itself what takes too long, before it is no longer waited for."""


def connect(
    uri: str,
    *,
    timeout: float,
    selection_timeout: float | None = None,
    monitoring: Literal["auto", "stream", "poll"] = "auto",
) -> Client:
    """A pooled client whose operations end within `timeout` seconds, the search for a server included.

    `selection_timeout`, in seconds, is for that search where it is to give up earlier. `monitoring` says whether the
    servers tell of changes in their state, or are asked. The client connects at first use; it belongs to the event loop
    of that use, in which it must be closed. Raises StoreUnavailable for an address that is none.

    Writes are acknowledged by a majority and journalled; dates come back in UTC with their zone.
    """
    milliseconds = int(timeout * 1000)
    try:
        return AsyncMongoClient(
            uri,
            tz_aware=True,
            appname="mina-arenden-gateway",
            timeoutMS=milliseconds,
            serverSelectionTimeoutMS=milliseconds if selection_timeout is None else int(selection_timeout * 1000),
            connectTimeoutMS=milliseconds,
            serverMonitoringMode=monitoring,
        )
    except (ConfigurationError, ValueError) as exc:
        raise StoreUnavailable(f"the address cannot be used: {exc}") from exc


async def begin(client: Client) -> None:
    """Has `client` look its address up and its servers, so that of many first operations at once not each one does.

    What goes wrong is for the first operation to tell.
    """
    with suppress(PyMongoError):
        await client.aconnect()


def open_database(client: Client, name: str) -> Database:
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
    """The database `name` of the MongoDB at `uri` for as long as the context lasts; the rest is as for `connect`.

    For commands and the like: they may stop the event loop for long, at a question to a person say. A server that
    tells of itself would seem to be gone then, so it is asked.
    """
    client = connect(uri, timeout=timeout, selection_timeout=selection_timeout, monitoring="poll")
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
async def ended_within(seconds: float) -> AsyncIterator[None]:
    """Narrows what the client allows an operation. Raises StoreUnavailable when it takes longer.

    The driver ends it by itself as a rule. Where it does not, the operation is cancelled, and its connection closed.
    """
    try:
        async with asyncio.timeout(seconds + LEEWAY_SECONDS):
            with pymongo.timeout(seconds):
                yield
    except TimeoutError as exc:
        raise StoreUnavailable(f"no answer within {seconds:.1f} s") from exc


async def is_reachable(database: Database) -> bool:
    """Whether the database answers a ping within the client's timeout."""
    try:
        await database.command("ping")
    except PyMongoError:
        return False
    return True
