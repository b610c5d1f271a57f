"""The endpoints behind the playground's chooser: for the gateway's own page on this machine, and nobody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message

from gateway.development.callers import MOST_BYTES, caller_routes
from gateway.development.directory import occupied
from gateway.development.issuer import DEFAULT_SCOPE, open_issuer
from gateway.model.text import Text

HOST = "127.0.0.1:8000"
ELSEWHERE = "https://elsewhere.example"
WANTED = json.dumps({"consumer": "business-portal", "subject": "165599990010"}).encode()
CALLERS, TOKEN = ("GET", "/development/callers"), ("POST", "/development/token")
CONSUMERS = [SimpleNamespace(id=id_, name=Text(id_, id_)) for id_ in ("accounting-program", "business-portal")]


@dataclass
class Answer:
    """What came back, and how many bytes of the body were taken for it."""

    status: int
    headers: dict[str, str]
    json: Any
    taken: int


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks the endpoints, in an application whose CORS settings let a page elsewhere ask."""
    with occupied(tmp_path / "development"):
        issuer = open_issuer(tmp_path / "development", "http://127.0.0.1:8000")
    cors = Middleware(CORSMiddleware, allow_origins=[ELSEWHERE], allow_methods=["*"], allow_headers=["*"])
    app = Starlette(routes=caller_routes(issuer), middleware=[cors])
    services = SimpleNamespace(registry=SimpleNamespace(consumers=lambda: CONSUMERS))

    async def ask(endpoint: tuple[str, str], body: Sequence[bytes] = (WANTED,), **headers: str) -> Answer:
        method, path = endpoint
        sent = {"host": HOST, "content-type": "application/json", **headers}
        left, taken, answered = list(body), 0, list[Message]()

        async def receive() -> Message:
            nonlocal taken
            chunk = left.pop(0)
            taken += len(chunk)
            return {"type": "http.request", "body": chunk, "more_body": bool(left)}

        async def send(message: Message) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "state": {"services": services},
            "headers": [(name.encode(), value.encode()) for name, value in sent.items() if value],
        }
        await app(scope, receive, send)
        start, *parts = answered
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, json.loads(b"".join(part["body"] for part in parts)), taken)

    return ask


async def test_the_gateways_own_page_is_answered(ask: Ask) -> None:
    callers = await ask(CALLERS)
    token = await ask(TOKEN, origin=f"http://{HOST}")

    assert [consumer["id"] for consumer in callers.json["consumers"]] == ["business-portal", "accounting-program"]
    assert token.status == 200
    assert token.json["token_type"] == "Bearer"
    assert token.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("endpoint", [CALLERS, TOKEN])
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.2:1", "[::1]:8000", "LocalHost"])
async def test_every_loopback_name_is_answered(ask: Ask, endpoint: tuple[str, str], host: str) -> None:
    assert (await ask(endpoint, host=host)).status == 200
    assert (await ask(endpoint, host=host, origin=f"http://{host}")).status == 200


@pytest.mark.parametrize("endpoint", [CALLERS, TOKEN])
@pytest.mark.parametrize(
    "host", ["", "elsewhere.example", "192.0.2.1:8000", "localhost.elsewhere.example", "[::1", "["]
)
async def test_another_host_name_is_refused(ask: Ask, endpoint: tuple[str, str], host: str) -> None:
    """As a page sends it whose own name was made to point to this machine."""
    answer = await ask(endpoint, host=host)

    assert answer.status == 403
    assert answer.json == {"error": "Ask by a loopback address."}


@pytest.mark.parametrize("endpoint", [CALLERS, TOKEN])
@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "null", "http://127.0.0.1:3000", "http://localhost:8000", f"https://{HOST}"]
)
async def test_a_page_of_another_origin_is_refused_whatever_cors_lets_through(
    ask: Ask, endpoint: tuple[str, str], origin: str
) -> None:
    answer = await ask(endpoint, origin=origin)

    assert answer.status == 403
    assert answer.json == {"error": "Only the gateway's own page may ask from a browser."}


async def test_no_more_than_the_limit_is_read_of_a_body(ask: Ask) -> None:
    in_chunks = await ask(TOKEN, [b" " * 1_024] * 64)
    declared = await ask(TOKEN, [b" " * 1_024] * 64, **{"content-length": "65536"})

    assert (in_chunks.status, declared.status) == (413, 413)
    assert in_chunks.taken <= MOST_BYTES + 1_024
    assert declared.taken == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b"{}", b'{"consumer": "business-portal"}', b'{"consumer": "A", "subject": "1"}']
)
async def test_a_body_that_asks_for_no_token_is_told(ask: Ask, body: bytes) -> None:
    answer = await ask(TOKEN, [body])

    assert answer.status == 400
    assert answer.json["error"]


@pytest.mark.parametrize(
    ("more", "claims"),
    [
        ({}, {"scope": DEFAULT_SCOPE}),
        ({"actor": None, "scope": None}, {"scope": DEFAULT_SCOPE}),
        ({"actor": "199003152390"}, {"scope": DEFAULT_SCOPE, "act": {"sub": "199003152390"}}),
        (
            {"actor": ["199003152390", "198811274560"], "scope": "case-groups:read"},
            {"scope": "case-groups:read", "act": {"sub": "199003152390", "act": {"sub": "198811274560"}}},
        ),
    ],
)
async def test_a_token_has_the_actors_and_the_scope_that_are_asked_for(
    ask: Ask, more: dict[str, Any], claims: dict[str, Any]
) -> None:
    answer = await ask(TOKEN, [json.dumps({**json.loads(WANTED), **more}).encode()])

    payload = answer.json["access_token"].split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert {name: value for name, value in found.items() if name in {"act", "scope"}} == claims


@pytest.mark.parametrize("more", [{"actor": 5}, {"actor": [None]}, {"actor": {}}, {"actor": ["1"]}, {"scope": "ä"}])
async def test_actors_and_a_scope_that_cannot_be_in_a_token_are_told(ask: Ask, more: dict[str, Any]) -> None:
    answer = await ask(TOKEN, [json.dumps({**json.loads(WANTED), **more}).encode()])

    assert answer.status == 400
    assert "cannot be in a token" in answer.json["error"]


async def test_a_form_is_not_read(ask: Ask) -> None:
    """A form on another site could be sent without its owner being asked."""
    assert (await ask(TOKEN, **{"content-type": "text/plain"})).status == 415
