"""A MongoDB for the session, a database of its own for each test, and the demo data under a known key."""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.identity.pseudonyms import Pseudonyms
from gateway.store.definitions import Definitions, DemoData, load_definitions, load_demo
from gateway.store.driver import Database, connect, open_database
from tests.database import embedded_database


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB without users."""
    with embedded_database(tmp_path_factory.mktemp("mongodb")) as uri:
        yield uri


@pytest_asyncio.fixture
async def database(mongodb: str) -> AsyncIterator[Database]:
    """An empty database, gone after the test."""
    client = connect(mongodb, timeout=10)
    database = open_database(client, f"test-{uuid.uuid4().hex[:12]}")
    yield database
    await database.command("dropAllUsersFromDatabase")
    await database.command("dropAllRolesFromDatabase")
    await client.drop_database(database.name)
    await client.close()


@pytest.fixture
def definitions() -> Definitions:
    """What stands in the repository's mongo-init/."""
    return load_definitions()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A pseudonym key, as the gateway and init.js read it."""
    file = tmp_path / "pseudonym.key"
    file.write_text(base64.b64encode(b"a key that tests alone make use of").decode() + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def pseudonyms(key_file: Path) -> Pseudonyms:
    """Makes pseudonyms with that key."""
    return read_pseudonyms(key_file, "k1")


@pytest.fixture
def demo(pseudonyms: Pseudonyms) -> DemoData:
    """The repository's demo data under that key."""
    return load_demo(pseudonym=lambda number: pseudonyms.of(number).digest, key_id=pseudonyms.key_id)
