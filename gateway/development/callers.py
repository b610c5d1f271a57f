"""The people and companies of the demo data, and tokens for them: what the playground's chooser offers."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.development.errors import DevelopmentError
from gateway.development.issuer import DEFAULT_LIFETIME, TokenIssuer
from gateway.http.services import services_of

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


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def caller_routes(issuer: TokenIssuer) -> list[Route]:
    """The chooser's two endpoints. Only for a gateway on a loopback address, and only asked by that name."""

    async def callers(request: Request) -> JSONResponse:
        """The connected consumers, and the subjects of the demo data."""
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
        """An access token for the consumer, subject and actor of the JSON body."""
        if not is_loopback(request.url.hostname or ""):
            return _answer({"error": "Ask by a loopback address."}, HTTPStatus.FORBIDDEN)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _answer({"error": "Send application/json."}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            wanted = orjson.loads((await request.body())[:MOST_BYTES])
            token = issuer.issue(str(wanted["consumer"]), str(wanted["subject"]), wanted.get("actor"))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return _answer({"error": "Send an object with consumer and subject."}, HTTPStatus.BAD_REQUEST)
        except DevelopmentError as exc:
            return _answer({"error": str(exc)}, HTTPStatus.BAD_REQUEST)
        return _answer({"access_token": token, "token_type": "Bearer", "expires_in": DEFAULT_LIFETIME})

    return [
        Route("/development/callers", callers),
        Route("/development/token", token, methods=["POST"]),
    ]


def _answer(content: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> JSONResponse:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})
