"""Runs one operation of a prepared document on graphql-core's executor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution import (
    ExperimentalIncrementalExecutionResults,
    experimental_execute_incrementally,
)

from gateway.execution.documents import Document
from gateway.execution.errors import RequestRejected, formatted

Answer = dict[str, Any]
"""A response, or one part of it, ready to be written as JSON."""


@dataclass(frozen=True, slots=True)
class Parts:
    """An answer that comes in parts: the first is ready, the others when their fields are."""

    first: Answer
    rest: AsyncIterator[Answer]


async def run(
    schema: GraphQLSchema,
    document: Document,
    *,
    operation_name: str | None,
    variables: Mapping[str, Any] | None,
    context: object,
    request_id: str,
    incremental: bool,
) -> Answer | Parts:
    """The whole answer or, where @defer or @stream ask for it and `incremental` allows it, its parts.

    Raises RequestRejected when the variables do not fit: the operation was not run.
    """
    chosen: DocumentNode = document.incremental if incremental else document.whole
    result = experimental_execute_incrementally(
        schema,
        chosen,
        context_value=context,
        variable_values=dict(variables or {}),
        operation_name=operation_name,
        # Without it graphql-core resolves a streamed list item by item, and each would cost a producer request.
        enable_early_execution=True,
    )
    if isawaitable(result):
        result = await result
    if isinstance(result, ExperimentalIncrementalExecutionResults):
        return _parts(result, request_id)
    return _whole(result, request_id)


def _whole(result: ExecutionResult, request_id: str) -> Answer:
    errors = result.errors or []
    if result.data is None and errors and all(error.path is None for error in errors):
        # An error without a path and no data: the variables were refused before anything was run.
        raise RequestRejected(errors)
    return {**_errors(errors, request_id), "data": result.data}


def _parts(results: ExperimentalIncrementalExecutionResults, request_id: str) -> Parts:
    initial = results.initial_result
    first = {
        **_errors(initial.errors or [], request_id),
        "data": initial.data,
        "pending": [pending.formatted for pending in initial.pending],
        "hasNext": initial.has_next,
    }

    async def rest() -> AsyncIterator[Answer]:
        try:
            async for result in results.subsequent_results:
                part = cast(Answer, result.formatted)
                for delivered, shown in (
                    *zip(result.incremental or (), part.get("incremental", ()), strict=True),
                    *zip(result.completed or (), part.get("completed", ()), strict=True),
                ):
                    shown.update(_errors(delivered.errors or [], request_id))
                yield part
        finally:
            await results.subsequent_results.aclose()

    return Parts(first, rest())


def _errors(errors: list[GraphQLError], request_id: str) -> Answer:
    return {"errors": [formatted(error, request_id) for error in errors]} if errors else {}
