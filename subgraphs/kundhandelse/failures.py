"""Why the producer behind the adapter brought no answer about a case, as an error that the gateway can place."""

from enum import Enum
from http import HTTPStatus

from graphql import GraphQLError

from subgraphs.reference.contract import Unavailable


class Failure(Enum):
    """The kinds of failure; each value is the `extensions.code` of its error."""

    UNAVAILABLE = "SERVICE_UNAVAILABLE"
    """The producer cannot be reached, is too slow, or fails: another time it may go well."""

    REFUSED = "FORBIDDEN"
    """The producer does not let the adapter, or the one who asks, have an answer."""

    FAULT = "UPSTREAM_FAULT"
    """What the producer answers is not what the interface says."""


_MESSAGES = {
    Failure.UNAVAILABLE: "The producer cannot answer now.",
    Failure.REFUSED: "The producer refuses to answer.",
    Failure.FAULT: "The producer's answer does not fit the interface.",
}


class UpstreamFailed(Exception):
    """No answer that can be used. The problem is for the log: it quotes nothing that was asked or answered."""

    def __init__(self, failure: Failure, problem: str) -> None:
        super().__init__(problem)
        self.failure = failure

    def error(self) -> GraphQLError:
        """The failure as an error of a GraphQL answer, anew for each place."""
        return GraphQLError(_MESSAGES[self.failure], extensions={"code": self.failure.value})


class UpstreamDown(UpstreamFailed):
    """No answer about anything, and perhaps another time: what the adapter says of itself, too.

    `retry_after`: in how many seconds, where the producer says that. `too_many`: it was asked too often.
    """

    def __init__(self, problem: str, *, retry_after: int | None = None, too_many: bool = False) -> None:
        super().__init__(Failure.UNAVAILABLE, problem)
        self._retry_after = retry_after
        self._status = HTTPStatus.TOO_MANY_REQUESTS if too_many else HTTPStatus.SERVICE_UNAVAILABLE

    def error(self) -> GraphQLError:
        """The failure as an error that can stand for the whole answer."""
        return Unavailable(_MESSAGES[self.failure], status=self._status, retry_after=self._retry_after)


def fault(problem: str) -> UpstreamFailed:
    """The failure of an answer that does not fit the interface."""
    return UpstreamFailed(Failure.FAULT, problem)


def failure_of(http_code: int | None) -> Failure:
    """What an HTTP status other than success means, of an answer or of a part of one; None where none was told."""
    if http_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Failure.REFUSED
    passing = http_code in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    if http_code is None or passing or http_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure.UNAVAILABLE
    return Failure.FAULT
