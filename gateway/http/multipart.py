"""An answer in parts: `multipart/mixed` (GraphQL over HTTP, "Incremental Delivery over HTTP")."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson

from gateway.execution.run import Parts

CONTENT_TYPE = 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
"""Names the form of the parts, `pending` and `completed` (specs.apollo.dev/incremental/v0.2), as clients ask for it."""

_BEFORE = b"\r\n---\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
_END = b"\r\n-----\r\n"


async def written(parts: Parts) -> AsyncIterator[bytes]:
    """The parts as they become ready, each written whole, then the end."""
    yield _BEFORE + orjson.dumps(parts.first)
    async for part in parts.rest:
        yield _BEFORE + orjson.dumps(part)
    yield _END
