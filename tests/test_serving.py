"""How the gateway is served: on the fast loop and parser, and each request for itself."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.serving import configured

REQUEST = b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what the log's context holds before and after something was bound to it."""
    assert scope["type"] == "http"
    before = sorted(structlog.contextvars.get_contextvars())
    structlog.contextvars.bind_contextvars(consumer="business-portal")
    body = repr(before).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def test_uvloop_and_httptools_are_used() -> None:
    config = configured(app)
    config.load()
    factory: Any = config.get_loop_factory()

    loop = factory()
    loop.close()

    assert config.http_protocol_class is HttpToolsProtocol
    assert isinstance(loop, uvloop.Loop)


async def test_a_request_takes_over_nothing_from_the_one_before_it_on_its_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = configured(app)
        config.lifespan = "off"
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(REQUEST * 3)
        bodies = []
        for _ in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            bodies.append(await reader.readexactly(2))
        writer.close()
        server.should_exit = True
        await serving

    assert bodies == [b"[]"] * 3
