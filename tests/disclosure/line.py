"""The line between the gateway and its database, and what can become of an answer on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

APPENDING = b"\x02insert\x00\x0c\x00\x00\x00disclosures\x00"
"""How the command that appends to the record begins, in BSON."""


class Line:
    """Passes on what is sent, message by message, until it is told otherwise."""

    def __init__(self, server: str) -> None:
        self._server = server
        self.port = 0
        self.answers_lost = 0
        """How many of the next answers to an append get lost, and the connection with them: it was written."""
        self.requests_lost = 0
        """How many of the next appends get lost on their way there, and the connection with them."""
        self._held_up: asyncio.Event | None = None
        self.appends = 0
        """How many were passed on."""

    @property
    def uri(self) -> str:
        """Where the database is reached over this line. The driver repeats nothing by itself."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true&retryWrites=false"

    def hold_up(self) -> None:
        """From now on nothing is passed on, and nothing is cut: nobody can tell."""
        self._held_up = asyncio.Event()

    def go_on(self) -> None:
        """What is new is passed on again; what was held up is cut."""
        assert self._held_up is not None
        self._held_up.set()
        self._held_up = None

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from the gateway's first byte to the end."""
        at = urlsplit(self._server)
        assert at.hostname is not None
        from_server, to_server = await asyncio.open_connection(at.hostname, at.port)
        try:
            while True:
                request = await _message(reader)
                is_append = APPENDING in request
                if is_append and self.requests_lost:
                    self.requests_lost -= 1
                    return
                await self._is_free()
                to_server.write(request)
                self.appends += is_append
                answer = await _message(from_server)
                if is_append and self.answers_lost:
                    self.answers_lost -= 1
                    return
                await self._is_free()
                writer.write(answer)
        finally:
            to_server.close()
            with contextlib.suppress(OSError):
                await to_server.wait_closed()

    async def _is_free(self) -> None:
        if self._held_up is not None:
            await self._held_up.wait()
            raise ConnectionResetError


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "little") - 4)


@asynccontextmanager
async def line_to(uri: str) -> AsyncIterator[Line]:
    """A line to the database at `uri`."""
    line = Line(uri)
    carrying: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        carrying.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await line.carry(reader, writer)
        finally:
            carrying.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying)
