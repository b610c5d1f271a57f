"""A producer made of a bare socket: HTTP libraries are too polite to misbehave as producers do."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests import producer as tests_producer

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass
class Question:
    """One request, and the socket to answer it on as one likes."""

    body: dict[str, Any]
    right: dict[str, Any]
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def references(self) -> list[str]:
        """The cases asked about."""
        return [one["reference"] for one in self.body["variables"]["representations"]]

    async def send(self, content: bytes) -> None:
        """Writes bytes as they are."""
        self.writer.write(content)
        await self.writer.drain()

    async def answer(self, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        """A well-formed answer with this body."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        await self.send(f"{head}Connection: close\r\n{headers}\r\n".encode() + body)

    async def answer_json(self, content: object, status: str = "200 OK", headers: str = "") -> None:
        """A well-formed answer in JSON."""
        await self.answer(json.dumps(content, ensure_ascii=False).encode(), status, headers)

    async def hung_up_on(self) -> None:
        """Waits until the gateway closes the connection."""
        await self.reader.read()


Fault = Callable[[Question], Awaitable[None]]


async def rightly(question: Question) -> None:
    """The contract's answer."""
    await question.answer_json(question.right)


@dataclass
class SocketProducer(tests_producer.Producer):
    """A producer of the live environment; `fault` is how it answers. `connections` are those open now."""

    fault: Fault = rightly
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """Its answers are held until then."""
    overrides: dict[str, Any] = field(default_factory=dict)
    numbers: list[list[str]] = field(default_factory=list)
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def requests(self) -> int:
        """How many requests it has received."""
        return len(self.numbers)

    def record(self) -> dict[str, Any]:
        """Its record in the registry."""
        return {**super().record(), "environment": "live", "overrides": self.overrides}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for one request."""
        self.connections.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            assert length
            body = json.loads(await reader.readexactly(int(length[1])))
            question = Question(body, self.correct_answer(body), self.requests, reader, writer)
            self.numbers.append(question.references)
            await self.release.wait()
            await self.fault(question)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the gateway has hung up, which is its right
        finally:
            writer.close()
            self.connections.discard(writer)


@asynccontextmanager
async def socket_producer(id_: str, case_type: str, tls: ssl.SSLContext) -> AsyncIterator[SocketProducer]:
    """A producer on a free port of 127.0.0.1."""
    producer = SocketProducer(id_, (case_type,))
    server = await asyncio.start_server(producer.serve, "127.0.0.1", 0, ssl=tls, ssl_shutdown_timeout=0.2)
    producer.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"

    async def stop() -> None:
        server.close()

    producer.stop = stop
    try:
        yield producer
    finally:
        server.close()
        for connection in list(producer.connections):
            connection.transport.abort()
