"""What is raised where nobody expects it is the error of a field, and of no more."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLScalarType

from tests.execution.breadth_first.comparing import ours
from tests.execution.breadth_first.small import asked, both, schema_of

SDL = """
scalar Odd
type Query { odd: Odd odds: [Odd] things: [Thing] thing: Thing }
type Thing { odd: Odd name: String }
"""


def _stops_at_two(value: int) -> int:
    if value == 2:
        raise StopIteration
    return value


@pytest.mark.parametrize("text", ["{ odds }", "{ things { odd } }", "{ odd }"])
async def test_a_scalar_that_raises_stop_iteration_cuts_no_list_short(text: str) -> None:
    schema = schema_of(
        SDL,
        {
            "Query.odd": lambda *_: 2,
            "Query.odds": lambda *_: [1, 2, 3],
            "Query.things": lambda *_: [{"odd": number} for number in (1, 2, 3)],
        },
    )
    odd = schema.type_map["Odd"]
    assert isinstance(odd, GraphQLScalarType)
    odd.coerce_output_value = _stops_at_two

    answer = await both(schema, text)

    assert len(answer.errors or ()) == 1


class Speechless(Exception):
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError("no words")


async def test_an_exception_that_cannot_say_what_it_is_costs_its_field_alone() -> None:
    def fails(*_: Any) -> None:
        raise Speechless

    schema = schema_of(SDL, {"Query.odd": fails, "Query.odds": lambda *_: [1]})

    answer = await ours(schema, asked("{ odd odds }"), None)

    assert answer.data == {"odd": None, "odds": [1]}
    assert [(error.message, error.path) for error in answer.errors or ()] == [("no words", ["odd"])]


class Undecided:
    """Neither true nor false."""

    def __bool__(self) -> bool:
        raise ValueError("undecided")


async def test_a_verdict_that_is_none_is_the_error_of_its_object() -> None:
    schema = schema_of(SDL, {"Query.things": lambda *_: [1, 2], "Thing.name": lambda thing, _: str(thing)})
    thing = schema.type_map["Thing"]
    assert isinstance(thing, GraphQLObjectType)
    thing.is_type_of = lambda value, _: value == 1 or Undecided()  # type: ignore[return-value,assignment]

    answer = await both(schema, "{ things { name } }")

    assert answer.data == {"things": [{"name": "1"}, None]}
