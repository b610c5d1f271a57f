"""The adapter put together: its configuration becomes objects, and the objects meet."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette

from subgraphs.kundhandelse.answers import KundhandelseAnswers, Producer
from subgraphs.kundhandelse.configuration import Configuration
from subgraphs.kundhandelse.questions import Questioner
from subgraphs.kundhandelse.replies import Reader
from subgraphs.kundhandelse.upstream import Upstream
from subgraphs.reference.assertion import AssertionVerifier, Caller
from subgraphs.reference.contract import Answers
from subgraphs.reference.keys import PublishedKeys
from subgraphs.reference.server import create_app


def application(configuration: Configuration) -> Starlette:
    """The adapter as this configuration has it. Raises ValueError when a credential cannot be read."""
    limits = configuration.limits
    event_types = tuple(configuration.case_types)
    upstream = Upstream(
        configuration.base,
        configuration.headers(),
        connect_timeout=limits.connect_timeout,
        max_response=limits.max_response,
        max_connections=limits.max_connections,
    )
    producer = Producer(
        upstream,
        Reader(event_types, configuration.reference, configuration.producer),
        dict(configuration.case_types),
        configuration.code_system,
        limits.max_events,
    )

    def answers_for(caller: Caller, accept_language: str | None) -> Answers:
        return KundhandelseAnswers(
            producer,
            Questioner(caller, event_types, configuration.reference_type),
            accept_language or "sv",
            _request_id(),
            limits.deadline,
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with upstream.opened():
            yield

    keys = PublishedKeys(f"{configuration.gateway}/.well-known/jwks.json")
    return create_app(answers_for, AssertionVerifier(configuration.gateway, configuration.audience, keys), lifespan)


def _request_id() -> str:
    """The id under which the request stands in the log, so that the producer's log can be laid beside it."""
    return str(structlog.contextvars.get_contextvars().get("request_id") or uuid.uuid4())
