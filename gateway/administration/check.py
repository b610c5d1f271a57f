"""Asks a producer what the gateway would ask it, harmlessly, and says in plain words what does not fit the contract."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ssl import SSLContext
from typing import Any

import orjson
from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from gateway.administration.contract_check import compared
from gateway.model.caller import Caller, ConsumerId, SubjectKey
from gateway.model.producer import Producer
from gateway.model.purpose import Purpose
from gateway.model.status import REFERENCE_FIELDS, STATUS_FIELDS, StatusSelection
from gateway.producers.addresses import AddressRefused, AddressRules
from gateway.producers.assertion import CallerAssertions
from gateway.producers.contract import question, scope

SECONDS = 10.0
"""For one question: more than the gateway waits for a status, since nobody does now."""
MOST_BYTES = 1_048_576
LONGEST_QUOTE = 200

SDL_QUESTION = "{ _service { sdl } }"
EVERYTHING = StatusSelection(fields=STATUS_FIELDS, references=REFERENCE_FIELDS)

NOBODY = "190001010000"
"""Whose cases are asked about: a number with a wrong check digit, which nobody can have."""
ASKING = ConsumerId("gateway-check")


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a producer does not fit, and what else is worth knowing, a sentence each.

    `offers_cases`: whether its schema has `Query.cases`; None where the schema could not be read.
    """

    misfits: tuple[str, ...]
    notes: tuple[str, ...] = ()
    offers_cases: bool | None = None


class _NoAnswer(Exception):
    """A question that brought no answer to read; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a producer is asked with, as the gateway asks; without `assertions`, it is asked without any."""

    assertions: CallerAssertions | None
    rules: AddressRules
    authorities: SSLContext


async def checked(producer: Producer, means: Means) -> Checked:
    """Asks for the schema, compares it with the contract, and asks for the status of cases that it cannot have.

    Raises nothing.
    """
    notes = () if means.assertions is not None else (WITHOUT_ASSERTION,)
    connector = TCPConnector(ssl=means.authorities, socket_factory=means.rules.open_socket)
    async with ClientSession(connector=connector, cookie_jar=DummyCookieJar(), trust_env=False) as session:
        asking = _Asking(session, producer, means.assertions)
        try:
            sdl = _sdl(await asking.answer({"query": SDL_QUESTION}))
            comparison = compared(sdl)
        except _NoAnswer as exc:
            return Checked((str(exc),), notes)
        if comparison.misfits:
            return Checked(comparison.misfits, notes, comparison.offers_cases)
        try:
            misfits = await _asked_about_unknown_cases(asking)
        except _NoAnswer as exc:
            misfits = [str(exc)]
        return Checked(tuple(misfits), notes, comparison.offers_cases)


WITHOUT_ASSERTION = (
    "It was asked without a caller assertion, since no signing key is set here (GATEWAY_ASSERTION_KEY_FILE). So it is "
    "not known whether it accepts the gateway's."
)


