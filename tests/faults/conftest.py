"""A gateway of the live environment, with one producer to be spoilt and two that answer rightly, all over TLS."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests import gateway as tests_gateway
from tests.agreements import consumer_record, grant_record
from tests.faults.certificates import Authority
from tests.faults.server import SocketProducer, socket_producer
from tests.gateway import Gateway, running_gateway
from tests.http.conftest import logged
from tests.issuer import Issuer
from tests.metrics import Samples, address, listening, read
from tests.reads import Reads

__all__ = ["logged"]

CONSUMER = "business-portal"

FEW_PLACES = {"maxConnections": 4, "maxWait": 0.1}
"""Of the faulty producer alone; enough for one caller, too few for a crowd."""


@dataclass
class Scene:
    """The gateway; the producer with the fault, and the two others."""

    gateway: Gateway
    faulty: SocketProducer
    others: tuple[SocketProducer, SocketProducer]
    metrics_url: str

    async def metrics(self) -> Samples:
        """What the gateway's metrics say now."""
        return await read(self.gateway.session, self.metrics_url)

    @property
    def producers(self) -> tuple[SocketProducer, ...]:
        """All three."""
        return (self.faulty, *self.others)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the gateway believes."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def where(request: pytest.FixtureRequest) -> str | None:
    """What is wrong with the faulty producer before any request: that of the test's row."""
    row = getattr(request.node, "callspec", None)
    return row.params["row"].where if row and "row" in row.params else None


@pytest_asyncio.fixture
async def scene(
    request: pytest.FixtureRequest,
    where: str | None,
    authority: Authority,
    database_uri: str,
    database_name: str,
    issuer: Issuer,
    tmp_path: Path,
    reads: Reads,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Scene]:
    """`@pytest.mark.settings(name=value)` changes the gateway's settings."""
    marker = request.node.get_closest_marker("settings")
    monkeypatch.setattr(tests_gateway, "consumer_record", lambda id_: consumer_record(id_, environment="live"))
    good = authority.server()
    spoilt = {
        "expired": lambda: authority.server(expired=True),
        "self-signed": lambda: authority.server(self_signed=True),
        "wrong name": lambda: authority.server("another.example"),
    }
    async with AsyncExitStack() as stack:
        faulty, *others = [
            await stack.enter_async_context(socket_producer(id_, "PERMIT", tls))
            for id_, tls in (
                ("tax-agency", spoilt.get(where or "", lambda: good)()),
                ("municipality", good),
                ("companies-registration-office", good),
            )
        ]
        faulty.overrides = FEW_PLACES
        if where == "refuses":
            await faulty.stop()
        elif where is not None and where not in spoilt:
            faulty.url = faulty.url.replace("127.0.0.1", "producer.example")
            _resolve(monkeypatch, None if where == "no address" else where)
        metrics = stack.enter_context(listening())
        gateway = await stack.enter_async_context(
            running_gateway(
                database_uri,
                database_name,
                issuer,
                [faulty, *others],
                tmp_path,
                reads,
                grants=[
                    grant_record(CONSUMER, producer.id, ["PERMIT"], environment="live")
                    for producer in (faulty, *others)
                ],
                metrics=metrics,
                **{
                    "environment": "live",
                    "producer_networks": (ip_network("127.0.0.1/32"),),
                    "producer_ca_file": authority.file,
                    "producer_deadline": 1.0,
                    **(marker.kwargs if marker else {}),
                },
            )
        )
        yield Scene(gateway, faulty, (others[0], others[1]), address(metrics))


def _resolve(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    """The name `producer.example` means `address`, or nothing."""
    loop = asyncio.get_running_loop()
    really = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **more: Any) -> Any:
        if host != "producer.example":
            return await really(host, port, **more)
        if address is None:
            raise OSError(-2, "Name or service not known")
        return await really(address, port, **more)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table with what it took, for `make test-faults`."""
    if "FAULT_TABLE" not in os.environ:
        return
    rows = [dict(report.user_properties) for report in terminalreporter.stats.get("passed", [])]
    terminalreporter.write_sep("=", "faults")
    for row in rows:
        if "fault" in row:
            terminalreporter.write_line(
                f"{row['fault']:<50} {row['outcome']:<62} {row['milliseconds']:>5} ms   {row['others']}"
            )
