"""Variables and arguments that are taken at a glance are what graphql-core makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from gateway.execution.breadth_first import variables
from gateway.execution.breadth_first.plans import Plans
from gateway.execution.breadth_first.variables import MOST_ERRORS, Variables
from tests.execution.breadth_first.comparing import ours, theirs
from tests.execution.breadth_first.documents import Asked
from tests.execution.breadth_first.small import schema_of

SDL = """
type Query {
  said(
    id: ID, text: String! = "nothing", number: Int = 7, right: Boolean, moods: [Mood!] = [GOOD], wish: Wish, odd: Float
  ): String
}
enum Mood { GOOD BAD }
input Wish { text: String = "much", number: Int! }
"""
SCHEMA = schema_of(SDL, {})
SIMPLE = "query ($id: ID!, $text: String, $number: Int, $right: Boolean) { said }"
PLAIN = {"id": "a", "text": "b", "number": 3, "right": True}


def operation_of(text: str) -> OperationDefinitionNode:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def coerced(text: str, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
    """By us; what graphql-core makes of it is the same."""
    operation = operation_of(text)
    found = Variables(SCHEMA, operation).coerced(given, hide_suggestions=True)
    by_graphql_core = get_variable_values(
        SCHEMA, operation.variable_definitions or (), given, max_errors=MOST_ERRORS, hide_suggestions=True
    )
    assert said(found) == said(by_graphql_core)
    return found


def said(found: VariableValues | list[GraphQLError]) -> object:
    """What can be compared: two signatures of one variable are never equal."""
    if isinstance(found, list):
        return [(error.message, error.locations) for error in found]
    return found.coerced, {name: (str(source.signature.type), source.value) for name, source in found.sources.items()}


@pytest.fixture
def by_graphql_core(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What graphql-core was asked to coerce."""
    asked: list[object] = []

    def counted(*arguments: Any, **more: Any) -> object:
        asked.append(arguments)
        return get_variable_values(*arguments, **more)

    monkeypatch.setattr(variables, "get_variable_values", counted)
    return asked


def test_values_that_stand_for_themselves_are_taken_at_a_glance(by_graphql_core: list[object]) -> None:
    assert isinstance(found := coerced(SIMPLE, PLAIN), VariableValues)
    assert found.coerced == PLAIN
    assert coerced("{ said }", {}) == VariableValues({}, {})
    assert by_graphql_core == []


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({**PLAIN, "id": 5}, id="a number for an id"),
        pytest.param({**PLAIN, "id": None}, id="null where none may be"),
        pytest.param({**PLAIN, "text": None}, id="null"),
        pytest.param({**PLAIN, "text": 5}, id="of the wrong type"),
        pytest.param({**PLAIN, "number": True}, id="a truth value for a number"),
        pytest.param({**PLAIN, "number": 2.0}, id="a whole number with a point"),
        pytest.param({**PLAIN, "number": 2**31}, id="too large a number"),
        pytest.param({**PLAIN, "number": -(2**31) - 1}, id="too small a number"),
        pytest.param({**PLAIN, "right": 1}, id="a number for a truth value"),
        pytest.param({"id": "a"}, id="some missing"),
        pytest.param({}, id="all missing"),
    ],
)
def test_all_others_are_left_to_graphql_core(given: dict[str, Any], by_graphql_core: list[object]) -> None:
    coerced(SIMPLE, given)

    assert len(by_graphql_core) == 1


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ('query ($text: String = "usual") { said }', {}),
        ("query ($moods: [Mood!]) { said }", {"moods": "GOOD"}),
        ("query ($wish: Wish) { said }", {"wish": {"number": 1}}),
        ("query ($odd: Float) { said }", {"odd": 1}),
        ("query ($none: Nothing) { said }", {"none": 1}),
        ("query ($id: ID, $wish: Wish) { said }", {"id": "a", "wish": {}}),
    ],
)
def test_variables_of_other_types_are_left_to_it_together_with_all_beside(text: str, given: dict[str, Any]) -> None:
    coerced(text, given)


async def test_what_a_resolver_is_given_changes_with_the_variables_and_with_nothing_else() -> None:
    seen: list[dict[str, Any]] = []

    def resolve(_: object, __: object, **arguments: Any) -> str:
        seen.append(arguments)
        return "said"

    schema = schema_of(SDL, {"Query.said": resolve})
    text = 'query ($id: ID, $n: Int, $moods: [Mood!]) { said(id: $id, number: $n, text: "t", moods: $moods) }'
    document = parse(text)
    plans = Plans(schema, document)
    givens: list[dict[str, Any]] = [
        {"id": "a", "n": 1, "moods": ["BAD"]},
        {"id": "b", "n": 2},
        {"id": "b", "n": None},
        {"n": 3},
        {"id": "c", "moods": None},
        {},
    ]

    for given in [*givens, *givens]:
        one = Asked(text, document, given)
        assert (await ours(schema, one, None, plans)).data == (await theirs(schema, one, None)).data

    for by_us, by_graphql_core in zip(seen[::2], seen[1::2], strict=True):
        assert by_us == by_graphql_core
    assert seen[2] == {"id": "b", "number": 2, "text": "t", "moods": ["GOOD"]}
    assert seen[-1] == {"number": 7, "text": "t", "moods": ["GOOD"]}


async def test_no_two_resolvers_are_given_the_same_list() -> None:
    seen: list[list[str]] = []

    def resolve(_: object, __: object, moods: list[str], **___: Any) -> str:
        seen.append(moods)
        moods.append("CHANGED")
        return "said"

    schema = schema_of(SDL, {"Query.said": resolve})
    for text in ("query ($m: [Mood!]) { said(moods: $m) }", "{ said(moods: [BAD]) }"):
        document = parse(text)
        plans = Plans(schema, document)
        for _ in range(3):
            await ours(schema, Asked(text, document, {"m": ["BAD"]} if "$" in text else {}), None, plans)

    assert seen == [["BAD", "CHANGED"]] * 6
