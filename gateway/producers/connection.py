"""One kept-alive connection to a producer: a request goes out, and its response comes in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from gateway.alarm import Alarm
from gateway.model.status import UnavailableReason
from gateway.producers.failures import Failed
from gateway.producers.responses import Response, ResponseReader


class Connection(asyncio.Protocol):
    """A connection; `lost` is called with it when it is no more. `idle_since`: when it was last used.

    What comes while nothing is asked is no answer to anything: the connection is dropped for it.
    """

    def __init__(self, lost: Callable[[Connection], object]) -> None:
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._reader = ResponseReader()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Response] | None = None
        self._alarm = Alarm(self._loop, self._end_waiting)
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it can be asked over."""
        return self._transport is not None

    async def ask(self, request: bytes, most_bytes: int, until: float) -> Response:
        """The response to `request`, which is sent as it is. Raises Failed, and TimeoutError at `until` (`loop.time`).

        One at a time. The connection is closed unless it is good for another request.
        """
        transport, reader = self._transport, self._reader
        assert transport is not None
        assert self._waiting is None
        reader.expect(most_bytes)
        try:
            self._waiting = self._loop.create_future()
            self._alarm.set(until)
            transport.write(request)
            return await self._waiting
        finally:
            self._waiting = None
            if not (reader.is_whole and reader.can_follow):
                self.close()

    def close(self) -> None:
        """Ends it at once; what waits for a response is told when it is lost."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The event loop's: it is open."""
        # uvloop's transports are asyncio's in all but name.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """The event loop's: bytes came."""
        waiting = self._waiting
        if waiting is None or waiting.done():
            self.close()
            return
        try:
            self._reader.feed(data)
        except Failed as exc:
            waiting.set_exception(exc)
        else:
            if self._reader.response is not None:
                waiting.set_result(self._reader.response)

    def eof_received(self) -> None:
        """The event loop's: no more will come. The transport closes by itself."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The event loop's: it is no more."""
        self._transport = None
        self._end(exc)
        self._reader.close()
        self._alarm.cancel()
        self._lost(self)

    def _end_waiting(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(TimeoutError())

    def _end(self, exc: Exception | None) -> None:
        waiting, reader = self._waiting, self._reader
        if waiting is None or waiting.done():
            self.close()
            return
        # What TLS refuses, it would refuse again.
        can_repeat = not reader.has_begun and not isinstance(exc, ssl.SSLError)
        said = "closed" if exc is None else type(exc).__name__
        when = "within the answer" if reader.has_begun else "before an answer"
        try:
            reader.end(
                Failed(UnavailableReason.PRODUCER_UNAVAILABLE, f"connection: {said} {when}", can_repeat=can_repeat)
            )
        except Failed as problem:
            waiting.set_exception(problem)
        else:
            assert reader.response is not None
            waiting.set_result(reader.response)
