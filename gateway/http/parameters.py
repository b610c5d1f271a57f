"""What a GraphQL request asks for, read from GET or POST (GraphQL over HTTP, "Request")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.types import Receive

from gateway.errors import BadUserInput, GatewayError, LimitExceeded
from gateway.http.incoming import Incoming
from gateway.http.patience import Patience

UTF_8 = frozenset({"utf-8", "utf8"})


class BadRequest(Exception):
    """A request that is no well-formed GraphQL request: its HTTP status, and what the caller is told."""

    def __init__(self, status: HTTPStatus, reason: GatewayError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(reason))
        self.status, self.reason, self.headers = status, reason, dict(headers or {})


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


async def parameters_of(request: Incoming, *, max_bytes: int, timeout: float) -> Parameters:  # noqa: ASYNC109
    """The request's parameters. Reads at most `max_bytes` of body, for at most `timeout` seconds. Raises BadRequest."""
    if request.method == "GET":
        return _checked(_from_query_string(request, max_bytes))
    _check_content_type(request)
    declared = request.header(b"content-length")
    body = await read_body(request.receive, declared, max_bytes=max_bytes, seconds=timeout)
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise _bad(f"The body is not JSON: {exc.msg} at character {exc.pos}.") from exc
    if isinstance(sent, list):
        raise _bad("Batches are not taken. Send one operation a request.")
    if not isinstance(sent, dict):
        raise _bad("The body must be a JSON object with `query`.")
    return _checked(sent)


def _from_query_string(request: Incoming, max_bytes: int) -> dict[str, Any]:
    if len(request.query_string) > max_bytes:
        raise _too_large(max_bytes)
    sent: dict[str, Any] = dict(QueryParams(request.query_string))
    for name in ("variables", "extensions"):
        if text := sent.pop(name, None):
            try:
                sent[name] = orjson.loads(text)
            except orjson.JSONDecodeError as exc:
                raise _bad(f"`{name}` is not JSON: {exc.msg} at character {exc.pos}.") from exc
    return sent


def _check_content_type(request: Incoming) -> None:
    if not _is_json(request.header(b"content-type") or ""):
        # Anything but JSON could be sent by a form on another site without its owner being asked (CSRF).
        raise BadRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            BadUserInput("Send the request as Content-Type: application/json, in UTF-8."),
            {"Accept": "application/json"},
        )
    if (request.header(b"content-encoding") or "identity").lower() != "identity":
        raise BadRequest(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, BadUserInput("Send the request body uncompressed."))


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charset = next((part[8:].strip('"') for part in parameters if part.startswith("charset=")), "utf-8")
    return media_type == "application/json" and charset in UTF_8


async def read_body(receive: Receive, declared: str | None, *, max_bytes: int, seconds: float) -> bytes:
    """The body that is received: at most `max_bytes`, within `seconds`. `declared` is the Content-Length header.

    Raises BadRequest.
    """
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes, int(declared))
    try:
        with Patience(seconds):
            return await _received(receive, max_bytes)
    except TimeoutError as exc:
        reason = BadUserInput(f"The body did not arrive within {seconds:g} seconds.")
        raise BadRequest(HTTPStatus.REQUEST_TIMEOUT, reason, {"Connection": "close"}) from exc


async def _received(receive: Receive, max_bytes: int) -> bytes:
    body, is_whole = bytearray(), False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Nobody reads the answer; it is the caller's fault, and no failure of the gateway in its log.
            raise _bad("The connection was closed before the end of the body.")
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        is_whole = not message.get("more_body", False)
    return bytes(body)


def _checked(sent: dict[str, Any]) -> Parameters:
    query = sent.get("query")
    if query is None or query == "":
        raise _bad("`query` is missing: the GraphQL document to run.")
    if not isinstance(query, str):
        raise _bad("`query` must be a string.")
    operation_name = sent.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _bad("`operationName` must be a string.")
    for name in ("variables", "extensions"):
        if not isinstance(sent.get(name), dict | None):
            raise _bad(f"`{name}` must be an object.")
    return Parameters(query, operation_name or None, sent.get("variables"))


def _bad(message: str) -> BadRequest:
    return BadRequest(HTTPStatus.BAD_REQUEST, BadUserInput(message))


def _too_large(most: int, asked: int | None = None) -> BadRequest:
    reason = LimitExceeded(
        f"The request is larger than {most} bytes.", limit="request_max_bytes", value=most, asked=asked
    )
    return BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason, {"Connection": "close"})
