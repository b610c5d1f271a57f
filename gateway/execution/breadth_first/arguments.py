"""A field's arguments: coerced once where they are constant, once a run where they hold variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from itertools import repeat
from types import NoneType
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, VariableNode, Visitor, visit
from graphql.execution.values import get_argument_values

if TYPE_CHECKING:
    from gateway.execution.breadth_first.running import Run

_IMMUTABLE = (str, int, float, bool, NoneType, Enum, datetime)

NONE: Mapping[str, Any] = {}


class Arguments:
    """The arguments of one field of a document."""

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._definition = definition
        self._node = node
        self._constant: Mapping[str, Any] | None = NONE if not (definition.args or node.arguments) else None
        self._may_be_constant = not _holds_variables(node)

    def of(self, run: Run) -> Iterator[Mapping[str, Any] | Exception]:
        """The arguments for one object after the other, without end; or why they do not fit."""
        if self._constant is not None:
            return repeat(self._constant)
        arguments = self._coerced(run)
        if isinstance(arguments, Exception):
            return repeat(arguments)
        if not all(isinstance(value, _IMMUTABLE) for value in arguments.values()):
            # A resolver may change what it is given: no two are given the same.
            return (self._coerced(run) for _ in repeat(None))
        if self._may_be_constant:
            self._constant = arguments
        return repeat(arguments)

    def _coerced(self, run: Run) -> Mapping[str, Any] | Exception:
        try:
            return get_argument_values(
                self._definition, self._node, run.variables, hide_suggestions=run.hide_suggestions
            )
        except Exception as exc:  # noqa: BLE001 - mostly a GraphQLError, but a scalar may raise what it likes
            return exc


class _VariableFound(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, node: VariableNode, *_: Any) -> Any:  # noqa: ARG002 - a Visitor's
        self.found = True
        return self.BREAK


def _holds_variables(node: FieldNode) -> bool:
    visitor = _VariableFound()
    for argument in node.arguments or ():
        visit(argument, visitor)
    return visitor.found
