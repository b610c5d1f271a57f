"""Whether an answer fits the schema: every selected field is there, and nothing else, each with a value of its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    get_named_type,
    is_composite_type,
    visit,
)

TYPENAME = FieldNode(name=NameNode(value="__typename"))
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

SCALARS: dict[str, Callable[[Any], bool]] = {
    "Boolean": lambda value: isinstance(value, bool),
    "DateTime": lambda value: isinstance(value, str) and DATE_TIME.fullmatch(value) is not None,
    "ID": lambda value: isinstance(value, str),
    "Int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "JSON": lambda _: True,
    "String": lambda value: isinstance(value, str),
}


def with_typenames(document: DocumentNode) -> DocumentNode:
    """The document, asking for `__typename` of every object: without it nobody can tell what a union's fields are."""

    class AddTypename(Visitor):
        def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
            return SelectionSetNode(selections=(TYPENAME, *node.selections))

    changed: DocumentNode = visit(document, AddTypename())
    return changed


def misfits(schema: GraphQLSchema, document: DocumentNode, data: dict[str, Any]) -> list[str]:
    """What in `data` does not fit the document's one operation, which `with_typenames` has prepared."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    root = schema.get_root_type(operation.operation)
    assert root is not None
    return list(_Fitting(schema, fragments).of(root, [operation.selection_set], data, "data"))


class _Fitting:
    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def of(self, type_: GraphQLOutputType, selected: list[SelectionSetNode], value: Any, where: str) -> Iterator[str]:
        if isinstance(type_, GraphQLNonNull):
            if value is None:
                yield f"{where}: null, and must not be"
            else:
                yield from self.of(type_.of_type, selected, value, where)
        elif value is None:
            return
        elif isinstance(type_, GraphQLList):
            if isinstance(value, list):
                for number, item in enumerate(value):
                    yield from self.of(type_.of_type, selected, item, f"{where}[{number}]")
            else:
                yield f"{where}: {value!r} is no list"
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            yield from self._object(type_, selected, value, where)
        elif value not in type_.values if isinstance(type_, GraphQLEnumType) else not SCALARS[type_.name](value):
            yield f"{where}: {value!r} is no {type_.name}"

    def _object(
        self,
        type_: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType,
        selected: list[SelectionSetNode],
        value: Any,
        where: str,
    ) -> Iterator[str]:
        actual = self._schema.get_type(value["__typename"]) if isinstance(value, dict) else None
        if not isinstance(actual, GraphQLObjectType) or actual not in self._possible(type_):
            yield f"{where}: {value!r} is no {type_.name}"
            return
        fields: dict[str, list[FieldNode]] = {}
        for node in self._fields(actual, selected):
            fields.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        if fields.keys() != value.keys():
            yield f"{where}: has {sorted(value)}, and {sorted(fields)} was selected"
            return
        for key, nodes in fields.items():
            if nodes[0].name.value != "__typename":
                of_field = actual.fields[nodes[0].name.value].type
                below = [node.selection_set for node in nodes if node.selection_set]
                assert bool(below) == is_composite_type(get_named_type(of_field))
                yield from self.of(of_field, below, value[key], f"{where}.{key}")

    def _possible(
        self, type_: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
    ) -> Iterable[GraphQLObjectType]:
        return [type_] if isinstance(type_, GraphQLObjectType) else self._schema.get_possible_types(type_)

    def _fields(self, type_: GraphQLObjectType, selected: Iterable[SelectionSetNode]) -> Iterator[FieldNode]:
        """The fields that the selections ask of an object of `type_`, fragments followed."""
        for selection in (one for selection_set in selected for one in selection_set.selections):
            # @skip and @include are not generated, so they need not be understood here.
            assert not selection.directives
            match selection:
                case FieldNode():
                    yield selection
                case InlineFragmentNode(type_condition=None):
                    yield from self._fields(type_, [selection.selection_set])
                case InlineFragmentNode() if self._holds(selection, type_):
                    yield from self._fields(type_, [selection.selection_set])
                case FragmentSpreadNode():
                    fragment = self._fragments[selection.name.value]
                    if self._holds(fragment, type_):
                        yield from self._fields(type_, [fragment.selection_set])

    def _holds(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLObjectType) -> bool:
        assert fragment.type_condition is not None
        condition = self._schema.get_type(fragment.type_condition.name.value)
        assert isinstance(condition, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        return type_ in self._possible(condition)
