"""Runs an application under uvicorn the way the gateway is run everywhere."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 5


def serve(app: ASGIApp, host: str, port: int, *, grace: int = GRACE_SECONDS) -> None:
    """Serves `app` until a signal stops it; requests under way get `grace` seconds to end."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=grace,
    )
