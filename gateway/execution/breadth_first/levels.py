"""A level: objects of one type, from one place of the document, whose fields are run together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.execution.breadth_first.columns import FieldPlaces
from gateway.execution.breadth_first.places import Place
from gateway.execution.breadth_first.plan import FieldPlan, ObjectPlan

if TYPE_CHECKING:
    from gateway.execution.breadth_first.running import Run


class Level:
    """The objects, side by side: what each is resolved from, what it is in the answer, and where it stands.

    Where they stand is worked out when somebody asks: few do, unless something goes wrong.
    """

    __slots__ = ("_find_places", "_places", "objects", "plan", "sources")

    def __init__(
        self,
        plan: ObjectPlan,
        sources: list[Any],
        find_places: Callable[[], list[Place]],
        objects: list[dict[str, Any]] | None = None,
    ) -> None:
        self.plan = plan
        self.sources = sources
        if objects is None:
            blank = plan.blank
            objects = [blank.copy() for _ in sources]
        self.objects = objects
        """Those given, or new ones without their fields."""
        self._find_places = find_places
        self._places: list[Place] | None = None

    @property
    def places(self) -> list[Place]:
        """The place of each object."""
        if self._places is None:
            self._places = self._find_places()
        return self._places

    def run(self, run: Run, fields: list[FieldPlan]) -> None:
        """Sets `fields` of every object. What lies below them joins the run's agenda; what is awaited is set later."""
        for field in fields:
            level = self._as_far_as_reached(run, field) if run.problems.deaths else self
            if not level.sources:
                continue
            places = FieldPlaces(run, level, field)
            values = field.reader.read(run, level.sources, places)
            if not isinstance(values, list):
                run.wait_for_all(values, len(level.sources), places, field.completion)
                continue
            completed = field.completion.complete(run, values, places)
            name = field.name
            for object_, value in zip(level.objects, completed, strict=True):
                object_[name] = value

    def _as_far_as_reached(self, run: Run, field: FieldPlan) -> Level:
        """The objects whose `field` depth first would be run, although errors have made something null."""
        reaches = run.problems.reach
        of_field = FieldPlaces(run, self, field).every()
        kept = [number for number, place in enumerate(of_field) if reaches(place)]
        if len(kept) == len(self.sources):
            return self
        return Level(
            self.plan,
            [self.sources[number] for number in kept],
            lambda: [self.places[number] for number in kept],
            [self.objects[number] for number in kept],
        )
