"""How much a valid document asks for: levels of fields, root fields, aliases. Fragments are followed."""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    visit,
)

COUNTED = 1_000_000
"""Root fields beyond this are not counted: fragments that spread each other twice double them at each level."""


def depth_of(document: DocumentNode) -> int:
    """The most levels of fields of any operation in a valid document: no cycles, every fragment defined.

    Introspection is not counted.
    """
    fragments = _fragments(document)
    known: dict[str, int] = {}

    def depth(selection_set: SelectionSetNode | None) -> int:
        if selection_set is None:
            return 0
        deepest = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                # Introspection is bounded by graphql-core's own rule and needs more levels than any other question.
                levels = 0 if selection.name.value.startswith("__") else 1 + depth(selection.selection_set)
            elif isinstance(selection, InlineFragmentNode):
                levels = depth(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in known:
                    known[name] = depth(fragments[name].selection_set)
                levels = known[name]
            deepest = max(deepest, levels)
        return deepest

    return max(map(depth, _operations(document)), default=0)


def root_fields_of(document: DocumentNode) -> int:
    """The most root fields of any operation in a valid document, a field counted as often as it is selected."""
    fragments = _fragments(document)
    known: dict[str, int] = {}

    def fields(selection_set: SelectionSetNode) -> int:
        number = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                number += 1
            elif isinstance(selection, InlineFragmentNode):
                number += fields(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in known:
                    known[name] = fields(fragments[name].selection_set)
                number += known[name]
        return min(number, COUNTED)

    return max(map(fields, _operations(document)), default=0)


def aliases_of(document: DocumentNode) -> int:
    """How many aliases stand in the document."""
    counter = _Aliases()
    visit(document, counter)
    return counter.number


class _Aliases(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.number += node.alias is not None


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def _operations(document: DocumentNode) -> list[SelectionSetNode]:
    return [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
