"""How much a document asks for: levels of fields, root fields, aliases. Fragments are followed.

Measured before the document is validated, which would be dearer. Of one that spreads fragments in a circle, or that it
does not define, less is said than it asks for; it is refused for that.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.language import SelectionNode

COUNTED = 1_000_000
"""Root fields beyond this are not counted: fragments that spread each other twice double them at each level."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The most levels of fields and the most root fields of any operation, and the aliases of the whole document.

    A root field counts as often as it is selected. Introspection is no level.
    """

    depth: int
    root_fields: int
    aliases: int


def measured(document: DocumentNode) -> Measures:
    """What the document asks for. Raises RecursionError where fragments are spread too deeply to say."""
    walk = _Walk(document)
    operations = [
        walk.selected(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    walk.through_all_fragments()
    depths, root_fields = zip(*operations, strict=True) if operations else ((0,), (0,))
    return Measures(max(depths), max(root_fields), walk.aliases)


class _Walk:
    """Goes through every selection set once, counting aliases. What is in a fragment is remembered by its name."""

    def __init__(self, document: DocumentNode) -> None:
        self.aliases = 0
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[int, int]] = {}

    def selected(self, selection_set: SelectionSetNode | None) -> tuple[int, int]:
        """Its levels of fields, and how many fields its first level has."""
        deepest = fields = 0
        for selection in selection_set.selections if selection_set else ():
            depth, number = self._of(selection)
            deepest = max(deepest, depth)
            fields += number
        return deepest, min(fields, COUNTED)

    def through_all_fragments(self) -> None:
        """Counts the aliases of those, too, that nobody spreads."""
        for name in self._fragments:
            self._of_fragment(name)

    def _of(self, selection: SelectionNode) -> tuple[int, int]:
        if isinstance(selection, FieldNode):
            self.aliases += selection.alias is not None
            below, _ = self.selected(selection.selection_set)
            # Introspection is bounded by graphql-core's own rule and needs more levels than any other question.
            return 0 if selection.name.value.startswith("__") else 1 + below, 1
        if isinstance(selection, InlineFragmentNode):
            return self.selected(selection.selection_set)
        assert isinstance(selection, FragmentSpreadNode), "a selection is one of three"
        return self._of_fragment(selection.name.value)

    def _of_fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            # Nothing, as long as it is being gone through: it may spread itself.
            self._known[name] = (0, 0)
            self._known[name] = self.selected(self._fragments.get(name))
        return self._known[name]
