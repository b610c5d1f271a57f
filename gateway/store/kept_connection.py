"""One connection of the driver's that is kept: a command goes out, and the message that replies to it comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from pymongo.errors import AutoReconnect

from gateway.alarm import Alarm
from gateway.store.messages import LENGTH, SHORTEST, length_of

Address = tuple[str, int | None]
"""A server's host and port."""

LONGEST_RECEIVED = 48_000_000
"""Bytes of a reply: more than a server sends at once."""


class KeptConnection(asyncio.Protocol):
    """A connection taken over from the driver, over which one command at a time is sent.

    `lost` is called with it when it is no more. `idle_since` is when it was last used, by `time.monotonic`. Making one
    raises AutoReconnect where the connection is lost already.
    """

    def __init__(
        self, address: Address, transport: asyncio.Transport, lost: Callable[[KeptConnection], object]
    ) -> None:
        self.address = address
        self.idle_since = monotonic()
        self._transport: asyncio.Transport | None = transport
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._loop, lambda: self._end_waiting(TimeoutError()))
        self._waiting: asyncio.Future[bytes | bytearray] | None = None
        self._received: bytearray | None = None
        if transport.is_closing():
            raise AutoReconnect("the connection was lost before it could be kept")
        # The driver's own protocol: it still wants to hear when the connection is lost.
        self._of_driver = transport.get_protocol()
        transport.set_protocol(self)
        # The driver has stopped it when it had read its last reply.
        transport.resume_reading()

    @property
    def is_open(self) -> bool:
        """Whether a command can be sent over it."""
        return self._transport is not None

    async def ask(self, message: bytes, until: float | None) -> bytes | bytearray:
        """The message that comes back. Raises AutoReconnect, and TimeoutError at `until` (`loop.time`).

        The connection is closed unless the whole of it came, and nothing more.
        """
        transport = self._transport
        assert transport is not None
        assert self._waiting is None
        reply: bytes | bytearray | None = None
        try:
            self._waiting = self._loop.create_future()
            if until is None:
                self._alarm.cancel()
            else:
                self._alarm.set(until)
            transport.write(message)
            reply = await self._waiting
        finally:
            self._waiting = None
            if reply is None:
                self.close()
        self.idle_since = monotonic()
        return reply

    def close(self) -> None:
        """Ends it at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def data_received(self, data: bytes) -> None:
        """The event loop's: bytes came."""
        waiting = self._waiting
        if waiting is None or waiting.done():
            self.close()
            return
        if self._received is not None:
            self._received += data
            received: bytes | bytearray = self._received
        else:
            received = data
        length = length_of(received) if len(received) >= LENGTH.size else SHORTEST
        if not SHORTEST <= length <= LONGEST_RECEIVED or len(received) > length:
            self._end_waiting(AutoReconnect("the connection is out of step"))
        elif len(received) < length:
            if self._received is None:
                self._received = bytearray(data)
        else:
            self._received = None
            waiting.set_result(received)

    def connection_lost(self, exc: Exception | None) -> None:
        """The event loop's: it is no more."""
        self._transport = None
        self._alarm.cancel()
        self._end_waiting(AutoReconnect(f"the connection was lost: {exc or 'closed by the server'}"))
        self._of_driver.connection_lost(exc)
        self._lost(self)

    def _end_waiting(self, problem: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(problem)
