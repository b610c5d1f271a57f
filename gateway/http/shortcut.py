"""The way to the one endpoint that is asked all the time: past the layers that Starlette has around all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Shortcut:
    """`application`, but that requests for `path` by one of `methods` go to `endpoint` at once.

    `endpoint` has `middleware` around it, the first outermost, as the application has. What Starlette has around both
    it does without: its router, and the layers that answer for what fails, which RequestLog masks.
    """

    def __init__(
        self,
        application: ASGIApp,
        *,
        path: str,
        methods: Collection[str],
        endpoint: ASGIApp,
        middleware: Sequence[Middleware],
    ) -> None:
        self._application = application
        self._path = path
        self._methods = frozenset(methods)
        self._endpoint = endpoint
        for layer in reversed(middleware):
            self._endpoint = layer.cls(self._endpoint, *layer.args, **layer.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or lives through the application's lifespan."""
        if scope["type"] == "http" and scope["path"] == self._path and scope["method"] in self._methods:
            await self._endpoint(scope, receive, send)
        else:
            await self._application(scope, receive, send)
