"""The MongoDB driver, in one place: replacing Motor by PyMongo's own asyncio API changes this file alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
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
Client = AsyncIOMotorClient[Document]
Database = AsyncIOMotorDatabase[Document]
Collection = AsyncIOMotorCollection[Document]

OUT_OF_REACH = (ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError)
"""What the driver raises when the server cannot be reached or is too slow, rather than asked something wrong."""

REFUSED = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed: out of reach for this user."""

SHUTTING_DOWN = frozenset({91, 11600, 11602})
"""ShutdownInProgress, InterruptedAtShutdown, InterruptedDueToReplStateChange."""

LEEWAY_SECONDS = 0.1
"""For the driver to end by itself what takes too long, before it is no longer waited for."""


def connect(uri: str, *, timeout: float, selection_timeout: float | None = None) -> Client:
    """A pooled client whose operations end within `timeout` seconds, the search for a server included.

    `selection_timeout`, in seconds, is for that search where it is to give up earlier. Connects at first use.
    Raises StoreUnavailable for an address that is none.

    Writes are acknowledged by a majority and journalled; dates come back in UTC with their zone.
    """
    milliseconds = int(timeout * 1000)
    try:
        return AsyncIOMotorClient(
            uri,
            tz_aware=True,
            appname="mina-arenden-gateway",
            timeoutMS=milliseconds,
            serverSelectionTimeoutMS=milliseconds if selection_timeout is None else int(selection_timeout * 1000),
            connectTimeoutMS=milliseconds,
        )
    except (ConfigurationError, ValueError) as exc:
        raise StoreUnavailable(f"the address cannot be used: {exc}") from exc


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


@contextmanager
def opened_database(
    uri: str, name: str, *, timeout: float, selection_timeout: float | None = None
) -> Iterator[Database]:
    """The database `name` of the MongoDB at `uri` for as long as the context lasts; the rest is as for `connect`."""
    client = connect(uri, timeout=timeout, selection_timeout=selection_timeout)
    try:
        yield open_database(client, name)
    finally:
        client.close()


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

    Also where the driver's own threads are all held up, so that it does not even begin.
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
