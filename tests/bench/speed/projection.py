"""What a subgraph needs of GraphQL to answer quickly: a query, read once, that picks what it selects out of plain data.

Validity is not checked: whoever asks has planned against the subgraph's schema. Directives are not looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)

INTERFACE = "Case"
"""The one type that others implement: a condition on it holds for every object."""

Root = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Takes the name of a root field and its arguments; gives its value: objects are dicts with a `__typename`."""


class Projection:
    """The fields that a selection set picks from one object."""

    def __init__(self, selection_set: SelectionSetNode, document: DocumentNode) -> None:
        self._fields = list(_fields(selection_set, document, None))

    def of(self, value: Any) -> Any:
        """`value`, or each of it when it is a list, with the selected fields alone."""
        if value is None:
            return None
        if isinstance(value, list):
            return [self.of(one) for one in value]
        type_ = value["__typename"]
        return {
            key: value[name] if inner is None else inner.of(value[name])
            for key, name, inner, condition in self._fields
            if condition is None or condition == type_
        }


class Operation:
    """The one query of a document."""

    def __init__(self, query: str) -> None:
        document = parse(query, no_location=True)
        (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
        self._roots = [
            (
                (node.alias or node.name).value,
                node.name.value,
                node.arguments,
                Projection(node.selection_set, document) if node.selection_set else None,
            )
            for node in operation.selection_set.selections
            if isinstance(node, FieldNode)
        ]

    async def answer(self, root: Root, variables: Mapping[str, Any]) -> dict[str, Any]:
        """`data` of the answer."""
        data = {}
        for key, name, arguments, projection in self._roots:
            values = {one.name.value: value_from_ast_untyped(one.value, dict(variables)) for one in arguments or ()}
            value = await root(name, values)
            data[key] = value if projection is None else projection.of(value)
        return data


@lru_cache(maxsize=1_000)
def operation(query: str) -> Operation:
    """The query in `query`, read once."""
    return Operation(query)


_Field = tuple[str, str, Projection | None, str | None]
"""Its response key, name, what is selected of it and the type that the object must be of."""


def _fields(selection_set: SelectionSetNode, document: DocumentNode, condition: str | None) -> list[_Field]:
    found: list[_Field] = []
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            inner = Projection(node.selection_set, document) if node.selection_set else None
            found.append(((node.alias or node.name).value, node.name.value, inner, condition))
        elif isinstance(node, InlineFragmentNode):
            on = node.type_condition.name.value if node.type_condition else condition
            found += _fields(node.selection_set, document, on if on != INTERFACE else condition)
        elif isinstance(node, FragmentSpreadNode):
            fragment = _fragment(document, node.name.value)
            on = fragment.type_condition.name.value
            found += _fields(fragment.selection_set, document, on if on != INTERFACE else condition)
    return found


def _fragment(document: DocumentNode, name: str) -> FragmentDefinitionNode:
    return next(
        one for one in document.definitions if isinstance(one, FragmentDefinitionNode) and one.name.value == name
    )
