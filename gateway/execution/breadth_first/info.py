"""What resolvers are told of the field they resolve: graphql-core's info, whose path is worked out when asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type import GraphQLResolveInfoHelpers

from gateway.execution.breadth_first.places import resolver_path

if TYPE_CHECKING:
    from gateway.execution.breadth_first.plan import Places

_PATH = GraphQLResolveInfo._fields.index("path")


class FieldInfo(GraphQLResolveInfo[Any]):
    """A GraphQLResolveInfo that holds whose it is where a path belongs: few resolvers ask for that.

    By its name the path is there as ever; by its number, and in `_asdict`, is what it is made of.
    """

    @property
    def path(self) -> Path:
        """The response path to the field."""
        whose: tuple[Places, int] = tuple.__getitem__(self, _PATH)
        places, number = whose
        return resolver_path(places.at(number))

    @property
    def memory(self) -> dict[Any, Any]:
        """Where a resolver may keep what follows from the plan alone: nothing of a caller, nothing of a variable.

        But for the variables that steer @skip and @include: each choice of them has a plan of its own.
        """
        whose: tuple[Places, int] = tuple.__getitem__(self, _PATH)
        return whose[0].field.memory


class Background:
    """Work that a resolver has started and does not wait for, kept until it is done."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Future[Any]] = set()

    def helpers(self) -> GraphQLResolveInfoHelpers:
        """What resolvers may use for work of their own."""
        return GraphQLResolveInfoHelpers(gather=_gathered, track=self._track)

    def _track(self, values: Sequence[Any]) -> None:
        awaitables = [value for value in values if is_awaitable(value)]
        if awaitables:
            settled = asyncio.gather(*awaitables, return_exceptions=True)
            self._under_way.add(settled)
            settled.add_done_callback(self._under_way.discard)


def _gathered(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)
