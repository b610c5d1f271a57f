"""Fields that are resolved once for all objects of a level."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from gateway.execution.breadth_first.info import FieldInfo
from gateway.execution.breadth_first.plans import Plans
from gateway.execution.breadth_first.shortcuts import CALLS_ONCE
from tests.execution.breadth_first.comparing import ours
from tests.execution.breadth_first.small import asked, schema_of

SDL = """
type Query { things: [Thing]! fails: Int! }
type Thing { name: String other: Thing must: Int! }
"""
THINGS = [{"name": str(number)} for number in range(4)]

Resolve = Callable[[Sequence[Any], GraphQLResolveInfo[Any]], Awaitable[list[Any]]]


def schema_with(field: str, resolve: Resolve, **resolvers: Any) -> GraphQLSchema:
    """The schema, in which `field` of Thing is resolved for all at once."""
    schema = schema_of(SDL, {"Query.things": lambda *_: THINGS, **resolvers})
    thing = schema.type_map["Thing"]
    assert isinstance(thing, GraphQLObjectType)
    thing.fields[field].extensions[CALLS_ONCE] = resolve
    return schema


class NeverThere:
    """Values that never come; `has_ended`: what they were waited for with was ended."""

    def __init__(self) -> None:
        self.has_ended = False

    async def resolve(self, _: Sequence[Any], __: Any) -> list[Any]:
        """What resolves a field to them."""
        try:
            await asyncio.Event().wait()
        finally:
            self.has_ended = True
        raise AssertionError


async def test_all_objects_of_a_level_are_asked_for_at_once() -> None:
    calls: list[list[str]] = []

    async def others(things: Sequence[dict[str, str]], info: GraphQLResolveInfo[Any]) -> list[dict[str, str]]:
        calls.append([thing["name"] for thing in things])
        assert info.path.as_list()[:3] == ["things", 0, "other"]
        await asyncio.sleep(0)
        return [{"name": f"{thing['name']}'"} for thing in things]

    schema = schema_with("other", others)
    answer = await ours(schema, asked("{ things { other { name other { name } } } }"), None)

    assert calls == [["0", "1", "2", "3"], ["0'", "1'", "2'", "3'"]]
    assert answer.errors is None
    assert answer.data is not None
    assert answer.data["things"][3] == {"other": {"name": "3'", "other": {"name": "3''"}}}


async def test_an_exception_in_the_place_of_a_value_is_the_error_of_that_object_alone() -> None:
    async def musts(things: Sequence[Any], _: Any) -> list[Any]:
        return [0, ValueError("no"), None, 3][: len(things)]

    answer = await ours(schema_with("must", musts), asked("{ things { must } }"), None)

    assert answer.data == {"things": [{"must": 0}, None, None, {"must": 3}]}
    assert [(error.message, error.path) for error in answer.errors or ()] == [
        ("no", ["things", 1, "must"]),
        ("Cannot return null for non-nullable field Thing.must.", ["things", 2, "must"]),
    ]


async def test_what_fails_as_a_whole_is_an_error_at_each_object() -> None:
    async def others(_: Sequence[Any], __: Any) -> list[Any]:
        raise ValueError("none of them")

    answer = await ours(schema_with("other", others), asked("{ things { name other { name } } }"), None)

    assert answer.data == {"things": [{"name": str(number), "other": None} for number in range(4)]}
    assert [error.path for error in answer.errors or ()] == [["things", number, "other"] for number in range(4)]


async def test_an_object_that_is_null_meanwhile_takes_nothing_from_the_others() -> None:
    async def others(things: Sequence[Any], _: Any) -> list[Any]:
        await asyncio.sleep(0.001)
        return list(things)

    async def must(thing: dict[str, str], _: Any) -> int:
        await asyncio.sleep(0)
        if thing["name"] == "1":
            raise ValueError("no")
        return 1

    schema = schema_with("other", others, **{"Thing.must": must})
    answer = await ours(schema, asked("{ things { other { name } must } }"), None)

    assert answer.data is not None
    assert answer.data["things"][:3] == [{"other": {"name": "0"}, "must": 1}, None, {"other": {"name": "2"}, "must": 1}]
    assert [error.path for error in answer.errors or ()] == [["things", 1, "must"]]


async def test_what_nobody_is_to_be_told_any_more_is_cancelled() -> None:
    others = NeverThere()

    async def fails(*_: Any) -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    schema = schema_with("other", others.resolve, **{"Query.fails": fails})
    answer = await asyncio.wait_for(ours(schema, asked("{ things { other { name } } fails }"), None), 5)

    assert answer.data is None
    assert others.has_ended


async def test_who_is_cancelled_has_it_ended() -> None:
    others = NeverThere()

    running = asyncio.ensure_future(
        ours(schema_with("other", others.resolve), asked("{ things { other { name } } }"), None)
    )
    await asyncio.sleep(0.01)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running

    assert others.has_ended


async def test_a_resolver_finds_again_what_it_kept_for_the_plan_and_no_other_plan_has() -> None:
    found: list[dict[Any, Any]] = []

    async def others(things: Sequence[Any], info: GraphQLResolveInfo[Any]) -> list[Any]:
        assert isinstance(info, FieldInfo)
        found.append(dict(info.memory))
        info.memory[len(info.memory)] = info.field_nodes
        return list(things)

    schema = schema_with("other", others)
    question = asked("query ($is: Boolean!) { things { other { name @include(if: $is) } } }", **{"is": True})
    another = type(question)(question.text, question.document, {"is": False})
    plans = Plans(schema, question.document)
    for one in (question, question, another, question):
        await ours(schema, one, None, plans)

    assert [len(memory) for memory in found] == [0, 1, 0, 2]


@pytest.mark.parametrize("came", [["too few"], ("a", "tuple", "of", "four"), None, [1, 2, 3, 4, 5]])
async def test_what_is_no_list_with_a_value_for_each_is_an_error_of_each(came: Any) -> None:
    async def others(*_: Any) -> Any:
        return came

    answer = await ours(schema_with("other", others), asked("{ things { other { name } } }"), None)

    assert answer.data == {"things": [{"other": None}] * 4}
    assert {error.message for error in answer.errors or ()} == {"A list of 4 values was to come of other."}


async def test_what_cannot_even_be_begun_is_an_error_of_each() -> None:
    def musts(*_: Any) -> Awaitable[list[Any]]:
        raise ValueError("not today")

    answer = await ours(schema_with("must", musts), asked("{ things { must } }"), None)

    assert answer.data == {"things": [None] * 4}
    assert [(error.message, error.path) for error in answer.errors or ()] == [
        ("not today", ["things", number, "must"]) for number in range(4)
    ]