class _Asking:
    """Asks one producer, as the gateway does."""

    def __init__(self, session: ClientSession, producer: Producer, assertions: CallerAssertions | None) -> None:
        self._session = session
        self._producer = producer
        self._assertions = assertions

    async def answer(self, body: dict[str, object]) -> Any:
        """The JSON that it answers. Raises _NoAnswer."""
        endpoint = self._producer.endpoint
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._session.post(
                    endpoint,
                    data=orjson.dumps(body),
                    headers=self._headers(),
                    allow_redirects=False,
                    timeout=ClientTimeout(total=None),
                ) as response,
            ):
                content = await self._read(response)
        except TimeoutError as exc:
            raise _NoAnswer(f"{endpoint} did not answer within {SECONDS:g} seconds.") from exc
        except (ClientError, ValueError) as exc:
            raise _NoAnswer(_unreached(endpoint, exc)) from exc
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as exc:
            raise _NoAnswer(f"{endpoint} answers what is not JSON: it must answer GraphQL over HTTP.") from exc

    def _headers(self) -> dict[str, str]:
        headers = {
            "Accept": "application/json, application/graphql-response+json;q=0.9",
            "Accept-Language": "sv, en;q=0.9",
            "Content-Type": "application/json",
            "Request-Timeout": str(int(SECONDS * 1000)),
            "X-Request-ID": f"check-{uuid.uuid4().hex}",
        }
        if self._assertions is not None:
            caller = Caller(ASKING, NOBODY, SubjectKey("", ""), (), frozenset())
            purposes = [Purpose(area, None) for area in self._producer.information_areas]
            assertion = self._assertions.sign(
                caller, audience=self._producer.audience, purposes=purposes, scope=scope(EVERYTHING)
            )
            headers["Authorization"] = f"Bearer {assertion}"
        return headers

    async def _read(self, response: ClientResponse) -> bytes:
        if response.status != HTTPStatus.OK:
            raise _NoAnswer(self._status_problem(response))
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MOST_BYTES:
                raise _NoAnswer(f"{self._producer.endpoint} answers more than {MOST_BYTES} bytes.")
        return bytes(body)

    def _status_problem(self, response: ClientResponse) -> str:
        said = f"{self._producer.endpoint} answers HTTP {response.status}"
        if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            if self._assertions is None:
                return (
                    f"{said} to a question without a caller assertion, as it should; so it cannot be checked here. Set "
                    "GATEWAY_ASSERTION_KEY_FILE and GATEWAY_PUBLIC_URL to the gateway's."
                )
            challenge = response.headers.get("WWW-Authenticate", "")[:LONGEST_QUOTE]
            return (
                f"{said} to the gateway's caller assertion{f' ({challenge})' if challenge else ''}: it must accept one "
                f"with the audience {self._producer.audience}, from the issuer and with the keys of this gateway."
            )
        if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
            to = response.headers.get("Location", "")[:LONGEST_QUOTE]
            return f"{said}, a redirect{f' to {to}' if to else ''}, which is not followed: give the right address."
        return f"{said}: it must answer 200."


def _unreached(endpoint: str, exc: Exception) -> str:
    reason = exc.os_error if isinstance(exc, ClientConnectorError) else exc
    if isinstance(reason, AddressRefused):
        return f"{endpoint} is not connected to: {reason}."
    if isinstance(exc, ClientConnectorDNSError):
        return f"{endpoint} cannot be reached: its name is not known."
    if isinstance(exc, ClientSSLError):
        return f"{endpoint} cannot be reached safely: its certificate is not accepted ({exc})."
    if isinstance(exc, ClientConnectorError):
        return f"{endpoint} cannot be reached: {exc.strerror or type(exc.os_error).__name__}."
    return f"{endpoint} does not answer as a web server should ({type(exc).__name__})."


def _sdl(answer: object) -> str:
    match answer:
        case {"data": {"_service": {"sdl": str(sdl)}}}:
            return sdl
        case _:
            raise _NoAnswer(
                f"It is not a subgraph: asked `{SDL_QUESTION}` it must answer its schema{_errors(answer)}. "
                "Serve it with a library for Apollo Federation 2."
            )


async def _asked_about_unknown_cases(asking: _Asking) -> list[str]:
    references = [f"gateway-check-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    answer = await asking.answer(
        {
            "query": question(EVERYTHING),
            "variables": {"representations": [{"__typename": "Case", "reference": one} for one in references]},
        }
    )
    return list(_answer_misfits(answer, references))


def _answer_misfits(answer: Any, references: Sequence[str]) -> Iterator[str]:
    asked = "Asked for the status of two cases that it cannot have, it"
    match answer:
        case {"data": {"_entities": list(entities)}} if len(entities) == len(references):
            if _errors(answer):
                yield f"{asked} answers errors{_errors(answer)}: an unknown case is no error; its status is null."
        case _:
            yield f"{asked} must answer a list of two{_errors(answer)}."
            return
    for entity, reference in zip(entities, references, strict=True):
        match entity:
            case None:
                continue
            case {"status": None, "reference": str(given)} if given == reference:
                continue
            case {"reference": str(given)} if given != reference:
                yield f"{asked} answers the reference {given[:LONGEST_QUOTE]!r} where it was asked about {reference!r}."
            case {"status": dict()}:
                yield f"{asked} answers a status: it must be null."
            case _:
                yield f"{asked} answers what is no case: it must answer the reference, and null for the status."


def _errors(answer: object) -> str:
    """What errors an answer has, in brackets; empty where it has none."""
    match answer:
        case {"errors": [{"message": str(message)}, *_]}:
            return f" (it says: {message[:LONGEST_QUOTE]})"
        case {"errors": [_, *_]}:
            return " (it answers an error)"
        case _:
            return ""
