"""What a schema says of itself so that it need not be asked object by object.

Whoever builds the schema sets these extensions, and only where they lead to the very same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import GraphQLField, GraphQLNamedType, GraphQLResolveInfo

Call = Callable[[Any, GraphQLResolveInfo[Any]], Any]

READS_ATTRIBUTE: Final = "breadthFirst.readsAttribute"
"""Of a field: the attribute of the source that its resolver reads, and does nothing else."""

CALLS: Final = "breadthFirst.calls"
"""Of a field without arguments: a function of source and info that its resolver calls, and does nothing else."""

CLASSES: Final = "breadthFirst.classes"
"""Of an object type, an interface or a union: Python classes whose instances are of it, by the object type's name."""


def attribute_of(field: GraphQLField) -> str | None:
    """The attribute that resolving the field comes to."""
    attribute: str | None = field.extensions.get(READS_ATTRIBUTE)
    return attribute


def call_of(field: GraphQLField) -> Call | None:
    """What resolving the field comes to a call of."""
    call: Call | None = field.extensions.get(CALLS)
    return call


def classes_of(type_: GraphQLNamedType) -> Mapping[type, str]:
    """The classes whose instances need not be asked for their type. A subclass's do."""
    classes: Mapping[type, str] = type_.extensions.get(CLASSES, {})
    return classes
