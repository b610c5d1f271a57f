"""Questions about statuses, and what a producer may do with them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.gateway import BUSINESS, Gateway
from tests.producer import Behaviour, Producer

OUTCOMES = """
  query Group($id: ID!) {
    caseGroup(id: $id) {
      cases(first: 100) {
        edges {
          node {
            reference
            status {
              ... on CaseStatus { code title updatedAt }
              ... on StatusUnavailable { reason message retryAfterSeconds requestId }
            }
          }
        }
      }
    }
  }
"""


def complete(producer: Producer, reference: str) -> dict[str, Any]:
    """The whole status of a case, as OUTCOMES asks for it."""
    said = producer.statuses[reference]
    return {"code": said["code"], "title": said["title"], "updatedAt": "2026-03-01T08:30:00Z"}


async def outcomes_of(gateway: Gateway, group: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """What the gateway says of each case of the group, by reference."""
    answer = await gateway.query(OUTCOMES, id=group["id"], **more)
    edges = answer.data["caseGroup"]["cases"]["edges"]
    return {edge["node"]["reference"]: edge["node"]["status"] for edge in edges}


async def reasons_of(gateway: Gateway, group: dict[str, Any]) -> dict[str, str]:
    """By reference: why there is no status, or its title."""
    outcomes = await outcomes_of(gateway, group)
    return {reference: outcome.get("reason") or outcome["title"] for reference, outcome in outcomes.items()}


async def a_group_for(gateway: Gateway, purpose: dict[str, Any], *cases: dict[str, Any]) -> Any:
    """A new group with this purpose."""
    return await gateway.a_group_with(*cases, purpose={**BUSINESS, **purpose})


def raw(content: bytes | str, *, status: int = 200, **headers: str) -> Behaviour:
    """A producer that answers with this body, whatever it is asked."""
    body = content.encode() if isinstance(content, str) else content
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def behave(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={"Content-Type": "application/json", **named})

    return behave


def zipped(content: bytes) -> Behaviour:
    """A producer that answers with this body, compressed."""
    return raw(gzip.compress(content), Content_Encoding="gzip")


def changing(producer: Producer, change: Callable[[dict[str, Any]], object]) -> Behaviour:
    """A producer that gives its correct answer with one change: `change` returns it, or changes it in place."""

    async def behave(request: web.Request) -> web.StreamResponse:
        answer = producer.correct_answer(await request.json())
        changed = change(answer)
        return web.json_response(answer if changed is None else changed)

    return behave


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Closes the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang_up_in_the_headers(request: web.Request) -> web.StreamResponse:
    """Closes the connection within the answer's head."""
    return await _write_and_hang_up(request, b"HTTP/1.1 200 OK\r\nContent-Ty")


async def hang_up_in_the_body(request: web.Request) -> web.StreamResponse:
    """Closes the connection before all bytes that were announced are there."""
    return await _write_and_hang_up(request, b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data": {"_ent')


async def hang_up_in_a_chunk(request: web.Request) -> web.StreamResponse:
    """Closes the connection within a chunk."""
    return await _write_and_hang_up(request, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{"data": {')


async def speak_another_language(request: web.Request) -> web.StreamResponse:
    """Answers in a protocol that is not HTTP."""
    return await _write_and_hang_up(request, b"SSH-2.0-OpenSSH_9.6\r\n")


async def _write_and_hang_up(request: web.Request, content: bytes) -> web.StreamResponse:
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.write(content)
    request.transport.close()
    return web.Response()


@dataclass
class Silence:
    """A producer that accepts a request and says nothing until the gateway hangs up."""

    hung_up_on: int = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Waits for the end of the connection."""
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        self.hung_up_on += 1
        return web.Response()


def as_json(content: object) -> bytes:
    """The content as the body of an answer."""
    return json.dumps(content).encode()
