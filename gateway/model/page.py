"""One page of an ordered list, by keyset: stable while items are added and removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

ItemT = TypeVar("ItemT")


class Ordered(Protocol):
    """What positions must be: comparable with their like."""

    def __lt__(self, other: Self, /) -> bool: ...


PositionT = TypeVar("PositionT", bound=Ordered)


@dataclass(frozen=True, slots=True)
class Window(Generic[PositionT]):
    """Which page: `size` items after one position and before another, from the start or, `backward`, from the end."""

    size: int
    after: PositionT | None = None
    before: PositionT | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """The items of one page in list order, and whether there are more on either side."""

    items: Sequence[ItemT]
    has_previous: bool
    has_next: bool


def page_read(found: list[ItemT], window: Window[PositionT]) -> Page[ItemT]:
    """The page that `window` asks for: `found` are its items in its direction, and one more if there is one."""
    more = len(found) > window.size
    items = found[: window.size]
    if window.backward:
        items.reverse()
    # Beyond a bound that was given there is at least the item it names.
    return Page(
        items,
        has_previous=window.after is not None or (more and window.backward),
        has_next=window.before is not None or (more and not window.backward),
    )


def page_of(items: Sequence[ItemT], position: Callable[[ItemT], PositionT], window: Window[PositionT]) -> Page[ItemT]:
    """The page that `window` asks for of `items`, which ascend by `position`."""
    after, before = window.after, window.before
    within = [
        item
        for item in items
        if (after is None or after < position(item)) and (before is None or position(item) < before)
    ]
    chosen = within[-window.size :] if window.backward else within[: window.size]
    if not chosen:
        return Page((), has_previous=after is not None, has_next=before is not None)
    return Page(
        chosen,
        has_previous=position(items[0]) < position(chosen[0]),
        has_next=position(chosen[-1]) < position(items[-1]),
    )
