"""The log: one line for each GraphQL request, with neither identity numbers nor case references in it.

It says what was asked, twice: `fields` are those of the query, `scope` those that the gateway has signed for.
"""

import re
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_MAY_BE_A_NUMBER = re.compile(r"\d{6,}[-+]?\d{4,}")
"""What could be somebody's identity number, as a life event's code, say."""


def configure_log() -> None:
    """Write the process's log to standard output as lines for people, coloured on a terminal."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(
                colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )


@dataclass
class RequestRecord:
    """What the log line of a request will say. Filled in by whoever finds it out, through `record_of`."""

    consumer: str | None = None
    purposes: Sequence[str] = ()
    scope: Sequence[str] = ()
    fields: Sequence[str] = ()
    """The fields of a status in the query itself, in its order."""

    cases: int = 0
    refused: str | None = None


def record_of(scope: Scope) -> RequestRecord:
    """The record of the request that is being answered."""
    record: RequestRecord = scope["state"]["record"]
    return record


class LogRequests:
    """Logs every request to the application it wraps, and gives the answer its `X-Request-ID`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        started = time.perf_counter()
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
        record = scope.setdefault("state", {})["record"] = RequestRecord()
        status = 500

        async def send_with_request_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_request_id)
            finally:
                said = {
                    "consumer": record.consumer,
                    "purpose": _said(record.purposes),
                    "fields": _said(record.fields),
                    "scope": _said(record.scope),
                    "reason": record.refused,
                }
                log.info(
                    "refused" if record.refused else "answered",
                    status=status,
                    cases=record.cases,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    **{key: value for key, value in said.items() if value is not None},
                )


def _said(words: Sequence[str]) -> str | None:
    return _MAY_BE_A_NUMBER.sub("…", " ".join(words)) or None
