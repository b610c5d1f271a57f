"""Work that nobody waits for any more is given up: the caller has gone, or the time is over that it gives."""

import asyncio
import re

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from subgraphs.reference.request_log import record_of

HUNG_UP = 499
"""What is logged as the status of a request whose caller hung up; nobody receives it."""

_MILLISECONDS = re.compile(r"[0-9]{1,9}")


class GiveUp:
    """Answers by the application it wraps, until `Request-Timeout` (in milliseconds) is over or the caller hangs up.

    Then what the application does is cancelled. When the time is over the answer is HTTP 504, if anybody still listens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        received: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)

        async def gone() -> None:
            """Hands on what is received, until the connection ends."""
            while (message := await receive())["type"] != "http.disconnect":
                await received.put(message)

        answering = asyncio.ensure_future(self._app(scope, received.get, send))
        hanging_up = asyncio.create_task(gone())
        try:
            await asyncio.wait({answering, hanging_up}, timeout=_seconds(scope), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
                return
            answering.cancel()
            await asyncio.wait({answering})
            if not answering.cancelled():
                return  # it was answered at the last moment
            record_of(scope).refused = "the caller has hung up" if hanging_up.done() else "the time is over"
            answer = Response(status_code=HUNG_UP) if hanging_up.done() else _over()
            await answer(scope, receive, send)
        finally:
            answering.cancel()
            hanging_up.cancel()


def _over() -> Response:
    error = {"message": "The caller's time is over.", "extensions": {"code": "DEADLINE_EXCEEDED"}}
    return JSONResponse({"errors": [error]}, status_code=504)


def _seconds(scope: Scope) -> float | None:
    value = Headers(scope=scope).get("request-timeout", "")
    return int(value) / 1_000 if _MILLISECONDS.fullmatch(value) else None
