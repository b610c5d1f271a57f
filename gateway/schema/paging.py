"""Relay connections over keyset paging: pages stay in step while items are added and removed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from gateway.errors import BadUserInput, LimitExceeded
from gateway.model.page import Ordered, Page, Window

NodeT = TypeVar("NodeT")
ItemT = TypeVar("ItemT")
PositionT = TypeVar("PositionT", bound=Ordered)

LONGEST_CURSOR = 512

First = Annotated[int | None, strawberry.argument(description="How many items, from the start or after `after`.")]
After = Annotated[str | None, strawberry.argument(description="Only items after this cursor of the same list.")]
Last = Annotated[int | None, strawberry.argument(description="How many items, from the end or before `before`.")]
Before = Annotated[str | None, strawberry.argument(description="Only items before this cursor of the same list.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether items follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether items precede this page.")
    _start_cursor: strawberry.Private[Callable[[], str | None]]
    _end_cursor: strawberry.Private[Callable[[], str | None]]

    @strawberry.field(description="The first item's cursor; null on an empty page.")
    def start_cursor(self) -> str | None:
        """Worked out only when asked for."""
        return self._start_cursor()

    @strawberry.field(description="The last item's cursor; null on an empty page.")
    def end_cursor(self) -> str | None:
        """Likewise."""
        return self._end_cursor()


@strawberry.type(description="One item of a page.")
class Edge(Generic[NodeT]):
    """Relay's edge."""

    node: NodeT = strawberry.field(description="The item itself.")
    _item: strawberry.Private[object]
    _cursor_of: strawberry.Private[Callable[[Any], str]]

    @strawberry.field(description="The item's place in its list, for `after` and `before`.")
    def cursor(self) -> str:
        """The item's cursor; worked out only when asked for."""
        return self._cursor_of(self._item)


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    """Relay's connection."""

    page_info: PageInfo = strawberry.field(description="Where this page stands in its list.")
    edges: list[Edge[NodeT]] = strawberry.field(description="The items of this page, in the list's order.")
    _count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="How many items the whole list has now.")
    async def total_count(self) -> int:
        """The number of items on all pages; counted only when asked for."""
        return await self._count()


def no_cursor(argument: str) -> BadUserInput:
    """The error for what was given as `argument` and is no cursor of the list."""
    return BadUserInput(
        f"`{argument}` is not a cursor of this list. Use a cursor from the same field with the same filter."
    )


@dataclass(frozen=True, slots=True)
class Cursors(Generic[ItemT, PositionT]):
    """How one list's places are written as cursors. A cursor of another list, filter or caller is refused."""

    scope: tuple[str, ...]
    position: Callable[[ItemT], str]
    parse: Callable[[str], PositionT]

    def cursor(self, item: ItemT) -> str:
        """The cursor of `item`."""
        text = f"{self._fingerprint()}:{self.position(item)}"
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    def place(self, cursor: str | None, argument: str) -> PositionT | None:
        """Where `cursor` points. Raises BadUserInput, naming `argument`, for what is no cursor of this list."""
        if cursor is None:
            return None
        try:
            if len(cursor) > LONGEST_CURSOR:
                raise ValueError
            padded = cursor + "=" * (-len(cursor) % 4)
            fingerprint, _, text = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
            if fingerprint != self._fingerprint():
                raise ValueError
            return self.parse(text)
        except (binascii.Error, UnicodeError, ValueError):
            raise no_cursor(argument) from None

    def _fingerprint(self) -> str:
        return hashlib.sha256("\0".join(self.scope).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The four paging arguments of a list, and what it gives when none of them says how many."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None
    default: int
    most: int

    def window(self, cursors: Cursors[ItemT, PositionT]) -> Window[PositionT]:
        """The page asked for. Raises BadUserInput and LimitExceeded."""
        return Window(
            size=self.size(),
            after=cursors.place(self.after, "after"),
            before=cursors.place(self.before, "before"),
            backward=self.last is not None,
        )

    def size(self) -> int:
        """How many items the page has at most. Raises BadUserInput and LimitExceeded."""
        if self.first is not None and self.last is not None:
            raise BadUserInput("Give `first` or `last`, not both.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and size < 1:
                raise BadUserInput(f"`{name}` must be at least 1; it is {size}.")
            if size is not None and size > self.most:
                raise LimitExceeded(
                    f"`{name}` is {size}; a page has at most {self.most} items. Ask for the rest with the next page.",
                    limit="page_max_size",
                    value=self.most,
                    asked=size,
                )
        return self.last or self.first or min(self.default, self.most)


def connection(
    page: Page[ItemT],
    cursors: Cursors[ItemT, PositionT],
    node: Callable[[ItemT], NodeT],
    count: Callable[[], Awaitable[int]],
) -> Connection[NodeT]:
    """The connection that shows `page`, each item by `node`."""
    cursor_of = cursors.cursor
    edges = [Edge(node=node(item), _item=item, _cursor_of=cursor_of) for item in page.items]
    return Connection(
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            _start_cursor=lambda: cursors.cursor(page.items[0]) if page.items else None,
            _end_cursor=lambda: cursors.cursor(page.items[-1]) if page.items else None,
        ),
        edges=edges,
        _count=count,
    )


def counted(number: int) -> Callable[[], Awaitable[int]]:
    """A count that is known already."""

    async def count() -> int:
        return number

    return count
