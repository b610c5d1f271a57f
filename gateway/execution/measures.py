"""How much a document asks for: levels of fields, root fields, fields, aliases. Fragments are followed.

Measured before the document is validated, which would be dearer. Of one that spreads fragments in a circle, or that it
does not define, less is said than it asks for; it is refused for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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
"""Fields beyond this are not counted: fragments that spread each other twice double them at each level."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The most levels of fields, root fields and fields of any operation, and the aliases of the whole document.

    A field counts as often as it is selected: one of a fragment wherever that is spread. Introspection is no level.
    """

    depth: int
    root_fields: int
    fields: int
    aliases: int


class _Selected(NamedTuple):
    """What a selection set comes to: its levels of fields, and how many fields its first has and they all have."""

    depth: int = 0
    first: int = 0
    fields: int = 0


def measured(document: DocumentNode) -> Measures:
    """What the document asks for. Raises RecursionError where fragments are spread too deeply to say."""
    walk = _Walk(document)
    operations = [
        walk.selected(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    walk.through_all_fragments()
    depths, root_fields, fields = zip(*operations, strict=True) if operations else ((0,), (0,), (0,))
    return Measures(max(depths), max(root_fields), max(fields), walk.aliases)


class _Walk:
    """Goes through every selection set once, counting aliases. What is in a fragment is remembered by its name."""

    def __init__(self, document: DocumentNode) -> None:
        self.aliases = 0
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, _Selected] = {}

    def selected(self, selection_set: SelectionSetNode | None) -> _Selected:
        """What it comes to."""
        deepest = first = fields = 0
        for selection in selection_set.selections if selection_set else ():
            of_it = self._of(selection)
            deepest = max(deepest, of_it.depth)
            first += of_it.first
            fields += of_it.fields
        return _Selected(deepest, min(first, COUNTED), min(fields, COUNTED))

    def through_all_fragments(self) -> None:
        """Counts the aliases of those, too, that nobody spreads."""
        for name in self._fragments:
            self._of_fragment(name)

    def _of(self, selection: SelectionNode) -> _Selected:
        if isinstance(selection, FieldNode):
            self.aliases += selection.alias is not None
            below = self.selected(selection.selection_set)
            # Introspection is bounded by graphql-core's own rule and needs more levels than any other question.
            depth = 0 if selection.name.value.startswith("__") else 1 + below.depth
            return _Selected(depth, 1, 1 + below.fields)
        if isinstance(selection, InlineFragmentNode):
            return self.selected(selection.selection_set)
        assert isinstance(selection, FragmentSpreadNode), "a selection is one of three"
        return self._of_fragment(selection.name.value)

    def _of_fragment(self, name: str) -> _Selected:
        if name not in self._known:
            # Nothing, as long as it is being gone through: it may spread itself.
            self._known[name] = _Selected()
            self._known[name] = self.selected(self._fragments.get(name))
        return self._known[name]
