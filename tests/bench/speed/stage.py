"""What everything runs on: a database, producers, a group subgraph, subjects by the thousand, and the servers."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.store.driver import opened_database
from tests.bench.producing import PRODUCERS
from tests.bench.speed import peers
from tests.bench.speed.scales import Scale
from tests.bench.speed.servers import PEERS, Kind, Server, started
from tests.bench.speed.subjects import Pool, filled
from tests.bench.stand import free_port, prepare, program, settings
from tests.database import embedded_database
from tests.issuer import Issuer

DATABASE = "bench"

ALLOWED = {
    # What the largest questions need, 10,000 cases in one, the slowest of executors, and a disk that is busy for a
    # moment; they make nothing faster.
    "GATEWAY_PAGE_MAX_SIZE": "1000",
    "GATEWAY_OPERATION_DEADLINE": "60",
    "GATEWAY_MONGODB_TIMEOUT": "60",
    "GATEWAY_RECORD_TIMEOUT": "60",
    "GATEWAY_PRODUCER_DEADLINE": "30",
    "GATEWAY_PRODUCER_MAX_WAIT": "30",
}

MOST_PREPARED_CASES = 10_000
"""Of subjects with as many cases as each other: with ever more cases there are ever fewer of them."""


@dataclass(frozen=True)
class Stage:
    """What is there to measure with. `addresses` are those of the producers, and of `groups`."""

    folder: Path
    addresses: dict[str, str]
    pools: dict[int, Pool]
    """By the number of cases that each of their subjects has."""
    uri: str
    issuer: Issuer
    backends: subprocess.Popen[str]
    allowed: Mapping[str, str] = field(default_factory=lambda: ALLOWED)
    """Settings of ours beyond those that every gateway needs."""

    def delay(self, seconds: float, *producers: str) -> None:
        """Has these producers, or all, take so long over every answer from now on; returns when they do."""
        self._told(f"delay {seconds} {' '.join(producers or PRODUCERS)}")

    def counted(self) -> dict[str, dict[str, int]]:
        """How many requests the `producers` had, by id, and the `database`, by command, since this was last asked."""
        counted: dict[str, dict[str, int]] = json.loads(self._told("count"))
        return counted

    def _told(self, line: str) -> str:
        assert self.backends.stdin is not None and self.backends.stdout is not None  # noqa: PT018 - both are pipes
        self.backends.stdin.write(f"{line}\n")
        self.backends.stdin.flush()
        return self.backends.stdout.readline()

    @contextmanager
    def server(self, kind: Kind, *more: str) -> Iterator[Server]:
        """It, started, on a port of its own."""
        port = free_port()
        with started(kind, port, self._environment(kind, port), self.folder, *more) as server:
            yield server

    def _environment(self, kind: Kind, port: int) -> dict[str, str]:
        if kind in PEERS:
            file = self.folder / "supergraph.graphql"
            if not file.exists():
                file.write_text(peers.supergraph(self.addresses))
            return peers.environment(self.folder, file, self.issuer.jwks, port)
        return {**settings(self.folder, self.uri, DATABASE, self.issuer, port), **self.allowed}


@contextmanager
def set_up(folder: Path, scale: Scale) -> Iterator[Stage]:
    """All of it, but for the servers; everything is gone at the end."""
    with ExitStack() as stack:
        uri = stack.enter_context(embedded_database(folder / "database"))
        backends = stack.enter_context(program("tests.bench.speed.backends", uri, DATABASE, output=subprocess.PIPE))
        assert backends.stdout is not None
        addresses: dict[str, str] = json.loads(backends.stdout.readline())
        issuer = Issuer(folder)
        pools = asyncio.run(_filled(uri, {id_: addresses[id_] for id_ in PRODUCERS}, issuer, scale))
        yield Stage(folder, addresses, pools, addresses["database"], issuer, backends)


async def _filled(uri: str, producers: dict[str, str], issuer: Issuer, scale: Scale) -> dict[int, Pool]:
    await prepare(uri, DATABASE, producers)
    pools, first = {}, 1
    async with opened_database(uri, DATABASE, timeout=60) as database:
        for cases in sorted({20, *scale.cases}):
            subjects = scale.subjects if cases == 20 else max(4, min(500, MOST_PREPARED_CASES // cases))
            pools[cases] = await filled(database, issuer, first, subjects, cases)
            first += subjects
    return pools
