"""The producer contract (`subgraphs/contract.graphql`) as Strawberry types.

The types only show and link. What there is to say comes from an `Answers`, one for each request: the reference
producers take theirs from a data file, a real producer would ask its case system.
"""

# ruff: noqa: D101 - what a type is, its description says, to readers of the schema as well

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

import strawberry
import structlog
from graphql import DocumentNode, GraphQLError
from strawberry.extensions import MaskErrors, ParserCache, SchemaExtension, ValidationCache
from strawberry.scalars import JSON
from strawberry.types import ExecutionContext, Info
from strawberry.utils.await_maybe import AwaitableOrValue, await_maybe

from subgraphs.reference.selection import status_fields

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

LARGEST_PAGE = 100


@strawberry.type(description="One place where the end user can go on, or one thing to refer to.")
class Reference:
    title: str = strawberry.field(description="What it is, for people.")
    url: str | None = strawberry.field(default=None, description="An https address to open.")
    value: str | None = strawberry.field(
        default=None, description="What to state there, such as a registration number."
    )


@strawberry.type(
    description="What the producer says about one case at one moment. "
    "The gateway passes it on, and neither interprets nor stores it."
)
class CaseStatus:
    code: str = strawberry.field(description="The producer's own status or event type. Opaque to the gateway.")
    code_system: str | None = strawberry.field(description="URI of the code list that the code is from.")
    title: str = strawberry.field(description="The status in a few words, for people.")
    description: str | None = strawberry.field(description="The status in a sentence or two, for people.")
    language: str | None = strawberry.field(
        description="BCP 47 tag of the language that the title and the description are in, "
        "whatever language was asked for."
    )
    updated_at: datetime = strawberry.field(description="When this status began at the producer.")
    expected_at: datetime | None = strawberry.field(
        description="When the producer expects the next change, if it says."
    )
    requires_customer_action: bool | None = strawberry.field(
        description="True: the producer says that the end user has something to do."
    )
    completed: bool | None = strawberry.field(description="True: the producer says that its case is finished.")
    references: list[Reference] | None = strawberry.field(
        description="Where the end user can go on, and what to refer to there."
    )
    extension: JSON | None = strawberry.field(description="The producer's own structured extra. Handed on untouched.")


@strawberry.federation.type(
    keys=["reference"],
    description="A case that the producer holds. The gateway asks for it by its reference, through `_entities`.",
)
class Case:
    reference: strawberry.ID = strawberry.field(
        description="The producer's own reference of the case, given back exactly as it was asked for."
    )
    status: CaseStatus | None = strawberry.field(
        description="What the producer says about the case right now. "
        "Null: nothing to disclose for this case and this caller."
    )

    @classmethod
    def resolve_reference(
        cls, info: "Info[Question, None]", reference: object = None, **_: object
    ) -> "AwaitableOrValue[Case]":
        """Answer one representation of `_entities`; what it raises becomes an error at that position alone."""
        info.context.asked.cases += 1
        if not isinstance(reference, str):
            raise bad_input("A representation of Case needs its reference as a string.")
        return info.context.answers.case(reference)


@strawberry.type(description="Where a page ends, and whether more follow.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True when there is a page after this one.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the page's last case. Null when the page is empty."
    )


@strawberry.type(description="One case in a page.")
class CaseEdge:
    cursor: str = strawberry.field(description="The place of the case in the order. Opaque.")
    case_type: str = strawberry.field(
        description="The code of the case's type, as the producer is registered with it. "
        "Needed to add the case to a group."
    )
    node: Case = strawberry.field(description="The case itself.")


@strawberry.type(description="One page of the subject's cases.")
class CaseConnection:
    edges: list[CaseEdge] = strawberry.field(description="The cases of the page, in order.")
    page_info: PageInfo = strawberry.field(description="Where the page ends, and whether more follow.")


class Answers(Protocol):
    """What a producer has to say to one caller at one moment. This is what a producer implements.

    The methods may be coroutines: then all cases of a request are asked for before the first of them is awaited.
    """

    def case(self, reference: str) -> AwaitableOrValue[Case]:
        """The case with that reference; its status is None where there is nothing to disclose to this caller."""

    def cases(self, first: int, after: str | None) -> AwaitableOrValue[CaseConnection]:
        """At most `first` of the subject's cases in the order of their references, from the cursor `after` on.

        Raises GraphQLError when `after` is not a cursor of this producer.
        """


class Asked(Protocol):
    """Where it is noted what a request asks: how many cases it gets answers about, and which fields of a status."""

    cases: int
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class Question:
    """The context of one GraphQL request: who answers it, and where it is noted what it asks."""

    answers: Answers
    asked: Asked


async def _cases(
    info: Info[Question, None],
    first: Annotated[int, strawberry.argument(description="How many to give at most, from 1 to 100.")] = 50,
    after: Annotated[
        str | None,
        strawberry.argument(description="The `endCursor` of the page before. Null for the first page."),
    ] = None,
) -> CaseConnection:
    if not 1 <= first <= LARGEST_PAGE:
        raise bad_input(f"`first` must be from 1 to {LARGEST_PAGE}, and was {first}.")
    connection = await await_maybe(info.context.answers.cases(first, after))
    info.context.asked.cases += len(connection.edges)
    return connection


@strawberry.type(description="What can be asked beside `_entities` and `_service`.")
class Query:
    cases: CaseConnection = strawberry.field(
        resolver=_cases,
        description="The subject's cases at this producer, ordered by reference: "
        "what the end user can add to a case group.",
    )


class NoteWhatIsAsked(SchemaExtension):
    """Notes which fields of a status a request asks for, before it is answered."""

    def on_execute(self) -> Iterator[None]:
        """Read the fields off the query itself, which by now is valid."""
        execution = self.execution_context
        if isinstance(execution.schema, StatusSchema) and execution.graphql_document is not None:
            execution.context.asked.fields = execution.schema.fields_asked(execution.graphql_document)
        yield


class StatusSchema(strawberry.federation.Schema):
    """The contract's schema. Of an unexpected error it logs the kind and the place, never the data in its message."""

    def fields_asked(self, document: DocumentNode) -> tuple[str, ...]:
        """The fields of a status that a valid document asks for."""
        return status_fields(self._schema, document)

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002 - the signature is Strawberry's
    ) -> None:
        """Log the errors that are not the caller's doing."""
        for error in filter(_is_unexpected, errors):
            log.error("unexpected error", kind=type(error.original_error).__name__, path=error.path)


def status_schema() -> StatusSchema:
    """The schema that a producer serves. Unexpected errors are masked in its answers."""
    return StatusSchema(
        query=Query,
        types=[Case],
        federation_version="2.0",
        extensions=[
            lambda: MaskErrors(should_mask_error=_is_unexpected),
            # A gateway sends the same few documents again and again, with other references in the variables.
            ParserCache,
            ValidationCache,
            NoteWhatIsAsked,
        ],
    )


class Unavailable(GraphQLError):
    """Nothing can be answered now. Where that is all that there is to answer, HTTP says so too, with `status`.

    `status` is 503, or 429 for too many questions; `retry_after` is in how many seconds it may go well, where known.
    """

    def __init__(self, message: str, *, status: int = 503, retry_after: int | None = None) -> None:
        super().__init__(message, extensions={"code": "SERVICE_UNAVAILABLE"})
        self.status = status
        self.retry_after = retry_after


def bad_input(message: str) -> GraphQLError:
    """An error that tells the caller what to do differently."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def _is_unexpected(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)
