"""How an error reaches the caller: a stable code, the request id, and nothing of the inside (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError

from gateway.errors import BadUserInput, ForbiddenField, GatewayError
from gateway.model.identity_numbers import without_numbers

log = structlog.get_logger(__name__)

INTERNAL_MESSAGE = "Something went wrong in the gateway. The request id finds it in the log."


CALLERS_FAULTS = {
    "initialCount must be a positive integer": "The `initialCount` of @stream must be 0 or more.",
}
"""What graphql-core raises as the program's fault though the caller's document is to blame, and what to say of it."""


class RequestRejected(Exception):
    """A request that is not run, with every reason found: there is no data."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        super().__init__("the request was rejected")
        self.errors = list(errors)


def rejected(reason: GatewayError) -> RequestRejected:
    """A rejection for one reason of the gateway's own."""
    return RequestRejected([GraphQLError(str(reason), original_error=reason)])


def once_per_place(errors: Iterable[GraphQLError]) -> list[GraphQLError]:
    """The errors, of those about forbidden fields only the first for each place of the operation and requirement.

    A place is a path without its list indices: a field cut from a hundred items is said once (DESIGN §6).
    """
    told: set[tuple[object, ...]] = set()
    kept = []
    for error in errors:
        original = _original(error)
        if isinstance(original, ForbiddenField):
            place = (*(part for part in error.path or () if isinstance(part, str)), str(original))
            if place in told:
                continue
            told.add(place)
        kept.append(error)
    return kept


def formatted(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """The error as it stands in the response. One the caller may not read is logged whole and masked."""
    original = _original(error)
    if isinstance(original, GatewayError):
        message, extensions = str(original), original.extensions
    elif original is None:
        # graphql-core quotes what the caller sent.
        message = without_numbers(error.message)
        extensions = {"code": BadUserInput.code, **(error.extensions or {})}
    elif (fault := CALLERS_FAULTS.get(str(original))) is not None:
        message, extensions = fault, {"code": BadUserInput.code}
    else:
        log.error("operation.failed", path=error.path, exc_info=original)
        message, extensions = INTERNAL_MESSAGE, {"code": GatewayError.code}
    response: dict[str, Any] = {"message": message}
    if error.locations:
        response["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        response["path"] = error.path
    response["extensions"] = {**extensions, "requestId": request_id}
    return response


def _original(error: GraphQLError) -> Exception | None:
    """What was raised in the first place; None where graphql-core itself found the error."""
    original: Exception | None = error
    while isinstance(original, GraphQLError):
        original = original.original_error
    return original
