"""The errors of one run, told as if the fields had been run depth first.

Breadth first, errors are found in another order than graphql-core finds them; and some are found that it never looks
for, since it leaves an object as soon as one of its fields makes it null. Both are made good at the end. Errors are
sorted by where they were raised, in the order of the answer, and taken in that order: one whose place an earlier error
has made null, or holds such a place above it, was never raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any, Final, NamedTuple

from graphql import FieldNode, GraphQLError, located_error

from gateway.execution.breadth_first.places import Place, nullable_at_or_above, path_of, upwards


class Bubble(Enum):
    """The type of BUBBLE."""

    BUBBLE = auto()


BUBBLE: Final = Bubble.BUBBLE
"""Stands for a value that would be null where null may not be: it takes with it what holds it."""


class _Problem(NamedTuple):
    raised: Place
    nulled: Place
    error: GraphQLError


class Problems:
    """Collects errors, and makes null what they make null."""

    def __init__(self) -> None:
        self._found: list[_Problem] = []
        self._left: dict[tuple[str | int, ...], list[int]] = {}
        """Where running depth first leaves a place that is made null: the order of the first error that does."""
        self.deaths = 0
        """How often an error took a place above its own with it."""

    def add(self, error: Exception, place: Place, nodes: list[FieldNode]) -> Bubble | None:
        """Notes `error` of the value at `place`. What stands there instead: null, or BUBBLE where null may not."""
        nulled = nullable_at_or_above(place)
        try:
            located = located_error(error, nodes, path_of(place))
        except Exception as exc:  # noqa: BLE001 - it is an exception that cannot say what it is: the reason is told
            located = located_error(exc, nodes, path_of(place))
        self._found.append(_Problem(place, nulled, located))
        if nulled is place:
            return None
        nulled.container[nulled.key] = None
        self.deaths += 1
        path, order = tuple(path_of(nulled)), _Order().of(place)
        self._left[path] = min(order, self._left.get(path, order))
        return BUBBLE

    def reach(self, place: Place) -> bool:
        """Whether running depth first would come to `place`: nothing above it was left before, for an error."""
        path, order = path_of(place), _Order().of(place)
        left = (self._left.get(tuple(path[:length])) for length in range(len(path)))
        return not any(at is not None and at < order for at in left)

    def told(self) -> list[GraphQLError]:
        """The errors that running the fields depth first would have found, in its order."""
        if len(self._found) < 2:  # noqa: PLR2004 - one has no order
            return [problem.error for problem in self._found]
        order = _Order()
        ordered = sorted(((order.of(problem.raised), problem) for problem in self._found), key=lambda pair: pair[0])
        problems = [problem for _, problem in ordered]
        return [problem.error for problem in (_first_in_each_place(problems) if self.deaths else problems)]


def _first_in_each_place(problems: Iterable[_Problem]) -> list[_Problem]:
    """Those that find their place still there."""
    kept: list[_Problem] = []
    nulled: set[tuple[str | int, ...]] = set()
    for problem in problems:
        path = tuple(path_of(problem.nulled))
        if not any(path[:length] in nulled for length in range(len(path) + 1)):
            nulled.add(path)
            kept.append(problem)
    return kept


class _Order:
    """Turns places into what sorts as the answer stands: by the position of each field, and of each item."""

    def __init__(self) -> None:
        self._positions: dict[int, dict[str, int]] = {}

    def of(self, place: Place) -> list[int]:
        return [one.key if isinstance(one.key, int) else self._position(one) for one in upwards(place)][::-1]

    def _position(self, place: Place) -> int:
        fields: dict[str, Any] = place.container
        positions = self._positions.get(id(fields))
        if positions is None:
            positions = self._positions[id(fields)] = {name: position for position, name in enumerate(fields)}
        return positions[str(place.key)]
