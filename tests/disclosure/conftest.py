"""A database with the record's collections, and a record kept in it as a gateway keeps it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.store.driver import Database
from tests.database import initialised_database
from tests.disclosure.record import Record


@pytest_asyncio.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """A database of this test's own, with every collection."""
    async with initialised_database(database_uri, database_name) as database:
        yield database


@pytest.fixture
def record(database: Database) -> Record:
    """What stands in the record, for tests to look at."""
    return Record(database)
