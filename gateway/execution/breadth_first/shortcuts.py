"""What a schema says of itself so that it need not be asked object by object.

Whoever builds the schema sets these extensions, and only where they lead to the very same answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLField, GraphQLNamedType, GraphQLResolveInfo

Read = Callable[[Any], Any]
Call = Callable[..., Any]
ColumnCall = Callable[[Sequence[Any], GraphQLResolveInfo[Any]], Awaitable[list[Any]]]

READS: Final = "breadthFirst.reads"
"""Of a field without arguments: a function of the source that its resolver comes to, such as reading an attribute."""

CALLS: Final = "breadthFirst.calls"
"""Of a field: a function of source, info and arguments, by their names in the schema, that its resolver comes to."""

CALLS_ONCE: Final = "breadthFirst.callsOnce"
"""Of a field without arguments: what its resolver comes to for all sources of a level, asked for with one info.

For each source its value, or the exception that its resolver would raise.
"""

CLASSES: Final = "breadthFirst.classes"
"""Of an object type, an interface or a union: Python classes whose instances are of it, by the object type's name."""


def read_of(field: GraphQLField) -> Read | None:
    """What of its source alone resolving the field comes to."""
    read: Read | None = field.extensions.get(READS)
    return read


def call_of(field: GraphQLField) -> Call | None:
    """What resolving the field comes to a call of."""
    call: Call | None = field.extensions.get(CALLS)
    return call


def column_call_of(field: GraphQLField) -> ColumnCall | None:
    """What resolving the field comes to for many sources at once."""
    call: ColumnCall | None = field.extensions.get(CALLS_ONCE)
    return call


def classes_of(type_: GraphQLNamedType) -> Mapping[type, str]:
    """The classes whose instances need not be asked for their type. A subclass's do."""
    classes: Mapping[type, str] = type_.extensions.get(CLASSES, {})
    return classes
