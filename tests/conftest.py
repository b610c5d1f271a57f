"""What the tests share: a database, an issuer of tokens, producers, and the gateway itself, all of them real."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from pymongo import monitoring

from tests.database import GIVEN, embedded_database
from tests.gateway import Gateway, running_gateway
from tests.issuer import Issuer
from tests.producer import Producer, running_producer
from tests.reads import Reads

StartProducer = Callable[..., Awaitable[Producer]]


def required(program: str, what_for: str) -> str:
    """The path of `program`. Without it the test is skipped with a sentence; in CI that is a failure."""
    path = shutil.which(program)
    if path is not None:
        return path
    message = f"{program} is not installed: {what_for}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """The developer's own settings do not reach the tests; the MongoDB to use does."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_") and name != GIVEN]:
        del os.environ[name]


@pytest.fixture(scope="session")
def reads() -> Reads:
    """Counts what the gateway asks of the database."""
    counter = Reads()
    monitoring.register(counter)
    return counter


@pytest.fixture(scope="session")
def database_uri(tmp_path_factory: pytest.TempPathFactory, reads: Reads) -> Iterator[str]:
    """The address of the database all tests share; each takes a name of its own in it."""
    with embedded_database(tmp_path_factory.mktemp("database")) as uri:
        yield uri


@pytest.fixture
def database_name() -> str:
    """A database for one test."""
    return f"test_{uuid.uuid4().hex[:16]}"


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """An issuer of access tokens, whose JWKS the gateway reads."""
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest_asyncio.fixture
async def start_producer() -> AsyncIterator[StartProducer]:
    """Starts status subgraphs on free ports; they end with the test."""
    async with AsyncExitStack() as stack:

        async def start(id_: str, *case_types: str) -> Producer:
            return await stack.enter_async_context(running_producer(id_, case_types or ("PERMIT",)))

        yield start


@pytest_asyncio.fixture
async def tax(start_producer: StartProducer) -> Producer:
    """A producer."""
    return await start_producer("tax-agency", "FSKATT", "MOMS")


@pytest_asyncio.fixture
async def registry_office(start_producer: StartProducer) -> Producer:
    """A second producer."""
    return await start_producer("companies-registration-office", "BOLAGSREGISTRERING")


@pytest_asyncio.fixture
async def city(start_producer: StartProducer) -> Producer:
    """A third producer."""
    return await start_producer("municipality", "SERVERINGSTILLSTAND")


@pytest_asyncio.fixture
async def gateway(
    request: pytest.FixtureRequest,
    database_uri: str,
    database_name: str,
    issuer: Issuer,
    tax: Producer,
    registry_office: Producer,
    city: Producer,
    tmp_path: Path,
    reads: Reads,
) -> AsyncIterator[Gateway]:
    """The gateway on a free port, with three producers. `@pytest.mark.settings(name=value)` changes its settings."""
    marker = request.node.get_closest_marker("settings")
    settings = marker.kwargs if marker else {}
    async with running_gateway(
        database_uri, database_name, issuer, [tax, registry_office, city], tmp_path, reads, **settings
    ) as running:
        yield running
