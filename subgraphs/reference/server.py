"""The HTTP server of a producer: the contract on `/graphql` behind the caller assertion, and `/health`."""

from collections.abc import Callable

import orjson
from starlette.applications import Starlette
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult

from subgraphs.reference.assertion import AssertionMissing, AssertionRefused, AssertionVerifier, Caller
from subgraphs.reference.contract import Answers, Question, Unavailable, status_schema
from subgraphs.reference.giving_up import GiveUp
from subgraphs.reference.keys import KeysUnavailable
from subgraphs.reference.request_log import LogRequests, record_of

LARGEST_REQUEST = 256 * 1024
"""Bytes of a request body: room for several thousand cases."""

AnswersFor = Callable[[Caller, str | None], Answers]
"""Makes the answers to one request, from who asks and the request's `Accept-Language`."""


def create_app(
    answers_for: AnswersFor, verifier: AssertionVerifier, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """The application of a producer that gives these answers to callers whom the verifier lets through.

    `lifespan` opens and closes what the answers need all along.
    """
    guarded = RequireAssertion(StatusEndpoint(answers_for), verifier)
    status_subgraph = LogRequests(GiveUp(RequestBodyLimitMiddleware(guarded, LARGEST_REQUEST)))
    return Starlette(routes=[Route("/graphql", status_subgraph), Route("/health", health)], lifespan=lifespan)


async def health(_: Request) -> Response:
    """Answer that the process is up. Needs no assertion."""
    return JSONResponse({"status": "ok"})


class RequireAssertion:
    """Lets a request through to the application it wraps only with a valid caller assertion; else HTTP 401.

    While the gateway's keys cannot be fetched the answer is 503: then nothing is known about the assertion.
    """

    def __init__(self, app: ASGIApp, verifier: AssertionVerifier) -> None:
        self._app = app
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope)
        record = record_of(scope)
        try:
            request.state.caller = await self._verifier.caller(request.headers.get("authorization"))
        except AssertionRefused as exc:
            record.refused = str(exc)
            refusal = _error(401, "UNAUTHENTICATED", f"The request was refused: {exc}.", _challenge(exc))
            await refusal(scope, receive, send)
        except KeysUnavailable:
            record.refused = "the gateway's keys cannot be fetched"
            message = "The caller cannot be verified now: the gateway's keys cannot be fetched."
            await _error(503, "KEYS_UNAVAILABLE", message, {"Retry-After": "2"})(scope, receive, send)
        else:
            caller: Caller = request.state.caller
            record.consumer, record.purposes, record.scope = caller.consumer, caller.purposes, caller.scope
            await self._app(scope, receive, send)


class StatusEndpoint(GraphQL[Question, None]):
    """GraphQL over HTTP for the contract."""

    def __init__(self, answers_for: AnswersFor) -> None:
        super().__init__(status_schema(), graphql_ide=None, subscription_protocols=())
        self._answers_for = answers_for

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Question:
        """The question that this request is, with its answers for this caller."""
        if isinstance(response, Response):
            # A status belongs to one caller, and moves: nobody on the way may keep it.
            response.headers["Cache-Control"] = "no-store"
            request.state.response = response
        answers = self._answers_for(request.state.caller, request.headers.get("accept-language"))
        return Question(answers, record_of(request.scope))

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The answer's body; its HTTP status and Retry-After say so where nothing at all could be answered now."""
        reasons = [error.original_error for error in result.errors or ()]
        unavailable = [reason for reason in reasons if isinstance(reason, Unavailable)]
        if unavailable and len(unavailable) == len(reasons) and _says_nothing(result.data):
            response: Response = request.state.response
            response.status_code = min(reason.status for reason in unavailable)
            seconds = [reason.retry_after for reason in unavailable if reason.retry_after is not None]
            if seconds:
                response.headers["Retry-After"] = str(max(seconds))
        return await super().process_result(request, result)

    def encode_json(self, data: object) -> bytes:
        """The answer as UTF-8 JSON."""
        return orjson.dumps(data)


def _says_nothing(data: dict[str, object] | None) -> bool:
    """Whether every field, and every entity, is null."""
    values = (data or {}).values()
    return all(value is None or (isinstance(value, list) and set(value) == {None}) for value in values)


def _challenge(refusal: AssertionRefused) -> dict[str, str]:
    if isinstance(refusal, AssertionMissing):
        return {"WWW-Authenticate": "Bearer"}
    return {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{refusal}"'}


def _error(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    """An answer without data, in the form of a GraphQL error."""
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status_code=status, headers=headers)
