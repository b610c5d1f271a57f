"""Where a value stands in the answer: how it is set, how it is made null, and what its path is.

The answer itself says what is still in it. An object is part of the answer as long as every container on the way up to
the root still holds something; what was made null is held by nobody, and needs no other mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql.pyutils import Path

Container = dict[str, Any] | list[Any]
"""An object of the answer, or a list in it."""


class Place(NamedTuple):
    """The place of one value: it is `container[key]`, below the place `above`."""

    above: Place | None
    key: str | int
    container: Any
    """The Container; a union of dict and list takes no key that is `str | int`, as far as types can tell."""
    nullable: bool
    typename: str | None
    """The type whose field `key` names; None for an item of a list."""


def root_place(answer: dict[str, Any]) -> Place:
    """The place of the operation's data in `answer`, which takes null whatever happens."""
    return Place(None, "data", answer, nullable=True, typename=None)


def upwards(place: Place) -> Iterator[Place]:
    """`place` and those above it, but for the root's."""
    while place.above is not None:
        yield place
        place = place.above


def path_of(place: Place) -> list[str | int]:
    """The response path, as it stands in an error."""
    return [one.key for one in upwards(place)][::-1]


def resolver_path(place: Place) -> Path:
    """The same as graphql-core hands it to resolvers."""
    path: Path | None = None
    for one in reversed([*upwards(place)]):
        path = Path(path, one.key, one.typename)
    assert path is not None, "the root is no field"
    return path


def is_held(place: Place | None) -> bool:
    """Whether what stands at `place` is still part of the answer."""
    while place is not None:
        if place.container[place.key] is None:
            return False
        place = place.above
    return True


def nullable_at_or_above(place: Place) -> Place:
    """The nearest place that may be null: it is what an error at `place` makes null."""
    while not place.nullable:
        assert place.above is not None, "the root may be null"
        place = place.above
    return place
