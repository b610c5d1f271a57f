"""A field's arguments: coerced once where they are constant, once a run where they hold variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from itertools import chain, repeat
from types import NoneType
from typing import TYPE_CHECKING, Any

from graphql import ArgumentNode, FieldNode, GraphQLField, VariableNode, Visitor, visit
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
        self._fixed: Mapping[str, Any] | None = NONE if not (definition.args or node.arguments) else None
        """Those that no variable has to do with, once they are known."""
        bare = {
            argument.name.value: argument.value.name.value
            for argument in node.arguments or ()
            if isinstance(argument.value, VariableNode)
        }
        self._of_variables = [(_name_of(definition, name), variable) for name, variable in bare.items()]
        """Those that are a variable each: their names, and the variables'."""
        self._may_be_fixed = not any(
            _holds_variables(argument) for argument in node.arguments or () if argument.name.value not in bare
        )

    def of(self, run: Run) -> Iterator[Mapping[str, Any] | Exception]:
        """The arguments for one object after the other, without end; or why they do not fit."""
        known = self._at_a_glance(run)
        arguments = self._coerced(run) if known is None else known
        if arguments is self._fixed or isinstance(arguments, Exception) or _are_immutable(arguments):
            return repeat(arguments)
        # A resolver may change what it is given: no two are given the same.
        return chain((arguments,), (self._coerced(run) for _ in repeat(None)))

    def _at_a_glance(self, run: Run) -> Mapping[str, Any] | None:
        """Them where only their variables have changed, and each of those has a value: that is the argument's."""
        if self._fixed is None or not self._of_variables:
            return self._fixed
        arguments = dict(self._fixed)
        values = run.variables.coerced
        for name, variable in self._of_variables:
            value = values.get(variable)
            if value is None:
                return None
            arguments[name] = value
        return arguments

    def _coerced(self, run: Run) -> Mapping[str, Any] | Exception:
        try:
            arguments = get_argument_values(
                self._definition, self._node, run.variables, hide_suggestions=run.hide_suggestions
            )
        except Exception as exc:  # noqa: BLE001 - mostly a GraphQLError, but a scalar may raise what it likes
            return exc
        if self._may_be_fixed and self._fixed is None:
            of_variables = {name for name, _ in self._of_variables}
            fixed = {name: value for name, value in arguments.items() if name not in of_variables}
            self._may_be_fixed = _are_immutable(fixed)
            self._fixed = fixed if self._may_be_fixed else None
        return arguments


def _name_of(definition: GraphQLField, name: str) -> str:
    """What the resolver calls the argument."""
    return definition.args[name].out_name or name


def _are_immutable(arguments: Mapping[str, Any]) -> bool:
    return all(isinstance(value, _IMMUTABLE) for value in arguments.values())


class _VariableFound(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, node: VariableNode, *_: Any) -> Any:  # noqa: ARG002 - a Visitor's
        self.found = True
        return self.BREAK


def _holds_variables(argument: ArgumentNode) -> bool:
    visitor = _VariableFound()
    visit(argument, visitor)
    return visitor.found
