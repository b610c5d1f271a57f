"""The HTTP client for status subgraphs: asks one producer about many cases and never fails, only reports."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import orjson
import structlog
from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
)
from aiohttp.http_exceptions import ContentLengthError, TransferEncodingError

from gateway.model.caller import Caller
from gateway.model.producer import Producer
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.answers import outcomes
from gateway.producers.assertion import CallerAssertions
from gateway.producers.contract import question, scope

log = structlog.get_logger(__name__)

RETRY_AFTER = re.compile(r"[0-9]{1,8}")
LONGEST_RETRY_AFTER = 86_400

LONGEST_CHALLENGE = 200
"""Characters of a producer's WWW-Authenticate header that are logged."""

BROKEN_OFF = (ContentLengthError, TransferEncodingError)
"""How aiohttp says that an answer ended before its end."""


@dataclass(frozen=True, slots=True)
class ProducerLimits:
    """What a producer gets: seconds to connect, seconds for a request in all, cases and bytes of answer."""

    connect_timeout: float
    deadline: float
    max_batch: int
    max_response_bytes_per_100: int

    def response_bytes(self, cases: int) -> int:
        """The most bytes of an answer about `cases` cases, decompressed."""
        return self.max_response_bytes_per_100 * max(1, -(-cases // 100))


@dataclass(frozen=True, slots=True)
class CallContext:
    """What of an operation goes with every producer request; `deadline` is the operation's, by `time.monotonic`."""

    caller: Caller
    accept_language: str
    request_id: str
    trace_id: str
    deadline: float


class _Failed(Exception):
    """A request that brought no answer to read."""

    def __init__(self, reason: UnavailableReason, problem: str, retry_after: int | None = None) -> None:
        super().__init__(problem)
        self.outcome = Unavailable(reason, retry_after)


class ProducerClient:
    """Asks producers for statuses over pooled, kept-alive connections."""

    def __init__(self, session: ClientSession, assertions: CallerAssertions, limits: ProducerLimits) -> None:
        self._session = session
        self._assertions = assertions
        self.limits = limits

    async def statuses(
        self,
        producer: Producer,
        references: Sequence[str],
        selection: StatusSelection,
        purposes: Iterable[Purpose],
        context: CallContext,
    ) -> list[StatusOutcome]:
        """What `producer` says about each of `references`, in their order. One request; raises nothing."""
        began = time.monotonic()
        failure: _Failed | None = None
        answers: list[StatusOutcome]
        try:
            body = await self._ask(producer, references, selection, purposes, context)
            with structlog.contextvars.bound_contextvars(producer=producer.id):
                answers = outcomes(body, references, selection, datetime.now(UTC))
        except _Failed as exc:
            failure = exc
            answers = [exc.outcome] * len(references)
        log.log(
            logging.INFO if failure is None else logging.WARNING,
            "producer.asked",
            producer=producer.id,
            cases=len(references),
            milliseconds=round((time.monotonic() - began) * 1000, 1),
            **({} if failure is None else {"outcome": failure.outcome.reason.value, "problem": str(failure)}),
        )
        return answers

    async def _ask(
        self,
        producer: Producer,
        references: Sequence[str],
        selection: StatusSelection,
        purposes: Iterable[Purpose],
        context: CallContext,
    ) -> bytes:
        remaining = context.deadline - time.monotonic()
        if remaining <= 0:
            raise _Failed(UnavailableReason.DEADLINE_EXCEEDED, "the operation's time was used up")
        seconds = min(self.limits.deadline, remaining)
        payload = {
            "query": question(selection),
            "variables": {
                "representations": [{"__typename": "Case", "reference": reference} for reference in references]
            },
        }
        assertion = self._assertions.sign(
            context.caller, audience=producer.audience, purposes=purposes, scope=scope(selection)
        )
        try:
            async with asyncio.timeout(seconds):
                async with self._session.post(
                    producer.endpoint,
                    data=orjson.dumps(payload),
                    headers=_headers(assertion, context, seconds),
                    allow_redirects=False,
                    timeout=ClientTimeout(total=None, sock_connect=self.limits.connect_timeout),
                ) as response:
                    _check_status(response)
                    return await self._read(response, self.limits.response_bytes(len(references)))
        except ConnectionTimeoutError as exc:
            raise _Failed(UnavailableReason.PRODUCER_UNAVAILABLE, "no connection in time") from exc
        except TimeoutError as exc:
            if seconds < self.limits.deadline:
                raise _Failed(UnavailableReason.DEADLINE_EXCEEDED, "the operation's time was used up") from exc
            raise _Failed(UnavailableReason.PRODUCER_TIMEOUT, f"no answer in {seconds:g} s") from exc
        except (ClientError, ValueError) as exc:
            # ValueError: an endpoint that is no address.
            raise _failure(exc) from exc

    @staticmethod
    async def _read(response: ClientResponse, most: int) -> bytes:
        """The body, decompressed, up to `most` bytes."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > most:
                response.close()
                raise _Failed(UnavailableReason.PRODUCER_FAULT, f"the answer is larger than {most} bytes")
        return bytes(body)


def _failure(exc: ClientError | ValueError) -> _Failed:
    """A connection that broke, before the answer or within it, or else an answer that cannot be read."""
    if isinstance(exc, ClientConnectionError) or isinstance(exc.__cause__, BROKEN_OFF):
        return _Failed(UnavailableReason.PRODUCER_UNAVAILABLE, f"connection: {type(exc).__name__}")
    return _Failed(UnavailableReason.PRODUCER_FAULT, f"answer: {type(exc).__name__}")


def _check_status(response: ClientResponse) -> None:
    status = response.status
    if status == HTTPStatus.OK:
        return
    problem = f"HTTP {status}"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        # Why it refuses, as far as it says: the operator needs it, the caller does not get it.
        challenge = response.headers.get("WWW-Authenticate", "")[:LONGEST_CHALLENGE]
        raise _Failed(UnavailableReason.PRODUCER_REFUSED, f"{problem} {challenge}".rstrip())
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _Failed(UnavailableReason.PRODUCER_UNAVAILABLE, problem, _retry_after(response))
    raise _Failed(UnavailableReason.PRODUCER_FAULT, problem)


def _retry_after(response: ClientResponse) -> int | None:
    """The seconds of a Retry-After header, where it gives seconds."""
    value = response.headers.get("Retry-After", "")
    return min(int(value), LONGEST_RETRY_AFTER) if RETRY_AFTER.fullmatch(value) else None


def _headers(assertion: str, context: CallContext, seconds: float) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {assertion}",
        "Accept": "application/json, application/graphql-response+json;q=0.9",
        "Accept-Language": context.accept_language,
        "Content-Type": "application/json",
        "Request-Timeout": str(int(seconds * 1000)),
        "X-Request-ID": context.request_id,
        "traceparent": f"00-{context.trace_id}-{secrets.token_hex(8)}-01",
    }
