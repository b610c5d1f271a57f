"""Reads an answer in parts as current clients do, and puts it together (specs.apollo.dev/incremental/v0.2)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse

from tests.gateway import Gateway

ACCEPT = "multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9"
"""What Apollo Client 4 sends with `GraphQL17Alpha9Handler`."""

BOUNDARY = b"\r\n---"


class Parts:
    """The parts of one answer, as they come."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response
        self._begun = False
        self._ended = False

    async def next(self) -> Any:
        """The next part, read up to the boundary that ends it; None after the last."""
        if not self._begun:
            assert await self.response.content.readuntil(BOUNDARY) == BOUNDARY
            self._begun = True
            await self._see_what_follows()
        if self._ended:
            return None
        part = (await self.response.content.readuntil(BOUNDARY)).removesuffix(BOUNDARY)
        head, _, body = part.partition(b"\r\n\r\n")
        assert head.lower() == b"content-type: application/json; charset=utf-8"
        await self._see_what_follows()
        content = json.loads(body)
        assert content["hasNext"] is not self._ended
        return content

    async def all(self) -> list[Any]:
        """The parts that are left."""
        parts = []
        while (part := await self.next()) is not None:
            parts.append(part)
        return parts

    async def _see_what_follows(self) -> None:
        following = await self.response.content.readexactly(2)
        assert following in {b"\r\n", b"--"}
        self._ended = following == b"--"
        if self._ended:
            assert await self.response.content.read() == b"\r\n"


@asynccontextmanager
async def in_parts(gateway: Gateway, query: str, accept: str = ACCEPT, **variables: Any) -> AsyncIterator[Parts]:
    """Asks for an answer in parts."""
    async with gateway.session.post(
        f"{gateway.url}/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {gateway.token_for()}", "Accept": accept},
    ) as response:
        yield Parts(response)


def together(parts: list[Any], *, complete: bool = True) -> Any:
    """The data of all parts; `complete`: none may be missing."""
    first, *rest = parts
    data, pending = first["data"], {}
    for part in [first, *rest]:
        pending.update({one["id"]: one["path"] for one in part.get("pending", ())})
        for one in part.get("incremental", ()):
            target = data
            for step in [*pending[one["id"]], *one.get("subPath", ())]:
                target = target[step]
            if "items" in one:
                target.extend(one["items"])
            else:
                target.update(one["data"])
        for one in part.get("completed", ()):
            del pending[one["id"]]
    assert pending == {} or not complete
    return data
