"""One HTTP exchange with a producer: a question out, a bounded answer in, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

import orjson

from gateway.model.status import UnavailableReason
from gateway.producers.connections import Connections
from gateway.producers.encodings import unpacked
from gateway.producers.failures import Failed
from gateway.producers.responses import Response
from gateway.producers.target import target_of

RETRY_AFTER = re.compile(r"[0-9]{1,8}")
LONGEST_RETRY_AFTER = 86_400

LONGEST_CHALLENGE = 200
"""Characters of a producer's WWW-Authenticate header that are logged."""

MAY_SAY_WHY = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR})
"""Statuses with which some federation servers send an answer whose `errors` say what failed."""

MOST_TARGETS = 1_000
"""That are remembered as they were worked out of their endpoints: there are as many as producers."""


class Reply(NamedTuple):
    """An answer to be read, and for how many seconds the producer lets it be used again."""

    body: bytes
    max_age: int = 0


class Exchange:
    """Asks over pooled, kept-alive connections."""

    def __init__(self, connections: Connections, *, https_only: bool) -> None:
        self._connections = connections
        self._https_only = https_only
        self._target_of = lru_cache(MOST_TARGETS)(target_of)

    async def ask(
        self,
        endpoint: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        connect_timeout: float,
        seconds: float,
        most_bytes: int,
    ) -> Reply:
        """The answer within `seconds`. Raises Failed, and TimeoutError when the seconds have run out."""
        if self._https_only and not endpoint.lower().startswith("https://"):
            raise Failed(UnavailableReason.PRODUCER_UNAVAILABLE, "the endpoint is not https")
        try:
            target = self._target_of(endpoint)
            request = b"".join((target.head, _head(headers, len(content)), content))
        except ValueError as exc:
            raise Failed(UnavailableReason.PRODUCER_FAULT, f"endpoint: {exc}") from exc
        response = await self._connections.ask(
            target.origin, request, connect_timeout=connect_timeout, seconds=seconds, most_bytes=most_bytes
        )
        return _reply(response, most_bytes)


def _head(headers: Mapping[str, str], length: int) -> bytes:
    """The rest of the request's head. Raises ValueError where a header would be two, or none."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    said = "".join(lines)
    if "\r" in said or "\n" in said or "\0" in said:
        raise ValueError("a header with a line break in it")
    lines.append(f"Content-Length: {length}\r\n\r\n")
    return "\r\n".join(lines).encode()


def _reply(response: Response, most_bytes: int) -> Reply:
    if response.status == HTTPStatus.OK:
        return Reply(_body(response, most_bytes), _max_age(response))
    if response.status in MAY_SAY_WHY:
        try:
            body = _body(response, most_bytes)
        except Failed:
            body = b""
        if _says_why(body):
            return Reply(body)
    raise _refusal(response)


def _body(response: Response, most_bytes: int) -> bytes:
    """The body, unpacked. Raises Failed where it is not there, or larger than `most_bytes`."""
    if response.problem is not None:
        raise response.problem
    encoding = response.header(b"content-encoding")
    return unpacked(response.body, encoding, most_bytes) if encoding else response.body


def _says_why(body: bytes) -> bool:
    """Whether this is an answer of GraphQL that has failed as a whole and says so."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("errors"), list) and answer.get("data") is None


def _refusal(response: Response) -> Failed:
    status = response.status
    problem = f"HTTP {status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # Why it refuses, as far as it says: the operator needs it, the caller does not get it.
        challenge = response.header(b"www-authenticate")[:LONGEST_CHALLENGE]
        return Failed(UnavailableReason.PRODUCER_REFUSED, f"{problem} {challenge}".rstrip())
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failed(UnavailableReason.PRODUCER_UNAVAILABLE, problem, retry_after=_retry_after(response))
    return Failed(UnavailableReason.PRODUCER_FAULT, problem)


def _retry_after(response: Response) -> float | None:
    """The seconds of a Retry-After header (RFC 9110 §10.2.3): a number of them, or until a date."""
    value = response.header(b"retry-after")
    if RETRY_AFTER.fullmatch(value):
        return min(int(value), LONGEST_RETRY_AFTER)
    try:
        seconds = (parsedate_to_datetime(value).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return max(0.0, min(seconds, LONGEST_RETRY_AFTER))


def _max_age(response: Response) -> int:
    """For how many seconds the producer lets this answer be used again; 0 unless it says so (RFC 9111 §5.2.2)."""
    header = response.header(b"cache-control")
    if not header or "*" in response.header(b"vary"):
        return 0
    directives = {
        name.strip().lower(): value.strip(' "')
        for name, _, value in (directive.partition("=") for directive in header.split(","))
    }
    age = response.header(b"age").partition(",")[0]
    max_age = directives.get("max-age", "")
    if directives.keys() & {"no-store", "no-cache"} or not RETRY_AFTER.fullmatch(max_age):
        return 0
    return max(0, int(max_age) - (int(age) if RETRY_AFTER.fullmatch(age) else 0))
