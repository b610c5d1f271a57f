"""Running one ASGI application as a process: its socket, its start, its end."""

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp


class AddressTaken(Exception):
    """The address cannot be listened on; the message says why in one sentence."""


def listen(host: str, port: int) -> socket.socket:
    """Open the socket to serve on; port 0 takes a free one. Raises AddressTaken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as exc:
        # The system's own words; Python adds the address to them in brackets.
        reason = (exc.strerror or str(exc)).partition(" (")[0] if isinstance(exc, OSError) else str(exc)
        raise AddressTaken(
            f"Cannot listen on {host} port {port}: {reason}. Stop what uses it, or choose another with --port."
        ) from exc


def serve(app: ASGIApp, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve the application until SIGINT or SIGTERM; requests in flight get a second to end.

    `on_ready` is called once with the base URL when requests are answered.
    """
    host, port = listener.getsockname()[:2]
    base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,  # longer than clients keep a pooled connection, so that they are the ones to close it
        timeout_graceful_shutdown=1,
    )
    # By then uvicorn has shut down in good order; it raises SIGINT anew, which would print a traceback.
    with suppress(KeyboardInterrupt):
        _Server(config, lambda: on_ready(base_url)).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()
