"""The people and companies of the demo data, and tokens for them: what the playground's chooser offers.

Only the gateway's own pages may ask. A page of another site that its visitor's browser lets ask is told by its
`Origin`, whatever GATEWAY_ALLOWED_ORIGINS says; one whose host name was made to point here, by its `Host`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.development.errors import DevelopmentError
from gateway.development.issuer import DEFAULT_LIFETIME, TokenIssuer
from gateway.http.parameters import BadRequest, read_body
from gateway.http.services import services_of
from gateway.settings import is_loopback

SUBJECTS: tuple[dict[str, Any], ...] = (
    {
        "id": "165599990010",
        "name": "Fika & Form AB",
        "actor": {"id": "199003152390", "name": "Alva Ek"},
    },
    {"id": "199003152390", "name": "Alva Ek"},
    {"id": "198811274560", "name": "Björn Sand"},
)
"""Fictitious: the check digits are wrong on purpose, so that nobody can have these numbers."""

FIRST_CONSUMER = "business-portal"
MOST_BYTES = 4_096
BODY_TIMEOUT = 5.0
"""Seconds."""


def caller_routes(issuer: TokenIssuer) -> list[Route]:
    """The chooser's two endpoints, for a gateway on a loopback address.

    Both answer 403 when asked by a name that is not a loopback one, or from a page that is not the gateway's own.
    """

    async def callers(request: Request) -> JSONResponse:
        """The connected consumers, and the subjects of the demo data."""
        if (refused := _refused(request)) is not None:
            return refused
        # The first one is chosen when the page opens: the one with the most to see.
        consumers = sorted(services_of(request).registry.consumers(), key=lambda one: one.id != FIRST_CONSUMER)
        return _answer(
            {
                "consumers": [
                    {"id": consumer.id, "name": {"sv": consumer.name.sv, "en": consumer.name.en}}
                    for consumer in consumers
                ],
                "subjects": SUBJECTS,
            }
        )

    async def token(request: Request) -> JSONResponse:
        """An access token for the consumer and subject of the JSON body, and what it has of actors and scope."""
        if (refused := _refused(request)) is not None:
            return refused
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _answer({"error": "Send application/json."}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            declared = request.headers.get("content-length")
            body = await read_body(request.receive, declared, max_bytes=MOST_BYTES, seconds=BODY_TIMEOUT)
            wanted = orjson.loads(body)
            consumer, subject, scope = str(wanted["consumer"]), str(wanted["subject"]), wanted.get("scope")
            token = issuer.issue(
                consumer, subject, _actors(wanted.get("actor")), scope=None if scope is None else str(scope)
            )
        except BadRequest as exc:
            return _answer({"error": str(exc)}, exc.status, exc.headers)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return _answer({"error": "Send an object with consumer and subject."}, HTTPStatus.BAD_REQUEST)
        except DevelopmentError as exc:
            return _answer({"error": str(exc)}, HTTPStatus.BAD_REQUEST)
        return _answer({"access_token": token, "token_type": "Bearer", "expires_in": DEFAULT_LIFETIME})

    return [
        Route("/development/callers", callers),
        Route("/development/token", token, methods=["POST"]),
    ]


def _actors(wanted: object) -> tuple[str, ...]:
    """The actors that a body names: none, one, or a list with the one who acts now first."""
    match wanted:
        case None:
            return ()
        case list():
            return tuple(str(actor) for actor in wanted)
    return (str(wanted),)


def _refused(request: Request) -> JSONResponse | None:
    """The answer to a request that does not come from this machine, or not from the gateway's own page."""
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    if not is_loopback(_name(host)):
        return _answer({"error": "Ask by a loopback address."}, HTTPStatus.FORBIDDEN)
    if origin not in (None, f"{request.url.scheme}://{host}"):
        return _answer({"error": "Only the gateway's own page may ask from a browser."}, HTTPStatus.FORBIDDEN)
    return None


def _name(host: str) -> str:
    """The name or address in a Host header, without port and brackets; empty when there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _answer(
    content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(content, status_code=status, headers={**(headers or {}), "Cache-Control": "no-store"})
