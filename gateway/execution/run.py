"""Runs one operation of a prepared document: breadth first, or on graphql-core's executor where it comes in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, get_operation_ast
from graphql.execution import (
    ExperimentalIncrementalExecutionResults,
    experimental_execute_incrementally,
)

from gateway.execution.breadth_first.engine import executed
from gateway.execution.documents import Runnable
from gateway.execution.errors import RequestRejected, formatted, once_per_place
from gateway.execution.executor import GuardedExecutor, NoLongerLetIn

Answer = dict[str, Any]
"""A response, or one part of it, ready to be written as JSON."""


@dataclass(frozen=True, slots=True)
class Parts:
    """An answer that comes in parts: the first is ready, the others when their fields are."""

    first: Answer
    rest: AsyncIterator[Answer]


@dataclass(slots=True)
class Execution:
    """One operation, to be run for one caller.

    `is_let_in` says whether the caller still is: before each change, each part and the answer itself. Where not, what
    is outstanding is withheld. `is_change`: the operation is a mutation.
    """

    schema: GraphQLSchema
    runnable: Runnable
    operation_name: str | None
    variables: Mapping[str, Any]
    context: object
    hide_suggestions: bool
    is_let_in: Callable[[], bool]
    is_change: bool


async def run(execution: Execution, request_id: str) -> Answer | Parts:
    """The whole answer or, where the document's @defer or @stream ask for it, its parts.

    Raises RequestRejected when the variables do not fit: the operation was not run. Raises Forbidden.
    """
    result: ExecutionResult | ExperimentalIncrementalExecutionResults | None
    result = await _breadth_first(execution)
    if result is None:
        result = await _standard(execution)
    if not execution.is_let_in():
        if isinstance(result, ExperimentalIncrementalExecutionResults):
            await _abandon(result)
        raise NoLongerLetIn
    if isinstance(result, ExperimentalIncrementalExecutionResults):
        return _parts(result, request_id, execution.is_let_in)
    return _whole(result, request_id)


async def _breadth_first(execution: Execution) -> ExecutionResult | None:
    """The result of our own engine; None where the operation is not for it."""
    runnable = execution.runnable
    operation = get_operation_ast(runnable.document, execution.operation_name)
    if runnable.plans is None or operation is None:
        return None
    return await executed(
        execution.schema,
        runnable.plans,
        operation,
        variables=execution.variables,
        context=execution.context,
        hide_suggestions=execution.hide_suggestions,
        is_let_in=execution.is_let_in,
    )


async def _standard(execution: Execution) -> ExecutionResult | ExperimentalIncrementalExecutionResults:
    """The result of graphql-core's executor."""
    guard: dict[str, Any] = {}
    if execution.runnable.is_cut or execution.is_change:
        guard = {"executor_class": GuardedExecutor, "is_let_in": execution.is_let_in}
    result = experimental_execute_incrementally(
        execution.schema,
        execution.runnable.document,
        context_value=execution.context,
        variable_values=dict(execution.variables),
        operation_name=execution.operation_name,
        # Without it graphql-core resolves a streamed list item by item, and each would cost a producer request.
        enable_early_execution=True,
        hide_suggestions=execution.hide_suggestions,
        **guard,
    )
    return await result if isawaitable(result) else result


def _whole(result: ExecutionResult, request_id: str) -> Answer:
    errors = result.errors or []
    if result.data is None and errors and all(error.path is None for error in errors):
        # An error without a path and no data: the variables were refused before anything was run.
        raise RequestRejected(errors)
    return {**_errors(errors, request_id), "data": result.data}


def _parts(results: ExperimentalIncrementalExecutionResults, request_id: str, is_let_in: Callable[[], bool]) -> Parts:
    initial = results.initial_result
    first = {
        **_errors(initial.errors or [], request_id),
        "data": initial.data,
        "pending": [pending.formatted for pending in initial.pending],
        "hasNext": initial.has_next,
    }

    async def rest() -> AsyncIterator[Answer]:
        pending = {one.id for one in initial.pending}
        try:
            async for result in results.subsequent_results:
                if not is_let_in():
                    yield _withheld(pending, request_id)
                    return
                pending |= {one.id for one in result.pending or ()}
                pending -= {one.id for one in result.completed or ()}
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


async def _abandon(results: ExperimentalIncrementalExecutionResults) -> None:
    """Ends what is still being resolved. A generator cleans up after itself only once it has begun."""
    begun = asyncio.ensure_future(anext(results.subsequent_results, None))
    await asyncio.sleep(0)
    begun.cancel()
    with suppress(asyncio.CancelledError):
        await begun
    await results.subsequent_results.aclose()


def _withheld(pending: Collection[str], request_id: str) -> Answer:
    """The last part of an answer whose caller is no longer let in: everything outstanding ends with an error."""
    reason = NoLongerLetIn()
    errors = _errors([GraphQLError(str(reason), original_error=reason)], request_id)
    return {"hasNext": False, "completed": [{"id": id_, **errors} for id_ in sorted(pending)]}


def _errors(errors: list[GraphQLError], request_id: str) -> Answer:
    return {"errors": [formatted(error, request_id) for error in once_per_place(errors)]} if errors else {}
