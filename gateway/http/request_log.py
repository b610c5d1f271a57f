"""The outermost layer: a request id in and out, a log line and a count, and nothing of the inside in a failure."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import GatewayError, Unavailable
from gateway.execution.errors import INTERNAL_MESSAGE
from gateway.http.incoming import header_of
from gateway.http.services import services_in
from gateway.metrics import NO_OPERATION, OK

log = structlog.get_logger(__name__)

HEADER = "X-Request-ID"
RAW_HEADER = HEADER.lower().encode("latin-1")
ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,64}")
DIVIDED_NUMBER = re.compile(r"(?<!\d)(?:\d\d)?\d\d[._:-]?\d\d[._:-]?\d\d[._:-]*\d{4}(?!\d)")
"""An identity number, divided by whatever an id may have in it, as in `1990-03-15.2390`."""
LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


class RequestLog:
    """ASGI middleware. The path alone is logged: query strings and bodies hold what callers ask about."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application; an exception it lets through becomes a masked 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(header_of(scope["headers"], RAW_HEADER))
        id_header = (RAW_HEADER, request_id.encode("latin-1"))
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.monotonic()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message.get("headers", ()), id_header]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            # The server stops and its patience with this request has ended. Nobody awaits this task: it ends here.
            log.warning("request.cut_off")
            scope["state"]["outcome"] = Unavailable.code
            if not status:
                await _send_error(send_with_id, 503, STOPPING, Unavailable.code, request_id)
        except Exception:
            log.exception("request.failed")
            scope["state"]["outcome"] = GatewayError.code
            if status:
                raise
            await _send_error(send_with_id, 500, INTERNAL_MESSAGE, GatewayError.code, request_id)
        finally:
            path = _shown(scope["path"])
            seconds = time.monotonic() - began
            _count(scope["state"], path, status, seconds)
            log.log(
                logging.DEBUG if path in QUIET_PATHS else logging.INFO,
                "request",
                method=scope["method"],
                path=path,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )
            structlog.contextvars.reset_contextvars(**bound)


STOPPING = (
    "The gateway is being stopped and did not finish this request. Send it again; a change may or may not have been "
    "made, and can be repeated safely with the same expectedRevision or idempotencyKey."
)

ASSETS = "/playground/assets/"

QUIET_PATHS = frozenset({"/health/live", "/health/ready", "/metrics", ASSETS})
"""Asked every few seconds by whatever watches over the gateway, or by the dozen when the playground is opened."""

GRAPHQL = "/graphql"

KNOWN_PATHS = QUIET_PATHS | {"/", GRAPHQL, "/.well-known/jwks.json"}


def _count(state: dict[str, Any], path: str, status: int, seconds: float) -> None:
    """Counts an answered request; what `state` says of the operation is the endpoint's."""
    metrics = services_in(state).metrics
    metrics.http_requests(path, status).inc()
    if path == GRAPHQL:
        outcome = state.get("outcome", OK)
        metrics.operations(state.get("operation", NO_OPERATION), outcome).observe(seconds)


def _shown(path: str) -> str:
    """The path as it is logged; a stray one can hold anything, so it is not shown."""
    if path.startswith(ASSETS):
        return ASSETS
    return path if path in KNOWN_PATHS else "(other)"


def _request_id(sent: str | None) -> str:
    """The caller's id where it is usable and cannot hold an identity number; otherwise a new one."""
    if sent and ACCEPTED.fullmatch(sent) and not DIVIDED_NUMBER.search(sent):
        return sent
    # 32 letters and no digit: a run of digits could be taken for an identity number and blotted out of the log.
    return secrets.token_hex(16).translate(LETTERS)


async def _send_error(send: Send, status: int, message: str, code: str, request_id: str) -> None:
    error = {"message": message, "extensions": {"code": code, "requestId": request_id}}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")],
        }
    )
    await send({"type": "http.response.body", "body": orjson.dumps({"errors": [error]})})
