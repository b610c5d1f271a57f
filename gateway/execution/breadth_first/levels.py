"""A level: objects of one type, from one place of the document, whose fields are run together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from gateway.execution.breadth_first.columns import FieldPlaces
from gateway.execution.breadth_first.places import Place
from gateway.execution.breadth_first.plan import FieldPlan, ObjectPlan

if TYPE_CHECKING:
    from gateway.execution.breadth_first.running import Run


@dataclass(frozen=True, slots=True)
class Level:
    """The objects, side by side: what each is resolved from, what it is in the answer, and where it stands."""

    plan: ObjectPlan
    sources: list[Any]
    objects: list[dict[str, Any]]
    places: list[Place]

    @classmethod
    def of(cls, plan: ObjectPlan, sources: list[Any], places: list[Place]) -> Self:
        """A level of objects without their fields."""
        blank = plan.blank
        return cls(plan, sources, [blank.copy() for _ in sources], places)

    def run(self, run: Run, fields: list[FieldPlan]) -> None:
        """Sets `fields` of every object. What lies below them joins the run's agenda; what is awaited is set later."""
        for field in fields:
            level = self._as_far_as_reached(run, field) if run.problems.deaths else self
            if not level.sources:
                continue
            values, infos = field.reader.read(run, level, field)
            completed = field.completion.complete(run, values, FieldPlaces(run, level, field, infos))
            name = field.name
            for object_, value in zip(level.objects, completed, strict=True):
                object_[name] = value

    def places_of(self, field: FieldPlan) -> list[Place]:
        """The place of `field` in each object."""
        name, nullable, typename = field.name, field.completion.nullable, field.parent.name
        return [
            Place(above, name, object_, nullable, typename)
            for above, object_ in zip(self.places, self.objects, strict=True)
        ]

    def _as_far_as_reached(self, run: Run, field: FieldPlan) -> Self:
        """The objects whose `field` depth first would be run, although errors have made something null."""
        reaches = run.problems.reach
        kept = [number for number, place in enumerate(self.places_of(field)) if reaches(place)]
        if len(kept) == len(self.sources):
            return self
        return type(self)(
            self.plan,
            [self.sources[number] for number in kept],
            [self.objects[number] for number in kept],
            [self.places[number] for number in kept],
        )
