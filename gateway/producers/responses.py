"""An HTTP/1.1 response out of the bytes of one connection: bounded, and told from one that broke off."""

from __future__ import annotations

from collections.abc import Mapping

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gateway.model.status import UnavailableReason
from gateway.producers.failures import Failed

WITH_BODY = frozenset({200, 400, 500})
"""Statuses whose body is read. What others come with is of no use, and is not waited for."""

SWITCHING_PROTOCOLS, FIRST_FINAL = 101, 200
"""Of the statuses below the first final one, the response itself still follows; but for a switch, which is the last."""

MOST_FIELDS = 128
"""Header fields of a response, those of interim ones and of the trailer included."""

LONGEST_FIELD = 8_190
"""Bytes of one header field."""

MOST_UNREAD = 65_536
"""Bytes that may come in a row without a head ending or any of a body coming: it is no use to wait for such a rest."""


class Response:
    """A response. `headers` by name in lower case; `problem`: why its body, which is empty then, is not there."""

    __slots__ = ("body", "headers", "problem", "status")

    def __init__(
        self, status: int, headers: Mapping[bytes, bytes], body: bytes = b"", problem: Failed | None = None
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.problem = problem

    def header(self, name: bytes) -> str:
        """The header of this name, in lower case; empty where there is none. Several of one name are one, by commas."""
        return self.headers.get(name, b"").decode("latin-1")


class ResponseReader:
    """Reads the responses of one connection, one at a time: `expect`, then `feed` until there is a `response`.

    `has_begun`: a byte of it came. `is_whole`: it came to its end. `can_follow`: the connection is good for another.
    """

    __slots__ = (
        "_body",
        "_fields",
        "_headers",
        "_is_head_read",
        "_most_bytes",
        "_parser",
        "_size",
        "_status",
        "_unread",
        "can_follow",
        "has_begun",
        "is_whole",
        "response",
    )

    def __init__(self) -> None:
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        # What servers are known to do, and what changes nothing of where a response ends.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self.expect(0)

    def expect(self, most_bytes: int) -> None:
        """A response is to come, with a body of at most `most_bytes`."""
        self.response: Response | None = None
        self.has_begun = self.is_whole = self.can_follow = self._is_head_read = False
        self._most_bytes = most_bytes
        self._status = self._fields = self._size = self._unread = 0
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Reads on. Raises Failed where no response can come of it; one that is there already stays."""
        parser = self._parser
        assert parser is not None
        self.has_begun = True
        self._unread += len(data)
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            self.can_follow = False
        except HttpParserError as exc:
            self.can_follow = False
            self._give_up(exc.__context__ if isinstance(exc.__context__, Failed) else _fault(str(exc)))
        else:
            if self._unread > MOST_UNREAD and not self.is_whole:
                self._give_up(_fault("a head without an end"))

    def end(self, problem: Failed) -> None:
        """No more will come. Raises `problem` where the response is not there, and does not end by that."""
        if self._is_head_read and self._ends_with_connection():
            self._finish()
        else:
            self._give_up(problem)

    def close(self) -> None:
        """Nothing is read any more."""
        # It holds on to this object as this does to it.
        self._parser = None

    def on_message_begin(self) -> None:
        """The parser's: a status line begins."""
        if self.is_whole:
            raise _fault("it goes on after its end")

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's: a field of a head or a trailer."""
        self._count_field()
        if len(name) + len(value) > LONGEST_FIELD:
            raise _fault(f"a header field of more than {LONGEST_FIELD} bytes")
        if not self._is_head_read:
            name, headers = name.lower(), self._headers
            headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value

    def on_headers_complete(self) -> None:
        """The parser's: a head ends."""
        parser = self._parser
        assert parser is not None
        self._unread = 0
        status = parser.get_status_code()
        if status < FIRST_FINAL and status != SWITCHING_PROTOCOLS:
            self._count_field()
            self._headers = {}
            return
        self._status = status
        self._is_head_read = True
        self.can_follow = parser.should_keep_alive()
        if status not in WITH_BODY:
            self._finish()

    def on_body(self, part: bytes) -> None:
        """The parser's: a part of a body."""
        self._unread = 0
        if self.response is not None:
            return
        self._size += len(part)
        if self._size > self._most_bytes:
            raise too_large(self._most_bytes)
        self._body.append(part)

    def on_message_complete(self) -> None:
        """The parser's: a response ends."""
        if self._is_head_read:
            self.is_whole = True
            if self.response is None:
                self._finish()

    def _count_field(self) -> None:
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise _fault(f"more than {MOST_FIELDS} header fields")

    def _finish(self, problem: Failed | None = None) -> None:
        self.response = Response(self._status, self._headers, b"" if problem else b"".join(self._body), problem)

    def _give_up(self, problem: Failed) -> None:
        if self.response is not None:
            return
        if not self._is_head_read:
            raise problem
        self._finish(problem)

    def _ends_with_connection(self) -> bool:
        """Whether the body ends when the connection does, since nothing said how long it is (RFC 9112 §6.3)."""
        is_chunked = self._headers.get(b"transfer-encoding", b"").rstrip().lower().endswith(b"chunked")
        return not is_chunked and b"content-length" not in self._headers


def too_large(most_bytes: int) -> Failed:
    """What is said of an answer of more bytes than it may have."""
    return Failed(UnavailableReason.PRODUCER_FAULT, f"the answer is larger than {most_bytes} bytes")


def _fault(problem: str) -> Failed:
    return Failed(UnavailableReason.PRODUCER_FAULT, f"answer: {problem}")
