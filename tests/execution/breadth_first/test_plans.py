"""What a plan remembers, what it never does, and what is not compiled."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, get_operation_ast, parse
from graphql.execution.values import VariableValues

from gateway.execution.breadth_first import kinds
from gateway.execution.breadth_first.engine import executed
from gateway.execution.breadth_first.plans import MOST_PLANS, Plans
from tests.execution.breadth_first.comparing import ours
from tests.execution.breadth_first.small import asked, both, schema_of

SDL = """
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
type Query { thing(many: [Int!] = [1], wish: Wish, one: Int): Thing number: Int odd(of: Odd): Int }
type Subscription { thing: Int }
type Thing { name: String same: Thing }
scalar Odd
input Wish { text: String }
"""


def plans_of(schema: GraphQLSchema, text: str) -> tuple[Plans, list[OperationDefinitionNode], list[str]]:
    document, counted = parse(text), list[str]()
    made = Plans(schema, document, compiled=lambda: counted.append("compiled"), left=lambda: counted.append("left"))
    return made, [one for one in document.definitions if isinstance(one, OperationDefinitionNode)], counted


def test_a_plan_is_made_once_for_what_steers_it() -> None:
    schema = schema_of(SDL, {})
    plans, (operation,), counted = plans_of(
        schema, "query ($a: Boolean!, $n: Int) { number @skip(if: $a) thing(one: $n) { name @include(if: true) } }"
    )

    first = plans.plan(operation, VariableValues({}, {"a": True, "n": 1}))
    same = plans.plan(operation, VariableValues({}, {"a": True, "n": 2}))
    other = plans.plan(operation, VariableValues({}, {"a": False, "n": 2}))

    assert first is same
    assert first is not other
    assert counted == ["compiled", "compiled"]


def test_no_more_plans_are_kept_than_may_be() -> None:
    operations = " ".join(f"query q{number} {{ number }}" for number in range(MOST_PLANS + 1))
    plans, all_of_them, counted = plans_of(schema_of(SDL, {}), operations)
    nothing = VariableValues({}, {})

    for operation in all_of_them:
        plans.plan(operation, nothing)
    again = plans.plan(all_of_them[0], nothing)

    assert again is not None
    assert len(counted) == MOST_PLANS + 2
    assert len(plans._plans) == MOST_PLANS
    assert plans.plan(all_of_them[-1], nothing)
    assert len(counted) == MOST_PLANS + 2, "the latest are still there"


def test_an_operation_is_steered_by_its_own_variables_alone() -> None:
    plans, (one, other), counted = plans_of(
        schema_of(SDL, {}),
        "query A($x: Boolean!) { thing { ...F } } fragment F on Thing { name @include(if: $x) } "
        "query B($x: Int) { thing(one: $x) { name } }",
    )

    for value in (True, False):
        assert plans.plan(one, VariableValues({}, {"x": value})) is not None
    for number in (1, None):
        assert plans.plan(other, VariableValues({}, {"x": number})) is not None

    assert counted == ["compiled"] * 3


async def test_what_a_fragment_selects_is_compiled_once_wherever_it_is_spread() -> None:
    schema = schema_of(SDL, {"Query.thing": lambda *_, **__: {"same": {"same": {"name": "last"}}}})
    text = """
        { thing { ...A } }
        fragment A on Thing { a: same { ...B } b: same { ...B } }
        fragment B on Thing { c: same { ...C } d: same { ...C } }
        fragment C on Thing { name same { name } }
    """
    grown: list[str] = []
    question = asked(text)
    plans = Plans(schema, question.document, grown=lambda: grown.append("grown"))

    answer = await ours(schema, question, None, plans)

    assert answer.data == (await both(schema, text)).data
    # Each field that has others below it is compiled once: `thing`, `a`, `b`, `c`, `d`, as the root is.
    assert plans.compiled_fields == 1 + 5 * 2
    assert len(grown) == 6


@pytest.mark.parametrize(
    ("text", "coerced"),
    [
        ("{ ... @defer { number } }", {}),
        ("{ ... @defer(if: false) { number } }", {}),
        ("query @experimental_disableErrorPropagation { number }", {}),
        ("subscription { thing }", {}),
        ("query ($a: Boolean = true) { number @skip(if: $a) }", {"a": None}),
    ],
)
async def test_what_is_run_otherwise_is_left_to_the_standard_executor(text: str, coerced: dict[str, Any]) -> None:
    schema = schema_of(SDL, {})
    plans, (operation,), counted = plans_of(schema, text)

    answer = await executed(
        schema,
        plans,
        operation,
        variables=coerced,
        context=None,
        hide_suggestions=False,
        is_let_in=lambda: True,
    )

    assert answer is None
    assert counted == ["left"]


def test_a_fragment_with_variables_of_its_own_is_left_to_it_too() -> None:
    document = parse(
        "{ ...F(a: 1) } fragment F($a: Int) on Query { thing(one: $a) { name } }",
        experimental_fragment_arguments=True,
    )
    operation = get_operation_ast(document)
    assert operation is not None

    assert Plans(schema_of(SDL, {}), document).plan(operation, VariableValues({}, {})) is None


async def test_a_plan_holds_nothing_of_who_asked() -> None:
    given: list[Any] = []

    def thing(_: Any, __: Any, **arguments: Any) -> dict[str, Any]:
        given.append(arguments)
        return {"name": "a thing"}

    schema = schema_of(SDL, {"Query.thing": thing})
    question = "query ($n: Int) { thing(one: $n) { name } }"
    document = asked(question)
    plans = Plans(schema, document.document)

    for number in (1, 2, 2):
        document.variables["n"] = number
        await ours(schema, document, None, plans)

    assert [arguments["one"] for arguments in given] == [1, 2, 2]


async def test_no_two_resolvers_are_given_the_same_list_or_object() -> None:
    def thing(_: Any, __: Any, **arguments: Any) -> dict[str, Any]:
        arguments["many"].append(4)
        arguments["wish"]["text"] += "!"
        return {"name": f"{arguments}"}

    schema = schema_of(SDL, {"Query.thing": thing})
    question = asked('{ thing(many: [7], wish: {text: "more"}) { name } }')
    plans = Plans(schema, question.document)

    answers = [(await ours(schema, question, None, plans)).data for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0] == {"thing": {"name": "{'many': [7, 4], 'wish': {'text': 'more!'}}"}}


async def test_arguments_that_do_not_fit_are_errors_of_every_object() -> None:
    def refuse(*_: Any) -> Any:
        raise ValueError("this scalar takes nothing")

    schema = schema_of(SDL, {"Query.odd": lambda *_, **__: 1})
    odd: Any = schema.type_map["Odd"]
    odd.parse_value = odd.coerce_input_value = refuse
    odd.parse_literal = odd.coerce_input_literal = refuse

    answer = await both(schema, "{ odd(of: 1) again: odd(of: 2) number }")

    assert answer.data == {"odd": None, "again": None, "number": None}


async def test_variables_that_do_not_fit_keep_everything_from_running() -> None:
    answer = await both(schema_of(SDL, {}), "query ($n: Int!) { thing(one: $n) { name } }", n="one")

    assert answer.data is None
    assert answer.errors
    assert answer.errors[0].path is None


def test_types_that_are_made_as_the_program_goes_are_not_remembered_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kinds, "MOST_REMEMBERED", 3)
    known = kinds.Kinds()

    for number in range(10):
        assert known.are_ordinary({type(f"T{number}", (), {})})

    assert len(known._ordinary) <= 3
    assert not known.are_ordinary({int, ValueError})
    assert not known.are_ordinary({type(None)})
