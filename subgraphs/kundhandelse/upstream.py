"""The HTTP client for the producer behind the adapter: bounded in time and size, and following nobody elsewhere."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from subgraphs.kundhandelse.failures import Failure, UpstreamDown, UpstreamFailed, failure_of, fault
from subgraphs.kundhandelse.replies import Reply

LONGEST_WAIT = 86_400
"""Seconds of a Retry-After that are passed on at most; the rest is for the next answer to say."""

LONGEST_DIGITS = 9

OPERATION = "/kundhandelseFragaSynkron"


class Upstream:
    """One producer that speaks the interface, over pooled connections. Usable inside `opened`.

    `headers` hold the credentials. Seconds are of one connection, bytes of one answer, decompressed.
    """

    def __init__(
        self, base: str, headers: Mapping[str, str], *, connect_timeout: float, max_response: int, max_connections: int
    ) -> None:
        self._url = base.rstrip("/") + OPERATION
        self._headers = headers
        self._connect_timeout = connect_timeout
        self._max_response = max_response
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep connections while the block runs."""
        connector = aiohttp.TCPConnector(limit=self._max_connections)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as self._session:
            yield

    async def ask(
        self, question: Mapping[str, Any], *, accept_language: str, correlation_id: str, deadline: float
    ) -> Reply:
        """The producer's answer to a question. `deadline` is by `time.monotonic`. Raises UpstreamFailed."""
        assert self._session is not None, "asked outside `opened`"
        headers = {
            **self._headers,
            "Accept": "application/json",
            "Accept-Language": accept_language,
            "Content-Type": "application/json",
            "skv_client_correlation_id": correlation_id,
        }
        try:
            async with (
                asyncio.timeout(max(0.0, deadline - time.monotonic())),
                self._session.post(
                    self._url,
                    data=orjson.dumps(question),
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout),
                ) as response,
            ):
                if response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                    raise _refusal(response)
                content = _object(await self._body(response))
                return Reply(response.status == HTTPStatus.PARTIAL_CONTENT, content)
        except TimeoutError as exc:
            raise UpstreamDown("no answer in time") from exc
        except aiohttp.ClientError as exc:
            # By its kind alone: what aiohttp says of an error can hold the address, and more.
            problem = type(exc).__name__
            unreachable = isinstance(exc, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError)
            raise (UpstreamDown(problem) if unreachable else fault(problem)) from exc

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_response:
                response.close()
                raise fault(f"an answer of more than {self._max_response} bytes")
        return bytes(body)


def _refusal(response: aiohttp.ClientResponse) -> UpstreamFailed:
    """What an HTTP status other than success says of the whole question."""
    failure, problem = failure_of(response.status), f"HTTP {response.status}"
    if failure is not Failure.UNAVAILABLE:
        return UpstreamFailed(failure, problem)
    too_many = response.status == HTTPStatus.TOO_MANY_REQUESTS
    told = too_many or response.status == HTTPStatus.SERVICE_UNAVAILABLE
    return UpstreamDown(problem, retry_after=_retry_after(response) if told else None, too_many=too_many)


def _retry_after(response: aiohttp.ClientResponse) -> int | None:
    """The seconds of a Retry-After header (RFC 9110 §10.2.3): a number of them, or until a date; None without one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:LONGEST_DIGITS]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return min(max(0, math.ceil((moment - datetime.now(UTC)).total_seconds())), LONGEST_WAIT)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise fault("not JSON") from exc
    if not isinstance(content, dict):
        raise fault("not an object")
    return content
