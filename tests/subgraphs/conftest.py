"""Producers to test: each starts once for a session, and is told of one gateway."""

from collections.abc import Iterator

import pytest

from tests.subgraphs.gateway import Gateway, serving_gateway
from tests.subgraphs.processes import DEMONSTRATIONS, Demonstration, Producer, running_producer


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with serving_gateway() as gateway:
        yield gateway


@pytest.fixture(scope="session", params=DEMONSTRATIONS, ids=lambda demonstration: demonstration.producer)
def producer(
    request: pytest.FixtureRequest, gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Producer]:
    """Each of the producers, as a process."""
    demonstration: Demonstration = request.param
    log = tmp_path_factory.mktemp(demonstration.producer) / "log"
    with running_producer(demonstration, gateway, log) as producer:
        yield producer
