"""The variables of an operation, coerced: at a glance where each is there and needs none, else by graphql-core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.pyutils import Undefined
from graphql.type.scalars import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

MOST_ERRORS = 50
"""Told of the variables of one request: as many as graphql-core's executor tells."""

VERBATIM: Mapping[object, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int}
"""Values of exactly these types are coerced to themselves; whole numbers as far as GraphQL has them."""


class _Verbatim(NamedTuple):
    """A variable whose values are mostly coerced to themselves: those of exactly one type."""

    name: str
    kind: type
    signature: GraphQLVariableSignature


class Variables:
    """Coerces the variables of one operation, as often as it is asked."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        signatures = [get_variable_signature(schema, definition) for definition in self._definitions]
        verbatim = list(map(_verbatim, signatures))
        self._verbatim: list[_Verbatim] | None = None if None in verbatim else [one for one in verbatim if one]

    def coerced(self, given: Mapping[str, Any], *, hide_suggestions: bool) -> VariableValues | list[GraphQLError]:
        """What resolvers and directives see of the values that are `given`, or what is wrong with these."""
        return self._at_a_glance(given) or get_variable_values(
            self._schema,
            self._definitions,
            dict(given),
            max_errors=MOST_ERRORS,
            hide_suggestions=hide_suggestions,
        )

    def _at_a_glance(self, given: Mapping[str, Any]) -> VariableValues | None:
        if self._verbatim is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, kind, signature in self._verbatim:
            value = given.get(name, Undefined)
            if type(value) is not kind:
                return None
            if isinstance(value, int) and not GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
                return None
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        return VariableValues(sources, coerced)


def _verbatim(signature: GraphQLVariableSignature | GraphQLError) -> _Verbatim | None:
    if isinstance(signature, GraphQLError):
        return None
    type_ = signature.type
    kind = VERBATIM.get(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)
    return None if kind is None else _Verbatim(signature.name, kind, signature)
