"""The plans of one document: whether it can be compiled, and what it was compiled to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from gateway.execution.breadth_first.compiling import compile_operation
from gateway.execution.breadth_first.plan import Plan
from gateway.execution.breadth_first.variables import Variables
from gateway.policy.plan import CutField

MOST_PLANS = 32
"""Of one document: for its operations, and what their @skip and @include come to. They go when the document does."""

MOST_FIELDS = 1_000
"""That the plans before the latest have together: no document is to take the room of all others."""

_STEERING = frozenset({"skip", "include"})
_NOT_COMPILED = frozenset({"defer", "stream", "experimental_disableErrorPropagation"})
"""Directives that change how an operation is run."""


def nothing() -> None:
    """Counts nothing."""


class Plans:
    """Compiles the operations of one document for one schema, and remembers the latest plans.

    `compiled` is called for each plan that is made, `left` each time that an operation is left to graphql-core, and
    `grown` whenever more fields are compiled.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        *,
        compiled: Callable[[], object] = nothing,
        left: Callable[[], object] = nothing,
        grown: Callable[[], object] = nothing,
    ) -> None:
        self._schema = schema
        self._compiled = compiled
        self._left = left
        self._grown = grown
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._fragment_details = {name: FragmentDetails(fragment) for name, fragment in self._fragments.items()}
        self._has_fragment_variables = any(fragment.variable_definitions for fragment in self._fragments.values())
        self._steered: dict[int, _Steered] = {}
        self._variables: dict[int, Variables] = {}
        self._plans: dict[tuple[int, tuple[tuple[str, bool], ...]], Plan] = {}

    @property
    def compiled_fields(self) -> int:
        """How many fields all the plans have that are remembered."""
        return sum(plan.size.fields for plan in self._plans.values())

    def variables(self, operation: OperationDefinitionNode) -> Variables:
        """What coerces the variables of one of the document's operations."""
        variables = self._variables.get(id(operation))
        if variables is None:
            variables = self._variables[id(operation)] = Variables(self._schema, operation)
        return variables

    def plan(self, operation: OperationDefinitionNode, variables: VariableValues) -> Plan | None:
        """The plan of one of the document's operations; None for one that has to be run by graphql-core's executor."""
        steered = self._steered_by(operation)
        steering = {name: variables.coerced[name] for name in steered.variables if name in variables.coerced}
        key = (id(operation), tuple(steering.items()))
        plan = self._plans.get(key)
        if plan is None:
            if (
                self._has_fragment_variables
                or steered.directives & _NOT_COMPILED
                or operation.operation is OperationType.SUBSCRIPTION
                # A null where none may be: an error wherever the directive stands, which graphql-core knows to tell.
                or not all(isinstance(value, bool) for value in steering.values())
            ):
                self._left()
                return None
            while len(self._plans) >= MOST_PLANS or self.compiled_fields > MOST_FIELDS:
                del self._plans[next(iter(self._plans))]  # the oldest
            self._compiled()
            plan = self._plans[key] = compile_operation(
                self._schema, operation, self._fragments, self._fragment_details, steering, self._grown
            )
        return plan

    def _steered_by(self, operation: OperationDefinitionNode) -> _Steered:
        steered = self._steered.get(id(operation))
        if steered is None:
            found = _Directives(self._fragments)
            visit(operation, found)
            steered = self._steered[id(operation)] = _Steered(tuple(found.steering), frozenset(found.names))
        return steered


class _Steered(NamedTuple):
    """What decides how an operation is run: the variables of its @skip and @include, and the directives it has."""

    variables: tuple[str, ...]
    directives: frozenset[str]


class _Directives(Visitor):
    """Finds the directives of an operation, those of its fragments included, and the variables that steer it."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.steering: dict[str, None] = {}
        self._fragments = dict(fragments)
        """Those that were not come by yet."""

    def enter(self, node: Node, *_: Any) -> None:
        """Notes what stands in a directive. A cut field is none of graphql-core's own, which does not look into it."""
        if isinstance(node, DirectiveNode):
            self._note(node)
        elif isinstance(node, CutField):
            for directive in node.directives or ():
                self._note(directive)
        elif isinstance(node, FragmentSpreadNode):
            fragment = self._fragments.pop(node.name.value, None)
            if fragment is not None:
                visit(fragment, self)

    def _note(self, node: DirectiveNode) -> None:
        self.names.add(node.name.value)
        if node.name.value in _STEERING:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    self.steering[argument.value.name.value] = None
