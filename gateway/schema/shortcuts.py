"""Tells the execution engine which of Strawberry's resolvers it need not call: what they come to is known beforehand.

Strawberry's types and resolvers stay the only schema. What is marked here is read off them, and tests/schema compares
each mark with what Strawberry itself answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    is_abstract_type,
)
from strawberry import Info
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from gateway.execution.breadth_first.shortcuts import CALLS, CLASSES, READS_ATTRIBUTE, Call

_DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


def mark(schema: GraphQLSchema) -> GraphQLSchema:
    """`schema` itself, with the engine's extensions on the fields that only read, and the types told by their class."""
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
    if (
        isinstance(definition, StrawberryField)
        and definition.is_basic_field
        and definition.default_resolver is getattr
        and not field.args
    ):
        field.extensions[READS_ATTRIBUTE] = definition.python_name
    elif isinstance(definition, StrawberryField) and not (field.args or definition.extensions):
        call = _called(definition)
        if call is not None:
            field.extensions[CALLS] = call


def _called(field: StrawberryField) -> Call | None:
    """The resolver of a field without arguments, called as Strawberry calls it; None for one that takes anything else.

    An asynchronous one gives its own coroutine, without those that Strawberry wraps around it.
    """
    resolver = field.base_resolver
    if resolver is None or resolver.parent_parameter or resolver.root_parameter or not resolver.self_parameter:
        return None
    function = cast(Callable[..., Any], resolver.wrapped_func)
    info_parameter = resolver.info_parameter
    if info_parameter is None:
        return lambda source, _: function(source)
    name = info_parameter.name
    return lambda source, raw: function(source, **{name: Info(_raw_info=raw, _field=field)})


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
