"""A request as ASGI tells of it, and an answer to it, without what a framework makes of both for every request."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope, Send

from gateway.http.services import Services, services_in


class Incoming:
    """One HTTP request. `state` is what the layers around the endpoint share about it."""

    __slots__ = ("_headers", "_lines", "method", "query_string", "receive", "state")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.query_string: bytes = scope["query_string"]
        self.receive = receive
        self.state: dict[str, Any] = scope["state"]
        self._lines: list[tuple[bytes, bytes]] = scope["headers"]
        # The first line of each name.
        self._headers = dict(reversed(self._lines))

    @property
    def services(self) -> Services:
        """The services that the application's lifespan opened."""
        return services_in(self.state)

    def header(self, name: bytes) -> str | None:
        """The header's first line; `name` in lower case."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def lines(self, name: bytes) -> list[str]:
        """Every line of the header; `name` in lower case."""
        return [value.decode("latin-1") for key, value in self._lines if key == name]


def header_of(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The first line of a header among `headers`; `name` in lower case."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


class Whole:
    """An answer that is there as a whole; called, as ASGI applications are, to be sent."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, status: HTTPStatus | int, body: bytes, headers: Mapping[str, str]) -> None:
        self._status = int(status)
        self._body = body
        self._headers = [
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
            (b"content-length", str(len(body)).encode("latin-1")),
        ]

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Sends it."""
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})
