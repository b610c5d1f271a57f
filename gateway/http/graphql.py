"""The GraphQL endpoint: authentication, parameters, document, execution, answer."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from graphql import GraphQLError, OperationType
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import BadUserInput, DeadlineExceeded, Forbidden, GatewayError, Unauthenticated, Unavailable
from gateway.execution.errors import RequestRejected, formatted
from gateway.execution.run import Execution, Parts, run
from gateway.http import multipart
from gateway.http.incoming import Incoming, Whole
from gateway.http.language import accept_language, chosen_language
from gateway.http.negotiation import ResponseType, response_type, takes_parts
from gateway.http.parameters import BadRequest, parameters_of
from gateway.http.patience import HUNG_UP, CallerHungUp, Patience
from gateway.http.services import Services
from gateway.http.writing import as_json
from gateway.metrics import CALLER_GONE, ERRORS
from gateway.model.caller import Caller
from gateway.schema.context import Context, RequestFacts

log = structlog.get_logger(__name__)

METHODS = ("GET", "POST")

SLACK_SECONDS = 0.5
"""What an operation gets beyond its deadline, to tell what its producers did not answer in time."""

TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class GraphQLEndpoint:
    """The endpoint, as an ASGI application: what Starlette's requests and responses offer beyond, it has no use for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one GraphQL request. Every answer carries the request id and may not be stored."""
        answer = await _answer_to(Incoming(scope, receive))
        await answer(scope, receive, send)


async def _answer_to(request: Incoming) -> ASGIApp:
    services = request.services
    deadline = time.monotonic() + services.operation_deadline
    accept = request.header(b"accept")
    media_type = response_type(accept)
    try:
        if request.method not in METHODS:
            raise _method_not_allowed("The method must be POST, or GET for queries.")
        if media_type is None:
            raise BadRequest(
                HTTPStatus.NOT_ACCEPTABLE,
                BadUserInput("Accept application/graphql-response+json or application/json, in UTF-8."),
            )
        caller = await services.authentication.caller(_authorization(request))
        structlog.contextvars.bind_contextvars(consumer=caller.consumer)
        return await _answered(request, services, caller, deadline, media_type, in_parts=takes_parts(accept))
    except Unauthenticated as exc:
        headers = {"WWW-Authenticate": _challenge(exc)}
        return _refusal(request, HTTPStatus.UNAUTHORIZED, exc, media_type, headers)
    except Forbidden as exc:
        # The request as such is right; RFC 6750 §3.1 would have 403, which clients take for a fault of transport.
        return _refusal(request, HTTPStatus.OK, exc, media_type, {}, data=None)
    except BadRequest as exc:
        return _refusal(request, exc.status, exc.reason, media_type, exc.headers)
    except Unavailable as exc:
        return _refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, exc, media_type, {"Retry-After": "5"})
    except RequestRejected as exc:
        # Well-formed HTTP, but not runnable GraphQL: only the GraphQL media type may say so in its status.
        status = HTTPStatus.OK if media_type is ResponseType.JSON else HTTPStatus.BAD_REQUEST
        errors = _errors(exc.errors, request)
        request.state["outcome"] = code = errors[0]["extensions"]["code"]
        structlog.contextvars.bind_contextvars(code=code)
        return _json(status, {"errors": errors}, media_type)


