"""What is measured: how each server is started, and how it is asked."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from gateway.model.case_group import GroupId
from gateway.schema.ids import group_global_id
from tests.bench.speed import cores, peers
from tests.bench.speed.documents import THE_WORK, Dialect, Selected
from tests.bench.speed.http_asking import Expected, Refused, asked
from tests.bench.speed.subjects import Pool, Subject

START_TIMEOUT = 60.0
BETWEEN_TRIES = 0.02

DEFERRED = "multipart/mixed;incrementalSpec=v0.2, application/json"

Body = Callable[[Subject, Selected], bytes]


@dataclass(frozen=True)
class Kind:
    """What is started, and how it is asked. `speaks_graphql`: it can be asked more than the one question."""

    name: str
    title: str
    path: str
    body: Body
    speaks_graphql: bool = True


@dataclass
class Server:
    """One that runs. `ready_seconds`: from its start to its first whole answer."""

    kind: Kind
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    ready_seconds: float = 0.0
    memory_mib: dict[str, float] = field(default_factory=dict)

    @property
    def pids(self) -> list[int]:
        """Its processes."""
        return cores.with_descendants(self.process.pid)

    def last_words(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-3_000:]

    def resident_mib(self) -> float:
        """Its resident memory in MiB."""
        return cores.resident_mib(self.pids)

    def requests(self, pool: Pool, documents: Iterator[Selected], number: int) -> Iterator[bytes]:
        """So many requests, each by another caller with a token of its own, with the next of `documents`."""
        return iter(
            [
                self.request(subject, token, document)
                for (subject, token), document in zip(pool.callers(number), documents, strict=False)
            ]
        )

    def request(self, subject: Subject, token: str, document: Selected) -> bytes:
        """The request of one caller."""
        return self.sent(token, self.kind.body(subject, document), document)

    def sent(self, token: str, body: bytes, document: Selected = THE_WORK) -> bytes:
        """The request with this body."""
        accept = DEFERRED if document.is_deferred else "application/json"
        head = (
            f"POST {self.kind.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _graphql(dialect: Dialect, id_of: Callable[[GroupId], str]) -> Body:
    def body(subject: Subject, document: Selected) -> bytes:
        variables = {f"g{place}": id_of(GroupId(group)) for place, group in enumerate(subject.groups)}
        return orjson.dumps({"query": document.document(dialect), "variables": variables})

    return body


def _groups(subject: Subject, _: Selected) -> bytes:
    return orjson.dumps({"groups": subject.groups})


OURS = Kind("ours", "ours", "/graphql", _graphql(Dialect.OURS, group_global_id))
STANDARD = Kind("standard_executor", "ours, standard executor", "/graphql", OURS.body)
HANDLER = Kind("handler", "the handler", "/groups", _groups, speaks_graphql=False)
LIBRARIES = Kind("handler_on_libraries", "a handler on libraries", "/groups", _groups, speaks_graphql=False)
APOLLO = Kind("apollo_gateway", "Apollo Gateway", "/", _graphql(Dialect.FEDERATED, str))
HIVE = Kind("hive_gateway", "Hive Gateway", "/graphql", _graphql(Dialect.FEDERATED, str))
KINDS = (OURS, STANDARD, HANDLER, APOLLO, HIVE)
OF_THROUGHPUT = (OURS, STANDARD, HANDLER, LIBRARIES, APOLLO, HIVE)
"""In the table of throughput; the other measurements do without what is there for that comparison alone."""
PEERS = (APOLLO, HIVE)
HANDLERS = {HANDLER: "handler", LIBRARIES: "library_handler"}
"""Their modules."""


def command(kind: Kind, port: int, environment: Mapping[str, str], more: tuple[str, ...] = ()) -> list[str]:
    """How it is started; in which folder does not matter."""
    if kind is APOLLO:
        return ["node", str(peers.FOLDER / "apollo.mjs")]
    if kind is HIVE:
        program = peers.FOLDER / "node_modules" / "@graphql-hive" / "gateway" / "dist" / "bin.js"
        config = peers.FOLDER / "gateway.config.mjs"
        where = ["--host", "127.0.0.1", "--port", str(port), "--config-path", str(config), "--polling", "1d"]
        return ["node", str(program), "supergraph", environment["BENCH_SUPERGRAPH"], *where]
    if kind in HANDLERS:
        return [sys.executable, "-m", f"tests.bench.speed.{HANDLERS[kind]}"]
    return [sys.executable, "-m", "tests.bench.served", *(["--standard-executor"] if kind is STANDARD else []), *more]


@contextmanager
def started(kind: Kind, port: int, environment: Mapping[str, str], folder: Path, *more: str) -> Iterator[Server]:
    """It, on the servers' core, and stopped at the end. What it prints is in `folder`."""
    printed = folder / f"{kind.name}.log"
    with printed.open("ab") as log:
        process = subprocess.Popen(
            command(kind, port, environment, more),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
            preexec_fn=cores.take_the_servers,  # noqa: PLW1509 - nothing else runs here yet
        )
    try:
        yield Server(kind, port, process, printed)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def until_ready(server: Server, pool: Pool, expected: Expected, document: Selected) -> None:
    """Waits for its first whole answer, and takes down when that was. Raises RuntimeError where it ends instead."""
    began = time.perf_counter()
    while time.perf_counter() - began < START_TIMEOUT:
        if server.process.poll() is not None:
            raise RuntimeError(f"{server.kind.title} ended with {server.process.returncode}")
        # With a request of its own for each try: what is asked before it is ready may be lost.
        with suppress(OSError):
            requests = server.requests(pool, iter([document]), 1)
            await asked(server.port, requests, expected, connections=1, seconds=START_TIMEOUT)
            server.ready_seconds = round(time.perf_counter() - began, 2)
            server.memory_mib["start"] = server.resident_mib()
            return
        await asyncio.sleep(BETWEEN_TRIES)
    raise TimeoutError(f"{server.kind.title} does not answer")


async def must_refuse(server: Server, pool: Pool) -> None:
    """Sees that it checks tokens: one with another's signature is refused. Raises WrongAnswer."""
    one, another = (token.rpartition(".") for _, token in pool.callers(2))
    request = server.request(pool.subjects[0], f"{one[0]}.{another[2]}", THE_WORK)
    await asked(server.port, iter([request]), Refused(), connections=1, seconds=START_TIMEOUT)


def has_peers() -> bool:
    """Whether the other gateways are installed."""
    return peers.INSTALLED.is_file() and shutil.which("node") is not None
