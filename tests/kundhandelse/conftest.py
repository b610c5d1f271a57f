"""A gateway's keys, the simulator, and the adapter between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from subgraphs.kundhandelse.simulator import Simulation
from tests.kundhandelse.adapter import Adapter, running_adapter, running_simulation
from tests.subgraphs.gateway import Gateway, serving_gateway


@pytest.fixture(scope="session")
def keys() -> Iterator[Gateway]:
    """The keys of a gateway, which signs for the tests."""
    with serving_gateway() as gateway:
        yield gateway


@pytest_asyncio.fixture
async def simulated() -> AsyncIterator[tuple[Simulation, str]]:
    async with running_simulation() as simulated:
        yield simulated


@pytest.fixture
def producer(simulated: tuple[Simulation, str]) -> Simulation:
    """The producer behind the adapter, without events."""
    return simulated[0]


@pytest_asyncio.fixture
async def adapter(
    request: pytest.FixtureRequest, keys: Gateway, simulated: tuple[Simulation, str], tmp_path: Path
) -> AsyncIterator[Adapter]:
    """The adapter. `@pytest.mark.parametrize("adapter", [["line"]], indirect=True)` gives its file more lines."""
    async with running_adapter(keys, simulated[1], tmp_path, getattr(request, "param", ())) as adapter:
        yield adapter
