"""`/metrics`: on a listener of its own, which callers do not reach, and in `gateway dev` beside everything else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.http.services import services_of
from gateway.metrics import CONTENT_TYPE, Metrics

PATH = "/metrics"


class _Beside(uvicorn.Server):
    """A server in the event loop of another one, which is the one that heeds signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def metrics_of_services(request: Request) -> Response:
    """The metrics of the application that is asked."""
    return _exposed(services_of(request).metrics)


@asynccontextmanager
async def serving_metrics(metrics: Metrics, listening: socket.socket) -> AsyncIterator[None]:
    """Serves `metrics` on `listening` for as long as the context lasts, and nothing else."""

    async def endpoint(_: Request) -> Response:
        return _exposed(metrics)

    app = Starlette(routes=[Route(PATH, endpoint)])
    server = _Beside(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _exposed(metrics: Metrics) -> Response:
    return Response(metrics.exposition(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
