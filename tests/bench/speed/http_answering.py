"""The least HTTP/1.1 server there is, for producers and the group subgraph: they are not what is measured.

It takes POST alone, whatever the path, and gives JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

Answer = Callable[[bytes, str], Awaitable[bytes]]
"""Takes a request's body and its Authorization header, which may be empty; gives the answer's body."""


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)
        self._body = bytearray()
        self._authorization = ""
        self._transport: asyncio.Transport | None = None
        self._answering: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but name.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body.clear()
        self._authorization = ""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._authorization = value.decode("ascii")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        task = asyncio.ensure_future(self._send(bytes(self._body), self._authorization))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _send(self, body: bytes, authorization: str) -> None:
        content = await self._answer(body, authorization)
        assert self._transport is not None
        if not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(content)
            self._transport.write(head + content)


async def serving(answer: Answer) -> tuple[asyncio.Server, str]:
    """A server on a free port of 127.0.0.1, and its address."""
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(answer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, f"http://127.0.0.1:{port}/graphql"
