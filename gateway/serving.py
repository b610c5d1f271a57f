"""Runs an application under uvicorn the way the gateway is run everywhere."""

from __future__ import annotations

import gc
import socket

import uvicorn
from starlette.types import ASGIApp

from gateway.settings import Settings

GRACE_SECONDS = 5
BACKLOG = 2_048

COLLECTED_AFTER = (7_000, 5, 2)
"""Thresholds of the garbage collector. Hardly anything a request makes is in a cycle: with Python's own first threshold
of 700 the collector goes through the objects of the requests under way several times each, and finds nothing. The
product of the three is Python's own: what is in cycles, as documents are and refusals of them, waits no longer for it.
"""


class CannotListen(Exception):
    """The address cannot be listened on; the message says why, and which settings change it."""


def listen(host: str, port: int, *, what: str = "") -> socket.socket:
    """A socket that listens on `host` and `port`, which the settings GATEWAY_`what`PORT and HOST say.

    Raises CannotListen.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as exc:
        raise CannotListen(
            f"The gateway cannot listen on port {port} of {host}: {exc.strerror}. "
            f"Set GATEWAY_{what}PORT or GATEWAY_{what}HOST to another, or end what is using it."
        ) from exc


def listen_for_metrics(settings: Settings) -> socket.socket | None:
    """A socket for `/metrics`; None where the settings name no port for it. Raises CannotListen."""
    if settings.metrics_port is None:
        return None
    return listen(settings.metrics_host, settings.metrics_port, what="METRICS_")


def configured(app: ASGIApp, *, grace: int = GRACE_SECONDS) -> uvicorn.Config:
    """How uvicorn serves `app`: on uvloop and httptools, which it prefers; each request in a context of its own.

    Without that a request that was sent before the one ahead of it was answered would take over what that one's log
    lines are found by.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        reset_contextvars=True,
        timeout_graceful_shutdown=grace,
    )


def serve(app: ASGIApp, listening: socket.socket, *, grace: int = GRACE_SECONDS) -> None:
    """Serves `app` until a signal stops it; requests under way get `grace` seconds to end.

    The process is the server's from now on: its garbage collector is set for many small requests.
    """
    gc.set_threshold(*COLLECTED_AFTER)
    _Server(configured(app, grace=grace)).run(sockets=[listening])


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts. What is there then stays: code, schema, settings, a hundred thousand objects.

        Looking through them for garbage would hold every request up for some sixty milliseconds.
        """
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
