"""A database with the record's collections, and a record kept in it as a gateway keeps it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.store.definitions import load_definitions
from gateway.store.driver import Database, connect, open_database
from gateway.store.initialise import apply_collections
from tests.disclosure.record import Record


@pytest_asyncio.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """A database of this test's own, with every collection."""
    client = connect(database_uri, timeout=10)
    database = open_database(client, database_name)
    async for _ in apply_collections(database, load_definitions()):
        pass
    yield database
    await client.drop_database(database_name)
    client.close()


@pytest.fixture
def record(database: Database) -> Record:
    """What stands in the record, for tests to look at."""
    return Record(database)
