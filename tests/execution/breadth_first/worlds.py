"""Schemas whose resolvers misbehave in every way, and by the same dice at the same place whoever runs them."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from operator import attrgetter
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    is_enum_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_scalar_type,
    is_union_type,
)

from gateway.execution.breadth_first.shortcuts import CALLS_ONCE, CLASSES, READS

NASTY = """
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @stream(if: Boolean! = true, label: String, initialCount: Int! = 0) on FIELD
interface Being { id: ID! name: String friend: Being friends(most: Int = 3): [Being!] }
interface Loud implements Being {
  id: ID! name: String friend: Being friends(most: Int = 3): [Being!] noise: Loudness!
}
type Cat implements Being {
  id: ID! name: String friend: Cat friends(most: Int = 3): [Being!]
  kittens: [Cat!]! colours: [[String!]] mood(wish: Wish): Odd must: Cat!
}
type Dog implements Being & Loud {
  id: ID! name: String friend: Being friends(most: Int = 3): [Dog!] noise: Loudness!
  puppies: [Dog] toys: [[Thing]!]! weight: Float!
}
type Stone { weight: Float! age: Int grid: [[Int!]!] is_wet: Boolean anything: Json }
union Thing = Cat | Dog | Stone
enum Loudness { LOW HIGH }
scalar Odd
scalar Json
input Wish { text: String! = "more" often: [Int!] = [1, 2] loudness: Loudness also: Wish }
type Query {
  being: Being must: Being! beings: [Being] everyone: [Being!]! loud: [Loud!]
  thing: Thing things: [[Thing!]] stones: [Stone!]! cat(id: ID!): Cat
  echo(text: String!, numbers: [Int!] = [1], wish: Wish): String
  odd: Odd odds: [Odd!] json: Json words: [String!]! number: Int! truth: Boolean
}
type Mutation { feed(wish: Wish): Cat scold: Dog! name(id: ID!): String throw: Stone }
"""

OURS = (Path(__file__).parents[3] / "schema.graphql").read_text(encoding="utf-8")


@dataclass(slots=True)
class Dice:
    """What happens at a place, for the seed of one example. `mischief` in 256 values are not what they should be."""

    seed: int
    mischief: int
    is_async: bool
    called: Counter[str] = field(default_factory=Counter)

    def at(self, *place: object) -> Iterator[int]:
        """Numbers below 256, the same for the same place."""
        round_ = 0
        while True:
            yield from hashlib.blake2b(f"{self.seed} {place} {round_}".encode()).digest()
            round_ += 1


SHARED = GraphQLError("known to several", extensions={"code": "SHARED"})
"""One exception that several fields fail with."""


class Told(Exception):
    """Has extensions of its own."""

    extensions = {"code": "TOLD"}  # noqa: RUF012


FAILURES: tuple[Callable[[str], Exception], ...] = (
    lambda place: ValueError(f"no value at {place}"),
    lambda place: Told(f"told at {place}"),
    lambda _: SHARED,
    lambda place: GraphQLError(f"an error of its own at {place}"),
    KeyError,
    StopIteration,
)


class Source:
    """An object behind the answer: its attributes are whatever the dice say, for the path of the object."""

    def __init__(self, type_name: str, place: str, world: World, dice: Dice) -> None:
        self.type_name = type_name
        self.place = place
        self.world = world
        self.dice = dice

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        type_ = self.world.schema.type_map[self.type_name]
        assert isinstance(type_, GraphQLObjectType)
        return self.world.value(type_.fields[name].type, f"{self.place}.{name}", self.dice)

    def __repr__(self) -> str:
        return f"<{self.type_name} {self.place}>"

    def __str__(self) -> str:
        return repr(self)


class Known(Source):
    """A source of which the schema knows the type, by its class."""


@dataclass(slots=True)
class World:
    """A schema with resolvers that go by the dice, which they find in the context."""

    schema: GraphQLSchema

    def value(self, type_: GraphQLOutputType, place: str, dice: Dice) -> Any:
        """What stands at `place`, as a resolver or an attribute gives it: a value, or mischief. May raise."""
        dice.called[place] += 1
        rolls = dice.at(place)
        if next(rolls) >= dice.mischief:
            value = self._plain(type_, place, dice, rolls)
            return self._later(value, next(rolls) % 3) if dice.is_async and next(rolls) < 40 else value
        failure = FAILURES[next(rolls) % len(FAILURES)](place)
        what = next(rolls) % 8
        if what == 0:
            raise failure
        if what == 1:
            return failure
        if what in {2, 3}:
            return None
        if what == 4:
            return ["", 2**40, float("nan"), (), {}, object, Source("Nothing", place, self, dice)][next(rolls) % 7]
        value = self._plain(type_, place, dice, rolls) if what == 7 or not dice.is_async else None
        if not dice.is_async:
            return value
        return self._later([failure, None, value][what - 5], next(rolls) % 3, raises=next(rolls) % 2 == 0)

    async def _later(self, value: Any, turns: int, *, raises: bool = False) -> Any:
        for _ in range(turns):
            await asyncio.sleep(0)
        if raises and isinstance(value, Exception):
            raise value
        return value

    def _plain(self, type_: GraphQLOutputType, place: str, dice: Dice, rolls: Iterator[int]) -> Any:
        if is_non_null_type(type_):
            return self._plain(type_.of_type, place, dice, rolls)
        if is_list_type(type_):
            return self._list(type_.of_type, place, dice, rolls)
        if is_object_type(type_):
            return self._source(type_, place, dice, rolls)
        if is_interface_type(type_) or is_union_type(type_):
            possible = self.schema.get_possible_types(type_)
            return self._source(possible[next(rolls) % len(possible)], place, dice, rolls)
        if is_enum_type(type_):
            return list(type_.values.values())[next(rolls) % len(type_.values)].value
        assert is_scalar_type(type_)
        by_name = {"Int": next(rolls), "Float": next(rolls) / 4, "Boolean": next(rolls) < 128, "Odd": next(rolls)}
        return by_name.get(type_.name, f"{type_.name} at {place}")

    def _list(self, item_type: GraphQLOutputType, place: str, dice: Dice, rolls: Iterator[int]) -> Any:
        items = []
        for index in range(next(rolls) % 4):
            try:
                items.append(self.value(item_type, f"{place}.{index}", dice))
            except Exception as exc:  # noqa: BLE001
                items.append(exc)
        kind = next(rolls) % 12
        if kind == 0:
            return tuple(items)
        if kind == 1:
            return (item for item in items)
        if kind == 2 and dice.is_async:
            return _iterated(items)
        return items

    def _source(self, type_: GraphQLObjectType, place: str, dice: Dice, rolls: Iterator[int]) -> Source:
        kind = Known if next(rolls) % 2 and type_.name == "Stone" else Source
        return kind(type_.name, place, self, dice)


async def _iterated(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


def world(sdl: str, *, with_columns: bool = False) -> World:
    """The schema `sdl` with misbehaving resolvers, some of which only read an attribute.

    `with_columns`: some are called once for all objects of a level, which is awaited whatever the dice say.
    """
    made = World(build_schema(sdl, assume_valid_sdl=True))
    for type_ in made.schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType):
            for name, definition in type_.fields.items():
                _resolve(made, type_, name, definition, with_columns=with_columns)
            if type_.name in {"Cat", "Case", "CaseGroup"}:
                type_.is_type_of = _is_type_of
            if type_.name == "Stone":
                type_.is_type_of = lambda source, _: isinstance(source, Source) and source.type_name == "Stone"
                type_.extensions[CLASSES] = {Known: "Stone"}
        elif is_interface_type(type_) or is_union_type(type_):
            type_.resolve_type = _type_of
            if type_.name == "Thing":
                type_.extensions[CLASSES] = {Known: "Stone"}
        elif is_scalar_type(type_) and type_.name == "Odd":
            type_.coerce_output_value = _odd
    return made


def _resolve(made: World, type_: GraphQLObjectType, name: str, definition: GraphQLField, *, with_columns: bool) -> None:
    is_root = type_ in {made.schema.query_type, made.schema.mutation_type}
    if not is_root and not definition.args and len(name) % 2:

        def read(source: Any, _info: GraphQLResolveInfo[Dice]) -> Any:
            return getattr(source, name)

        definition.resolve = read
        definition.extensions[READS] = attrgetter(name)
        return
    is_column = with_columns and not is_root and not definition.args and name[0] in "cfmrs"

    def resolve(source: Any, info: GraphQLResolveInfo[Dice], **arguments: Any) -> Any:
        dice: Dice = info.context
        above = "" if source is None else source.place
        place = f"{above}.{name}{sorted(arguments.items()) or ''}"
        # What the path is worked out from is a place of ours; it must be told as graphql-core tells it.
        if not is_column:  # for which one path stands for all
            dice.called[f"{info.path.as_list()} {info.path.typename} {info.field_name} {info.parent_type}"] += 1
        return made.value(definition.type, place, dice)

    definition.resolve = resolve
    if is_column:
        definition.extensions[CALLS_ONCE] = partial(_for_each, resolve)


async def _for_each(
    resolve: Callable[[Any, GraphQLResolveInfo[Dice]], Any], sources: Sequence[Any], info: GraphQLResolveInfo[Dice]
) -> list[Any]:
    """What `resolve` comes to for each of `sources`."""

    async def one(source: Any) -> Any:
        try:
            value = resolve(source, info)
        except StopIteration as exc:  # which no coroutine may raise
            return exc
        return await value if isawaitable(value) else value

    return await asyncio.gather(*map(one, sources), return_exceptions=True)


def _type_of(source: Any, info: GraphQLResolveInfo[Dice], _abstract: Any) -> Any:
    """Now and then at once, later, wrong, or not at all."""
    if not isinstance(source, Source):
        return None
    if isinstance(source, Known):
        return source.type_name
    dice: Dice = info.context
    rolls = dice.at("type", source.place, info.path.as_list())
    roll = next(rolls)
    if roll < dice.mischief:
        what = roll % 5
        if what == 0:
            raise ValueError(f"no type for {source.place}")
        return [None, 7, "Nothing", "Query", "Int"][what]
    if dice.is_async and roll % 5 == 0:
        return _said_later(source.type_name)
    return source.type_name


def _is_type_of(source: Any, info: GraphQLResolveInfo[Dice]) -> Any:
    """The same for the type itself."""
    right = isinstance(source, Source)
    if not right:
        return False
    dice: Dice = info.context
    roll = next(dice.at("is", source.place))
    if roll < dice.mischief // 4:
        raise ValueError(f"cannot tell {source.place}")
    if dice.is_async and roll % 7 == 0:
        return _said_later(roll % 2)
    return roll % 31 > 0


async def _said_later(what: Any) -> Any:
    await asyncio.sleep(0)
    return what


def _odd(value: Any) -> int | None:
    if value == 3:
        return None
    if isinstance(value, int) and value % 2:
        return value
    if value == 4:
        raise StopIteration  # which a list takes for its end
    raise ValueError(f"{value!r} is not odd")
