"""The places of a column of values: of a field, of the items of lists, of some among others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.execution.breadth_first.places import Place
from gateway.execution.breadth_first.plan import FieldPlan, Places

if TYPE_CHECKING:
    from gateway.execution.breadth_first.info import FieldInfo
    from gateway.execution.breadth_first.levels import Level
    from gateway.execution.breadth_first.running import Run


class FieldPlaces:
    """One field of all objects of a level."""

    def __init__(self, run: Run, level: Level, field: FieldPlan, infos: list[FieldInfo] | None) -> None:
        self.field = field
        self._run = run
        self._level = level
        self._infos = infos

    def at(self, number: int) -> Place:
        """The field of one object."""
        field, level = self.field, self._level
        nullable = field.completion.nullable
        return Place(level.places[number], field.name, level.objects[number], nullable, field.parent.name)

    def every(self) -> list[Place]:
        """The field of each object."""
        return self._level.places_of(self.field)

    def info(self, number: int) -> FieldInfo:
        """What the resolver was told, or would have been."""
        if self._infos is None:
            self._infos = self._run.infos(self._level, self.field)
        return self._infos[number]


class ItemPlaces:
    """The items of several lists, one list after the other."""

    def __init__(self, lists: list[list[Any]], places: Places, *, nullable: bool) -> None:
        self.field = places.field
        self._lists = lists
        self._places = places
        self._nullable = nullable
        self._owners = [owner for owner, items in enumerate(lists) for _ in items]
        self._indices = [index for items in lists for index in range(len(items))]
        self._above: dict[int, Place] = {}

    def at(self, number: int) -> Place:
        """The place of one item."""
        owner = self._owners[number]
        above = self._above.get(owner)
        if above is None:
            above = self._above[owner] = self._places.at(owner)
        return Place(above, self._indices[number], self._lists[owner], self._nullable, None)

    def every(self) -> list[Place]:
        """The places of all items."""
        nullable = self._nullable
        return [
            Place(above, index, items, nullable, None)
            for above, items in zip(self._places.every(), self._lists, strict=True)
            for index in range(len(items))
        ]

    def info(self, number: int) -> FieldInfo:
        """The field's, whose value the list is."""
        return self._places.info(self._owners[number])


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

    def among(self, numbers: list[int]) -> SomePlaces:
        """Those that `numbers` name, which are in order, among these."""
        return self if len(numbers) == len(self._numbers) else SomePlaces(self, numbers)

    def info(self, number: int) -> FieldInfo:
        """What the resolver of one of them was told."""
        return self._places.info(self._numbers[number])
