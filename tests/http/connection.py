"""A connection on which a test writes HTTP as it likes: slowly, in chunks, or not to the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.gateway import Answer, Gateway


@dataclass
class Connection:
    """One TCP connection to the gateway."""

    gateway: Gateway
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def begin(self, *headers: str, body: bytes = b"") -> None:
        """Sends the head of a POST to /graphql, with a token and these headers, and the beginning of its body."""
        lines = (
            "POST /graphql HTTP/1.1",
            "Host: gateway",
            f"Authorization: Bearer {self.gateway.token_for()}",
            "Content-Type: application/json",
            *headers,
        )
        self.writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """The answer, which must have a declared length."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.title(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Answer(int(status.split()[1]), headers, await self.reader.readexactly(int(headers["Content-Length"])))


@asynccontextmanager
async def connected(gateway: Gateway) -> AsyncIterator[Connection]:
    """A connection that is closed at the end, if not before."""
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield Connection(gateway, reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
