"""An initialised database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from gateway.store.definitions import load_definitions
from gateway.store.driver import Database, connect, open_database
from gateway.store.initialise import initialise


@pytest_asyncio.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """A database with the collections and nothing in them, gone after the test."""
    client = connect(database_uri, timeout=10)
    database = open_database(client, database_name)
    async for _ in initialise(database, load_definitions()):
        pass
    yield database
    await client.drop_database(database_name)
    client.close()
