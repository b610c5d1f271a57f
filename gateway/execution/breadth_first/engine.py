"""The way in: variables, plan, run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, OperationDefinitionNode

from gateway.execution.breadth_first.plans import Plans
from gateway.execution.breadth_first.running import Run


async def executed(
    schema: GraphQLSchema,
    plans: Plans,
    operation: OperationDefinitionNode,
    *,
    variables: Mapping[str, Any],
    context: object,
    hide_suggestions: bool,
    is_let_in: Callable[[], bool],
) -> ExecutionResult | None:
    """What graphql-core's executor would answer; None for an operation that must be left to it. Nothing was run then.

    `operation` is one of the document that `plans` is of. `is_let_in` is asked before each change.
    Raises CancelledError where a resolver does; all that is under way has ended then.
    """
    coerced = plans.variables(operation).coerced(variables, hide_suggestions=hide_suggestions)
    if isinstance(coerced, list):
        return ExecutionResult(None, coerced)
    plan = plans.plan(operation, coerced)
    if plan is None:
        return None
    run = Run(schema, plan, coerced, context, hide_suggestions=hide_suggestions, is_let_in=is_let_in)
    return await run.result()