async def _answered(
    request: Incoming,
    services: Services,
    caller: Caller,
    deadline: float,
    media_type: ResponseType,
    *,
    in_parts: bool,
) -> ASGIApp:
    seconds = services.operation_deadline
    parameters = await parameters_of(request, max_bytes=services.request_max_bytes, timeout=seconds)
    scopes = services.documents.known(caller.scopes)
    document = services.documents.prepare(parameters.query, scopes)
    operation = document.operation(parameters.operation_name)
    request.state["operation"] = operation.operation.value
    structlog.contextvars.bind_contextvars(operation=operation.operation.value, document=document.digest)
    if request.method == "GET" and operation.operation is not OperationType.QUERY:
        raise _method_not_allowed("GET is for queries. Send a mutation with POST.", allowed="POST")

    facts = _facts(request, deadline)
    context = services.make_context(caller, facts)
    is_query = operation.operation is OperationType.QUERY
    runnable = document.authorized(scopes, incremental=in_parts)
    execution = Execution(
        services.schema,
        runnable,
        parameters.operation_name,
        parameters.variables or {},
        context,
        hide_suggestions=not services.documents.may_introspect(scopes),
        is_let_in=lambda: services.registry.connected_consumer(caller.consumer) is not None,
        is_change=not is_query,
    )
    try:
        # A change that has begun is finished, whoever hangs up: nobody would know whether it was made.
        with Patience(
            max(deadline - time.monotonic(), 0) + SLACK_SECONDS, watched=request.receive if is_query else None
        ):
            if runnable.cut:
                await context.record.cut(runnable.cut)
            answer = await run(execution, facts.request_id)
    except TimeoutError as exc:
        context.give_up()
        raise DeadlineExceeded(seconds) from exc
    except CallerHungUp:
        context.give_up()
        request.state["outcome"] = CALLER_GONE
        return Whole(HUNG_UP, b"", {})
    headers = {"Cache-Control": "no-store", "Content-Language": facts.language, "Vary": "Accept, Accept-Language"}
    if "errors" in (answer.first if isinstance(answer, Parts) else answer):
        request.state["outcome"] = ERRORS
    if isinstance(answer, Parts):
        return StreamingResponse(_to_the_end(answer, context), media_type=multipart.CONTENT_TYPE, headers=headers)
    return _json(HTTPStatus.OK, answer, media_type, headers)


async def _to_the_end(parts: Parts, context: Context) -> AsyncIterator[bytes]:
    """The parts, written; of a caller that hangs up before the last of them the producers are no longer asked."""
    try:
        async for part in multipart.written(parts):
            yield part
    finally:
        context.give_up()


def _refusal(
    request: Incoming,
    status: HTTPStatus,
    reason: GatewayError,
    media_type: ResponseType | None,
    headers: Mapping[str, str],
    **data: None,
) -> ASGIApp:
    request.state["outcome"] = reason.code
    structlog.contextvars.bind_contextvars(code=reason.code, problem=str(reason))
    error = GraphQLError(str(reason), original_error=reason)
    return _json(status, {"errors": _errors([error], request), **data}, media_type, headers)


def _errors(errors: list[GraphQLError], request: Incoming) -> list[dict[str, Any]]:
    return [formatted(error, request.state["request_id"]) for error in errors]


def _json(
    status: HTTPStatus,
    answer: dict[str, Any],
    media_type: ResponseType | None,
    headers: Mapping[str, str] | None = None,
) -> ASGIApp:
    return Whole(
        status,
        as_json(answer),
        {
            "Cache-Control": "no-store",
            **(headers or {}),
            "Content-Type": (media_type or ResponseType.JSON).content_type,
        },
    )


def _authorization(request: Incoming) -> str | None:
    """The header; its lines as one where there are several (RFC 9110 §5.3), which is no bearer token then."""
    return ", ".join(request.lines(b"authorization")) or None


def _challenge(exc: Unauthenticated) -> str:
    """The WWW-Authenticate header (RFC 6750 §3). Descriptions are the gateway's own and hold no quotation marks."""
    if exc.error is None:
        return 'Bearer realm="mina-arenden"'
    return f'Bearer realm="mina-arenden", error="{exc.error}", error_description="{exc}"'


def _method_not_allowed(message: str, allowed: str = "GET, POST") -> BadRequest:
    return BadRequest(HTTPStatus.METHOD_NOT_ALLOWED, BadUserInput(message), {"Allow": allowed})


def _facts(request: Incoming, deadline: float) -> RequestFacts:
    header = accept_language(request.header(b"accept-language"))
    return RequestFacts(
        language=chosen_language(header),
        accept_language=header,
        request_id=request.state["request_id"],
        trace_id=_trace_id(request),
        deadline=deadline,
    )


def _trace_id(request: Incoming) -> str:
    """The trace the caller is in (W3C Trace Context), or a new one."""
    match = TRACEPARENT.fullmatch(request.header(b"traceparent") or "")
    return match[1] if match else secrets.token_hex(16)
