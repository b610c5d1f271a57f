"""Tells the execution engine which of Strawberry's resolvers it need not call: what they come to is known beforehand.

Strawberry's types and resolvers stay the only schema. What is marked here is read off them, and tests/schema compares
each mark with what Strawberry itself answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar, cast

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_input_object_type,
)
from strawberry import Info
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gateway.execution.breadth_first.shortcuts import CALLS, CALLS_ONCE, CLASSES, READS, Call

SourceT = TypeVar("SourceT")
ValueT = TypeVar("ValueT")

_DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
_FOR_ALL = "resolvedForAll"


def resolved_for_all(
    function: Callable[[Sequence[SourceT], Any], Awaitable[list[ValueT]]],
) -> Mapping[str, object]:
    """The metadata of a field whose resolver is `function`, which resolves it for many sources at once, for one."""
    return {_FOR_ALL: function}


def mark(schema: GraphQLSchema) -> GraphQLSchema:
    """`schema` itself, with the engine's extensions on fields that can be shortened, and types told by their class."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for field in type_.fields.values():
                _mark_field(field)
            _mark_classes(type_, [type_])
        elif is_abstract_type(type_):
            _mark_classes(type_, schema.get_possible_types(type_))
    return schema


def _mark_field(field: GraphQLField) -> None:
    definition = field.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryField) or definition.extensions:
        return
    resolver = definition.base_resolver
    if resolver is None:
        if definition.is_basic_field and definition.default_resolver is getattr and not field.args:
            field.extensions[READS] = attrgetter(definition.python_name)
    elif resolver.parent_parameter or resolver.root_parameter or not resolver.self_parameter:
        return
    elif _FOR_ALL in (definition.metadata or {}):
        _mark_column(field, definition)
    elif resolver.info_parameter is None and not field.args:
        # An asynchronous one gives its own coroutine, without those that Strawberry wraps around it.
        field.extensions[READS] = resolver.wrapped_func
    elif not any(is_input_object_type(get_named_type(argument.type)) for argument in field.args.values()):
        # Input objects are Strawberry's to make; all else is given as it is.
        call = _called(field, definition, resolver)
        if call is not None:
            field.extensions[CALLS] = call


def _mark_column(field: GraphQLField, definition: StrawberryField) -> None:
    function = definition.metadata[_FOR_ALL]
    field.extensions[CALLS_ONCE] = lambda sources, raw: function(sources, Info(_raw_info=raw, _field=definition))


def _called(field: GraphQLField, definition: StrawberryField, resolver: StrawberryResolver[Any]) -> Call | None:
    """The resolver of a field, called as Strawberry calls it; None where its arguments are given other names.

    An asynchronous one gives its own coroutine, as above.
    """
    if any(argument.extensions[_DEFINITION].python_name != name for name, argument in field.args.items()):
        return None
    function = cast(Callable[..., Any], resolver.wrapped_func)
    info_parameter = resolver.info_parameter
    if info_parameter is None:
        return lambda source, _, **arguments: function(source, **arguments)
    name = info_parameter.name
    return lambda source, raw, **arguments: function(
        source, **{name: Info(_raw_info=raw, _field=definition)}, **arguments
    )


def _mark_classes(
    type_: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType, possible: Iterable[GraphQLObjectType]
) -> None:
    """Notes the classes of the possible types, where no two of them could be taken for each other."""
    classes: dict[type, str] = {}
    for one in possible:
        definition = one.extensions.get(_DEFINITION)
        if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of or definition.concrete_of:
            return  # a type of its own mind, or one of several made of one class
        classes[definition.origin] = one.name
    if not any(issubclass(one, other) for one in classes for other in classes if one is not other):
        type_.extensions[CLASSES] = classes
