"""An answer in parts: `multipart/mixed` (GraphQL over HTTP, "Incremental Delivery over HTTP")."""

from __future__ import annotations

from collections.abc import AsyncIterator

from gateway.execution.run import Answer, Parts
from gateway.http.writing import as_json

CONTENT_TYPE = 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
"""Names the form of the parts, `pending` and `completed` (specs.apollo.dev/incremental/v0.2), as clients ask for it."""

_BOUNDARY = b"\r\n---\r\n"
_HEAD = b"Content-Type: application/json; charset=utf-8\r\n\r\n"
_END = b"\r\n-----\r\n"


async def written(parts: Parts) -> AsyncIterator[bytes]:
    """The parts as they become ready, each with the boundary after it: clients read a part when they see its end."""
    yield _BOUNDARY + _written(parts.first)
    async for part in parts.rest:
        yield _written(part)


def _written(part: Answer) -> bytes:
    return _HEAD + as_json(part) + (_BOUNDARY if part["hasNext"] else _END)
