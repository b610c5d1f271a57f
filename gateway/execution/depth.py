"""How deep an operation's fields are nested, fragments followed, introspection not counted."""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


def depth_of(document: DocumentNode) -> int:
    """The most levels of fields of any operation in a valid document: no cycles, every fragment defined."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
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

    return max(
        (
            depth(definition.selection_set)
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ),
        default=0,
    )
