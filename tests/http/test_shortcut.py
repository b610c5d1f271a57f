"""The endpoint that is asked all the time has the same layers around it as all the others, but Starlette's own."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.shortcut import Shortcut


class Layer:
    """Writes down that it was passed."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self._app, self._name = app, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["passed"].append(self._name)
        await self._app(scope, receive, send)


def ending(name: str) -> ASGIApp:
    async def app(scope: Scope, _: Receive, __: Send) -> None:
        scope["passed"].append(name)

    return app


async def passed(scope: MutableMapping[str, Any]) -> list[str]:
    app = Shortcut(
        ending("application"),
        path="/graphql",
        methods=["POST"],
        endpoint=ending("endpoint"),
        middleware=[Middleware(Layer, "outer"), Middleware(Layer, name="inner")],
    )
    found: list[str] = []
    scope["passed"] = found

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    await app(scope, nothing, nothing)
    return found


async def test_what_is_for_the_endpoint_passes_its_layers_in_their_order() -> None:
    scope = {"type": "http", "path": "/graphql", "method": "POST"}

    assert await passed(scope) == ["outer", "inner", "endpoint"]


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "http", "path": "/graphql/", "method": "POST"},
        {"type": "http", "path": "/health/live", "method": "POST"},
        {"type": "http", "path": "/graphql", "method": "OPTIONS"},
        {"type": "websocket", "path": "/graphql"},
        {"type": "lifespan"},
    ],
    ids=lambda scope: " ".join(scope.values()),
)
async def test_everything_else_is_the_applications(scope: dict[str, Any]) -> None:
    assert await passed(scope) == ["application"]
