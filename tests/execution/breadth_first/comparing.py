"""Our answer beside graphql-core's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from inspect import isawaitable
from typing import Any

import orjson
from graphql import (
    DirectiveNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
)
from graphql.execution import experimental_execute_incrementally

from gateway.execution.breadth_first.engine import executed
from gateway.execution.breadth_first.plans import Plans
from tests.execution.breadth_first.documents import Asked

Said = tuple[Any, ...]
"""What of an error reaches a caller, and what it was made of."""

ALL_ERRORS = DirectiveNode(name=NameNode(value="experimental_disableErrorPropagation"), arguments=())
"""Has graphql-core tell every error there is, also those it would not find once another has made their place null."""


async def ours(schema: GraphQLSchema, asked: Asked, context: object, plans: Plans | None = None) -> ExecutionResult:
    """The engine's answer."""
    answer = await executed(
        schema,
        plans or Plans(schema, asked.document),
        operation_of(asked),
        variables=asked.variables,
        context=context,
        hide_suggestions=False,
        is_let_in=lambda: True,
    )
    assert answer is not None, f"not compiled: {asked.text}"
    return answer


async def theirs(
    schema: GraphQLSchema, asked: Asked, context: object, *, every_error: bool = False, **more: Any
) -> ExecutionResult:
    """The answer of graphql-core's executor."""
    document = asked.document
    if every_error:
        definitions = tuple(
            replace(one, directives=(*(one.directives or ()), ALL_ERRORS))
            if isinstance(one, OperationDefinitionNode)
            else one
            for one in document.definitions
        )
        document = replace(document, definitions=definitions)
    answer = experimental_execute_incrementally(
        schema, document, context_value=context, variable_values=dict(asked.variables), **more
    )
    if isawaitable(answer):
        answer = await answer
    assert isinstance(answer, ExecutionResult)
    return answer


def operation_of(asked: Asked) -> OperationDefinitionNode:
    """The document's one operation."""
    (operation,) = (one for one in asked.document.definitions if isinstance(one, OperationDefinitionNode))
    return operation


def data_of(answer: ExecutionResult) -> bytes:
    """The data as it is sent, but for what no scalar keeps a resolver from sending."""
    return orjson.dumps(answer.data, default=repr)


def said(errors: Sequence[GraphQLError] | None) -> list[Said]:
    """The errors in their order."""
    return [
        (
            tuple(error.path or ()),
            error.message,
            [tuple(location) for location in error.locations or ()],
            error.extensions,
            type(error.original_error),
        )
        for error in errors or ()
    ]


def same_but_for_timing(ours_: ExecutionResult, theirs_: ExecutionResult, every: ExecutionResult) -> None:
    """Asserts that the errors are the same, as far as graphql-core's do not hang on what fails first.

    What does: which errors of several are told at and below a place that one of them makes null. At least one of those
    that there are is; and where there is but one, it is that.
    """
    candidates = _by_null(theirs_.data, said(every.errors))
    our, their = (_by_null(theirs_.data, said(answer.errors)) for answer in (ours_, theirs_))
    assert our.keys() == their.keys()
    for null, errors in our.items():
        assert all(error in candidates[null] for error in errors), (null, errors, candidates[null])
        if len(candidates[null]) == 1:
            assert errors == their[null]


def _by_null(data: Any, errors: Sequence[Said]) -> dict[tuple[str | int, ...], list[Said]]:
    """The errors by the topmost null of the data that they are at, or below."""
    found: dict[tuple[str | int, ...], list[Said]] = {}
    for error in errors:
        found.setdefault(_null_above(data, error[0]), []).append(error)
    return found


def _null_above(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    for length, key in enumerate(path):
        if data is None:
            return path[:length]
        data = data[key]
    return path
