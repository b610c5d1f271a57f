"""The places of a column of values: of a field, of the items of lists, of some among others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gateway.execution.breadth_first.info import FieldInfo
from gateway.execution.breadth_first.places import Place
from gateway.execution.breadth_first.plan import FieldPlan, Places

if TYPE_CHECKING:
    from gateway.execution.breadth_first.levels import Level
    from gateway.execution.breadth_first.running import Run


class FieldPlaces:
    """One field of all objects of a level."""

    __slots__ = ("_level", "_run", "field")

    def __init__(self, run: Run, level: Level, field: FieldPlan) -> None:
        self.field = field
        self._run = run
        self._level = level

    def at(self, number: int) -> Place:
        """The field of one object."""
        field, level = self.field, self._level
        nullable = field.completion.nullable
        return Place(level.places[number], field.name, level.objects[number], nullable, field.parent.name)

    def every(self) -> list[Place]:
        """The field of each object."""
        field, level = self.field, self._level
        name, nullable, typename = field.name, field.completion.nullable, field.parent.name
        return [
            Place(above, name, object_, nullable, typename)
            for above, object_ in zip(level.places, level.objects, strict=True)
        ]

    def put(self, numbers: Sequence[int], values: Iterable[Any]) -> None:
        """Sets the field of some objects."""
        name, objects = self.field.name, self._level.objects
        chosen = objects if len(numbers) == len(objects) else [objects[number] for number in numbers]
        for object_, value in zip(chosen, values, strict=True):
            object_[name] = value

    def info(self, number: int) -> FieldInfo:
        """What the resolver of one object is told."""
        field = self.field
        return FieldInfo._make(
            (
                field.nodes[0].name.value,
                field.nodes,
                field.definition.type,
                field.parent,
                (self, number),
                *self._run.said_to_all,
            )
        )


class ItemPlaces:
    """The items of several lists, one list after the other."""

    def __init__(self, lists: list[list[Any]], places: Places, *, nullable: bool) -> None:
        self.field = places.field
        self._lists = lists
        self._places = places
        self._nullable = nullable
        self._above: dict[int, Place] = {}
        self._owners_and_indices: list[tuple[int, int]] | None = None

    def at(self, number: int) -> Place:
        """The place of one item."""
        owner, index = self._position(number)
        above = self._above.get(owner)
        if above is None:
            above = self._above[owner] = self._places.at(owner)
        return Place(above, index, self._lists[owner], self._nullable, None)

    def every(self) -> list[Place]:
        """The places of all items."""
        nullable = self._nullable
        return [
            Place(above, index, items, nullable, None)
            for above, items in zip(self._places.every(), self._lists, strict=True)
            for index in range(len(items))
        ]

    def put(self, numbers: Sequence[int], values: Iterable[Any]) -> None:
        """Sets some items."""
        for number, value in zip(numbers, values, strict=True):
            owner, index = self._position(number)
            self._lists[owner][index] = value

    def info(self, number: int) -> FieldInfo:
        """The field's, whose value the list is."""
        return self._places.info(self._position(number)[0])

    def _position(self, number: int) -> tuple[int, int]:
        """Which list the item is in, and where."""
        if self._owners_and_indices is None:
            self._owners_and_indices = [
                (owner, index) for owner, items in enumerate(self._lists) for index in range(len(items))
            ]
        return self._owners_and_indices[number]


class SomePlaces:
    """Those of `places` that `numbers` name."""

    def __init__(self, places: Places, numbers: list[int]) -> None:
        self.field = places.field
        self._places = places
        self._numbers = numbers

    def at(self, number: int) -> Place:
        """One of them."""
        return self._places.at(self._numbers[number])

    def every(self) -> list[Place]:
        """All of them."""
        every = self._places.every()
        return [every[number] for number in self._numbers]

    def put(self, numbers: Sequence[int], values: Iterable[Any]) -> None:
        """Sets some of them."""
        self._places.put([self._numbers[number] for number in numbers], values)

    def info(self, number: int) -> FieldInfo:
        """What the resolver of one of them was told."""
        return self._places.info(self._numbers[number])


def among(places: Places, numbers: list[int], count: int) -> Places:
    """Those of `count` places that `numbers` name, which are in order."""
    return places if len(numbers) == count else SomePlaces(places, numbers)
