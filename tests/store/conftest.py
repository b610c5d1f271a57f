"""An initialised database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from gateway.store.driver import Database
from tests.database import initialised_database


@pytest_asyncio.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """A database with the collections and nothing in them, gone after the test."""
    async with initialised_database(database_uri, database_name) as database:
        yield database
