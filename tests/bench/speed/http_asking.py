"""The load: connections that each ask again as soon as they are answered. Requests are bytes, made ready before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import httptools

LONGEST = 60.0
"""Seconds after which nobody waits for an answer."""


class WrongAnswer(Exception):
    """An answer that is not what the work asks for: nothing that was measured with it counts."""


@dataclass
class Expected:
    """What every answer must hold: so many statuses, and no error. Bytes are counted; parsing would cost too much."""

    statuses: int
    mark: bytes = b'"updatedAt"'

    def check(self, status: int, body: bytes) -> None:
        """Raises WrongAnswer."""
        if status != 200 or b'"errors"' in body or body.count(self.mark) != self.statuses:
            found = f"HTTP {status}, {body.count(self.mark)} statuses of {self.statuses}"
            raise WrongAnswer(f"{found}: {body[:600].decode(errors='replace')}")


@dataclass
class Refused(Expected):
    """No answer at all: what a token that is not right must meet."""

    statuses: int = 0

    def check(self, status: int, body: bytes) -> None:
        """Raises WrongAnswer."""
        if status != 401 or self.mark in body:
            raise WrongAnswer(f"HTTP {status} for a token that is not right: {body[:600].decode(errors='replace')}")


@dataclass
class Answers:
    """What was seen: the seconds to each whole answer and to the first byte of its body, and how long it all took."""

    asked: int = 0
    times: list[float] = field(default_factory=list)
    first_bytes: list[float] = field(default_factory=list)
    seconds: float = 0.0


class _Connection(asyncio.Protocol):
    """Sends the next request when the one before is answered: until `end`, but `least` of all connections together.

    And until there is none.
    """

    def __init__(self, requests: Iterator[bytes], expected: Expected, answers: Answers, end: float, least: int) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._expected = expected
        self._answers = answers
        self._end = end
        self._least = least
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._sent = self._first = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but name.
        self._transport = cast(asyncio.Transport, transport)
        self._send_next()

    def _send_next(self) -> None:
        assert self._transport is not None
        self._sent = perf_counter()
        goes_on = self._sent < self._end or self._answers.asked < self._least
        request = next(self._requests, None) if goes_on else None
        if request is None:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._answers.asked += 1
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as exc:
            self._fail(exc.__context__ or exc)
        except (httptools.HttpParserError, OSError) as exc:
            self._fail(exc)

    def on_message_begin(self) -> None:
        self._body.clear()
        self._first = 0.0

    def on_body(self, body: bytes) -> None:
        if not self._body:
            self._first = perf_counter()
        self._body.append(body)

    def on_message_complete(self) -> None:
        now = perf_counter()
        self._expected.check(self._parser.get_status_code(), b"".join(self._body))
        self._answers.times.append(now - self._sent)
        self._answers.first_bytes.append((self._first or now) - self._sent)
        self._send_next()

    def close(self) -> None:
        """Ends it, whatever is under way."""
        self.done.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _fail(self, exc: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(exc)
        if self._transport is not None:
            self._transport.abort()


async def asked(
    port: int, requests: Iterator[bytes], expected: Expected, *, connections: int, seconds: float, least: int = 1
) -> Answers:
    """Asks over so many connections for so long, and `least` times; what is under way then is waited for, and counts.

    Raises WrongAnswer, and OSError where a connection cannot be made, breaks or is silent for very long.
    """
    answers = Answers()
    loop = asyncio.get_running_loop()
    began = perf_counter()
    end = began + seconds

    def connection() -> _Connection:
        return _Connection(requests, expected, answers, end, least)

    made = [(await loop.create_connection(connection, "127.0.0.1", port))[1] for _ in range(connections)]
    try:
        async with asyncio.timeout(seconds + LONGEST):
            await asyncio.gather(*(one.done for one in made))
    finally:
        for one in made:
            one.close()
    answers.seconds = perf_counter() - began
    return answers


async def refused(port: int, request: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to one request, on a connection of its own.

    Some are answered before they are read to their end. Raises OSError and IncompleteReadError.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split(b" ", 2)[1]), await reader.readexactly(int(length.partition(b":")[2]))
    finally:
        writer.transport.abort()
