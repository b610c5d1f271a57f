"""The errors a caller may read. Every other exception is masked as INTERNAL (DESIGN §7, docs/errors.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from gateway.model.text import Text


class GatewayError(Exception):
    """An error the caller may read; its message says what was wrong, where, and what would be right."""

    code: ClassVar[str] = "INTERNAL"

    @property
    def extensions(self) -> dict[str, object]:
        """What stands in the GraphQL error's `extensions`."""
        return {"code": self.code}


class Unauthenticated(GatewayError):
    """No access token, or one that is not accepted (RFC 6750 §3.1). Answered with HTTP 401."""

    code = "UNAUTHENTICATED"

    def __init__(self, description: str, *, error: str | None = "invalid_token") -> None:
        super().__init__(description)
        self.error = error


class BadUserInput(GatewayError):
    """An argument or variable that cannot be used."""

    code = "BAD_USER_INPUT"


class NotFound(GatewayError):
    """Nothing the caller may see has this id. The same whether it exists or not."""

    code = "NOT_FOUND"


class Forbidden(GatewayError):
    """The token holds, but does not give the right to this operation."""

    code = "FORBIDDEN"


class ForbiddenField(GatewayError):
    """A field the caller may not read: it was neither resolved nor asked of a producer (DESIGN §6).

    `requires` says what would be needed, never what the caller has.
    """

    code = "FORBIDDEN_FIELD"

    def __init__(self, message: str, requires: Mapping[str, object]) -> None:
        super().__init__(message)
        self.requires = requires

    @property
    def extensions(self) -> dict[str, object]:
        """What is required."""
        return {"code": self.code, "requires": self.requires}


class LimitExceeded(GatewayError):
    """More was asked for than one request may."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, message: str, *, limit: str, value: int, asked: int | None = None) -> None:
        super().__init__(message)
        self.limit, self.value, self.asked = limit, value, asked

    @property
    def extensions(self) -> dict[str, object]:
        """The limit's name and value, and what was asked where it is known."""
        asked = {} if self.asked is None else {"asked": self.asked}
        return {"code": self.code, "limit": self.limit, "value": self.value, **asked}


class Unavailable(GatewayError):
    """Something the gateway itself needs cannot be reached; trying again later is right."""

    code = "UNAVAILABLE"


REPEATABLE = (
    "a change that was under way may or may not have been made, and can be repeated safely with the same "
    "expectedRevision or idempotencyKey."
)


class DeadlineExceeded(Unavailable):
    """The operation as a whole took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The operation took longer than {seconds:g} seconds and was ended; {REPEATABLE}")


class StoreUnavailable(Unavailable):
    """MongoDB cannot be reached, or did not answer in time. `problem` is the driver's reason, for the log alone."""

    def __init__(self, problem: str) -> None:
        self.problem = problem.partition(", Timeout:")[0].partition(" (configured timeouts:")[0]
        super().__init__(f"The gateway cannot reach its database right now. Try again in a while; {REPEATABLE}")


class NotRecorded(Unavailable):
    """What was about to be told or changed could not be recorded first: it is withheld, or not made (DESIGN §9)."""

    def __init__(self) -> None:
        super().__init__("The change could not be recorded first, so it was not made. Try again in a while.")


class ParseFailed(GatewayError):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(GatewayError):
    """The document is GraphQL but does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"


class UserErrorCode(Enum):
    """Why a change was refused: data in the mutation's payload, not an error."""

    NOT_FOUND = "NOT_FOUND"
    NOT_PERMITTED = "NOT_PERMITTED"
    CONFLICT = "CONFLICT"
    INVALID = "INVALID"
    UNKNOWN_PRODUCER = "UNKNOWN_PRODUCER"
    UNKNOWN_CONSUMER = "UNKNOWN_CONSUMER"
    CASE_TYPE_NOT_OPEN = "CASE_TYPE_NOT_OPEN"
    CASE_NOT_CONFIRMED = "CASE_NOT_CONFIRMED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class UserProblem:
    """One reason why a change was refused. `field` is the path of the input at fault, from `input` on."""

    code: UserErrorCode
    text: Text
    field: tuple[str, ...] = ("input",)
    current_revision: int | None = None


class ChangeRefused(Exception):
    """A change that was not made, with every reason found. Nothing was stored."""

    def __init__(self, problems: Sequence[UserProblem]) -> None:
        super().__init__(", ".join(problem.code.value for problem in problems))
        self.problems = tuple(problems)
