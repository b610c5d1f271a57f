"""How errors reach the caller: a code, the request id, and nothing of the inside."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from graphql import GraphQLError, Source, SourceLocation

from gateway.errors import BadUserInput, GatewayError, LimitExceeded, NotFound, StoreUnavailable
from gateway.execution.errors import INTERNAL_MESSAGE, formatted, rejected

NUMBER = "199003152390"


@pytest.mark.parametrize(
    ("raised", "extensions"),
    [
        (NotFound("Nothing that you may see has this id."), {"code": "NOT_FOUND"}),
        (BadUserInput("An id has the wrong form."), {"code": "BAD_USER_INPUT"}),
        (
            LimitExceeded("Too many.", limit="page_max_size", value=100, asked=200),
            {"code": "LIMIT_EXCEEDED", "limit": "page_max_size", "value": 100, "asked": 200},
        ),
        (
            LimitExceeded("Too many.", limit="page_max_size", value=100),
            {"code": "LIMIT_EXCEEDED", "limit": "page_max_size", "value": 100},
        ),
        (StoreUnavailable("refused"), {"code": "UNAVAILABLE"}),
    ],
)
def test_an_error_of_the_gateways_own_is_said_as_it_is(raised: GatewayError, extensions: dict[str, Any]) -> None:
    error = GraphQLError("in other words", original_error=raised, path=["caseGroups", 0])

    assert formatted(error, "r1") == {
        "message": str(raised),
        "path": ["caseGroups", 0],
        "extensions": {**extensions, "requestId": "r1"},
    }


def test_it_is_found_however_deep_graphql_wrapped_it() -> None:
    error = GraphQLError("outer", original_error=GraphQLError("inner", original_error=NotFound("Not here.")))

    assert formatted(error, "r1")["message"] == "Not here."


@pytest.mark.parametrize("raised", [RuntimeError(f"secret {NUMBER}"), KeyError("secret"), OSError(111, "secret-host")])
def test_any_other_error_is_masked_and_logged_whole(raised: Exception) -> None:
    error = GraphQLError(str(raised), original_error=raised, path=["viewer"], extensions={"secret": True})

    with structlog.testing.capture_logs() as lines:
        response = formatted(error, "r1")

    assert response == {
        "message": INTERNAL_MESSAGE,
        "path": ["viewer"],
        "extensions": {"code": "INTERNAL", "requestId": "r1"},
    }
    (line,) = lines
    assert (line["log_level"], line["path"], line["exc_info"]) == ("error", ["viewer"], raised)


def test_an_error_of_graphqls_own_keeps_its_code_and_place_but_no_identity_number() -> None:
    error = GraphQLError(
        f"Variable '$id' got invalid value '{NUMBER}'; '19900315-2390' is no ID.",
        source=Source("query($id: ID) { __typename }"),
        positions=[6],
        extensions={"code": "GRAPHQL_VALIDATION_FAILED"},
    )

    response = formatted(error, "r1")

    assert response["message"] == "Variable '$id' got invalid value '…'; '…' is no ID."
    assert response["locations"] == [SourceLocation(1, 7).formatted]
    assert response["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED", "requestId": "r1"}
    assert "path" not in response


def test_an_error_of_graphqls_own_without_a_code_is_the_callers() -> None:
    assert formatted(GraphQLError("Variable '$id' is missing."), "r1")["extensions"]["code"] == "BAD_USER_INPUT"


def test_a_rejection_keeps_its_reason() -> None:
    reason = BadUserInput("Say which operation.")

    (error,) = rejected(reason).errors

    assert (error.message, error.original_error) == ("Say which operation.", reason)
