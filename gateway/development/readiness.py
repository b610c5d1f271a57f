"""Ways to see that a child process is ready, cheap enough to ask often. Loopback only: no proxy, no TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing

from gateway.settings import in_address

Probe = Callable[[], Awaitable[bool]]
"""True when it is ready; never raises."""

_PATIENCE = 2.0
"""Seconds one question may take; then it counts as not ready."""


def accepts_connections(host: str, port: int) -> Probe:
    """Ready when a connection to the port is accepted."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                _, writer = await asyncio.open_connection(host, port)
        except OSError:
            return False
        writer.close()
        return True

    return probe


def answers_ok(host: str, port: int, path: str) -> Probe:
    """Ready when GET `path` is answered with status 200.

    Written out over a socket: an HTTP client library would cost `gateway dev` more start-up time than this saves lines.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: {in_address(host)}:{port}\r\nConnection: close\r\n\r\n".encode()

    async def probe() -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_connection(host, port)
                with closing(writer):
                    writer.write(request)
                    status_line = await reader.readline()
        except (OSError, ValueError):  # ValueError: a line without end, so not HTTP
            return False
        return status_line.split(b" ")[1:2] == [b"200"]

    return probe
