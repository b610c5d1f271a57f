"""One HTTP exchange with a producer: a question out, a bounded answer in, or the reason why there is none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import orjson
from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)
from aiohttp.http_exceptions import ContentLengthError, TransferEncodingError

from gateway.model.status import UnavailableReason
from gateway.producers.addresses import AddressRefused
from gateway.producers.failures import Failed

RETRY_AFTER = re.compile(r"[0-9]{1,8}")
LONGEST_RETRY_AFTER = 86_400

LONGEST_CHALLENGE = 200
"""Characters of a producer's WWW-Authenticate header that are logged."""

BROKEN_OFF = (ContentLengthError, TransferEncodingError)
"""How aiohttp says that an answer ended before its end."""

MAY_SAY_WHY = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR})
"""Statuses with which some federation servers send an answer whose `errors` say what failed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be read, and for how many seconds the producer lets it be used again."""

    body: bytes
    max_age: int = 0


class Exchange:
    """Asks over pooled, kept-alive connections."""

    def __init__(self, session: ClientSession, *, https_only: bool) -> None:
        self._session = session
        self._https_only = https_only

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
            async with asyncio.timeout(seconds):
                async with self._session.post(
                    endpoint,
                    data=content,
                    headers=headers,
                    allow_redirects=False,
                    timeout=ClientTimeout(total=None, sock_connect=connect_timeout),
                ) as response:
                    return await _reply(response, most_bytes)
        except ConnectionTimeoutError as exc:
            raise Failed(UnavailableReason.PRODUCER_UNAVAILABLE, "no connection in time", can_repeat=True) from exc
        except (ClientError, ValueError) as exc:
            # ValueError: an endpoint that is no address.
            raise _failure(exc) from exc


async def _reply(response: ClientResponse, most_bytes: int) -> Reply:
    if response.status == HTTPStatus.OK:
        return Reply(await _body(response, most_bytes), _max_age(response))
    if response.status in MAY_SAY_WHY:
        try:
            body = await _body(response, most_bytes)
        except (Failed, ClientError):
            body = b""
        if _says_why(body):
            return Reply(body)
    raise _refusal(response)


async def _body(response: ClientResponse, most: int) -> bytes:
    """The body, decompressed, up to `most` bytes."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most:
            response.close()
            raise Failed(UnavailableReason.PRODUCER_FAULT, f"the answer is larger than {most} bytes")
    return bytes(body)


def _says_why(body: bytes) -> bool:
    """Whether this is an answer of GraphQL that has failed as a whole and says so."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("errors"), list) and answer.get("data") is None


def _failure(exc: ClientError | ValueError) -> Failed:
    """A connection that broke, before the answer or within it, or else an answer that cannot be read."""
    if isinstance(exc, ClientConnectorCertificateError):
        # To aiohttp this is a ClientConnectorError, too; the next attempt would see the same certificate.
        return Failed(UnavailableReason.PRODUCER_UNAVAILABLE, f"connection: {exc.certificate_error}")
    if isinstance(exc, ClientConnectorError):
        problem = f"connection: {exc.os_error if isinstance(exc.os_error, AddressRefused) else type(exc).__name__}"
        return Failed(UnavailableReason.PRODUCER_UNAVAILABLE, problem, can_repeat=_may_pass(exc))
    if isinstance(exc, ClientConnectionError) or isinstance(exc.__cause__, BROKEN_OFF):
        # Where part of an answer's head came, aiohttp hands it over in the place of a message. Of a connection that
        # was reset it does not say whether anything came.
        came_nothing = isinstance(exc, ServerDisconnectedError) and isinstance(exc.message, str)
        problem = f"connection: {type(exc).__name__}"
        return Failed(UnavailableReason.PRODUCER_UNAVAILABLE, problem, can_repeat=came_nothing)
    return Failed(UnavailableReason.PRODUCER_FAULT, f"answer: {type(exc).__name__}")


def _may_pass(exc: ClientConnectorError) -> bool:
    """Whether the next attempt may reach it: not where the address or the name itself is the problem, or TLS."""
    return not isinstance(exc, ClientConnectorDNSError | ClientConnectorSSLError) and not isinstance(
        exc.os_error, AddressRefused
    )


def _refusal(response: ClientResponse) -> Failed:
    status = response.status
    problem = f"HTTP {status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # Why it refuses, as far as it says: the operator needs it, the caller does not get it.
        challenge = response.headers.get("WWW-Authenticate", "")[:LONGEST_CHALLENGE]
        return Failed(UnavailableReason.PRODUCER_REFUSED, f"{problem} {challenge}".rstrip())
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failed(UnavailableReason.PRODUCER_UNAVAILABLE, problem, retry_after=_retry_after(response))
    return Failed(UnavailableReason.PRODUCER_FAULT, problem)


def _retry_after(response: ClientResponse) -> float | None:
    """The seconds of a Retry-After header (RFC 9110 §10.2.3): a number of them, or until a date."""
    value = response.headers.get("Retry-After", "")
    if RETRY_AFTER.fullmatch(value):
        return min(int(value), LONGEST_RETRY_AFTER)
    try:
        seconds = (parsedate_to_datetime(value).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None
    return max(0.0, min(seconds, LONGEST_RETRY_AFTER))


def _max_age(response: ClientResponse) -> int:
    """For how many seconds the producer lets this answer be used again; 0 unless it says so (RFC 9111 §5.2.2)."""
    header = response.headers.get("Cache-Control")
    if header is None or response.headers.get("Vary", "").strip() == "*":
        return 0
    directives = {
        name.strip().lower(): value.strip(' "')
        for name, _, value in (directive.partition("=") for directive in header.split(","))
    }
    age = response.headers.get("Age", "0")
    max_age = directives.get("max-age", "")
    if directives.keys() & {"no-store", "no-cache"} or not RETRY_AFTER.fullmatch(max_age):
        return 0
    return max(0, int(max_age) - (int(age) if RETRY_AFTER.fullmatch(age) else 0))
