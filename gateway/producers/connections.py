"""The connections to producers: opened when they are needed, used again while they are fresh, closed in the end."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from gateway.model.status import UnavailableReason
from gateway.producers.connecting import Connector
from gateway.producers.connection import Connection
from gateway.producers.failures import Failed
from gateway.producers.responses import Response
from gateway.producers.target import Origin


class Connections:
    """As many connections to each origin as are needed at a time; an asynchronous context manager.

    How many that are is limited by those who ask. One that was idle for `keep_alive` seconds is closed.
    """

    def __init__(self, connector: Connector, *, keep_alive: float) -> None:
        self._connector = connector
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._all_lost: asyncio.Event | None = None
        """Set in the end."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_closing = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in self._open:
            connection.close()
        if self._open:
            self._all_lost = asyncio.Event()
            await self._all_lost.wait()

    async def ask(
        self, origin: Origin, request: bytes, *, connect_timeout: float, seconds: float, most_bytes: int
    ) -> Response:
        """The response to `request`, with a body of at most `most_bytes`. Raises Failed.

        Over a connection that is there, or a new one, opened within `connect_timeout` seconds. Raises TimeoutError when
        the `seconds` for all of it have run out.
        """
        until = self._loop.time() + seconds
        connection = self._fresh(origin)
        if connection is None:
            async with asyncio.timeout_at(until):
                connection = await self._opened(origin, connect_timeout)
        try:
            return await connection.ask(request, most_bytes, until)
        finally:
            if connection.is_open:
                self._keep(origin, connection)

    def _fresh(self, origin: Origin) -> Connection | None:
        kept = self._idle.get(origin)
        while kept:
            # The one that was used last, so that those that are not needed grow old.
            connection = kept.pop()
            if connection.is_open and self._loop.time() - connection.idle_since < self._keep_alive:
                return connection
            connection.close()
        return None

    async def _opened(self, origin: Origin, connect_timeout: float) -> Connection:
        connection = await self._connector.open(origin, self._lost, connect_timeout)
        if self._is_closing:
            connection.close()
        if not connection.is_open:
            raise Failed(UnavailableReason.PRODUCER_UNAVAILABLE, "connection: closed at once", can_repeat=True)
        self._open.add(connection)
        return connection

    def _keep(self, origin: Origin, connection: Connection) -> None:
        connection.idle_since = self._loop.time()
        self._idle.setdefault(origin, []).append(connection)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self._keep_alive, self._sweep)

    def _sweep(self) -> None:
        """Closes what was idle for too long, and looks again while anything is idle."""
        too_old = self._loop.time() - self._keep_alive
        for origin, kept in list(self._idle.items()):
            fresh = [connection for connection in kept if connection.is_open and connection.idle_since > too_old]
            for connection in set(kept) - set(fresh):
                connection.close()
            if fresh:
                self._idle[origin] = fresh
            else:
                del self._idle[origin]
        self._sweeping = self._loop.call_later(self._keep_alive, self._sweep) if self._idle else None

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self._all_lost is not None and not self._open:
            self._all_lost.set()
