"""Reads `/metrics` as Prometheus does."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Samples:
    """One reading: what stands there, by name and labels."""

    values: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """The values of one name, by the values of its labels in the order of the labels' names; no zeros."""
        return {
            tuple(value for _, value in sorted(labels)): value
            for (found, labels), value in self.values.items()
            if found == name and value
        }

    def since(self, before: Samples) -> Samples:
        """What has moved since `before`, and by how much."""
        moved = {key: value - before.values.get(key, 0.0) for key, value in self.values.items()}
        return Samples({key: value for key, value in moved.items() if value})


def listening() -> socket.socket:
    """A free port of 127.0.0.1 for `/metrics`."""
    return socket.create_server(("127.0.0.1", 0))


def address(of: socket.socket) -> str:
    """Where a gateway with this socket serves its metrics."""
    return f"http://127.0.0.1:{of.getsockname()[1]}/metrics"


async def read(session: ClientSession, url: str) -> Samples:
    """One reading."""
    async with session.get(url) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await response.text()
    families = text_string_to_metric_families(text)
    return Samples(
        {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}
    )
