"""Mutations: one after the other, each only while its caller is let in, and none where one may not be made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from graphql import ExecutionResult, FieldNode, OperationDefinitionNode, OperationType, SelectionSetNode

from gateway.errors import ForbiddenField
from gateway.execution.breadth_first.engine import executed
from gateway.execution.breadth_first.plans import Plans
from gateway.execution.executor import GuardedExecutor, NoLongerLetIn, NotMade
from gateway.policy.plan import CutField
from tests.execution.breadth_first.comparing import said, theirs
from tests.execution.breadth_first.documents import Asked
from tests.execution.breadth_first.small import asked, schema_of

SDL = """
type Query { number: Int thing: Thing! }
type Mutation { add(number: Int!): Thing must(number: Int!): Thing! }
type Thing { number: Int! slow: Int }
"""


class Changes:
    """Counts what is changed, and answers slowly."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.schema = schema_of(
            SDL,
            {"Mutation.add": self.add, "Mutation.must": self.add, "Thing.slow": self.slow, "Query.thing": self.thing},
        )

    async def add(self, _: Any, __: Any, number: int) -> dict[str, Any]:
        self.made.append(f"begin {number}")
        await asyncio.sleep(0.001)
        self.made.append(f"end {number}")
        return {"number": number or None}

    async def slow(self, thing: dict[str, Any], _: Any) -> int:
        await asyncio.sleep(0)
        self.made.append(f"below {thing['number']}")
        return 1

    def thing(self, *_: Any) -> dict[str, Any]:
        return {"number": 1}


async def both(
    changes: Changes, question: Asked, is_let_in: Callable[[], Callable[[], bool]] = lambda: lambda: True
) -> tuple[ExecutionResult, list[str]]:
    """Our answer and what was changed for it, which are graphql-core's as well. `is_let_in` makes one anew for each."""
    operation = next(one for one in question.document.definitions if isinstance(one, OperationDefinitionNode))
    our = await executed(
        changes.schema,
        Plans(changes.schema, question.document),
        operation,
        variables={},
        context=None,
        hide_suggestions=False,
        is_let_in=is_let_in(),
    )
    made, changes.made = changes.made, []
    assert our is not None
    their = await theirs(changes.schema, question, None, executor_class=GuardedExecutor, is_let_in=is_let_in())
    assert our.data == their.data
    assert said(our.errors) == said(their.errors)
    assert made == changes.made
    return our, made


def cut(question: Asked, number: int) -> Asked:
    """The same question with one root field cut out."""
    (operation,) = question.document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    fields = list(operation.selection_set.selections)
    node = fields[number]
    assert isinstance(node, FieldNode)
    fields[number] = CutField(
        name=node.name,
        alias=node.alias,
        directives=node.directives,
        loc=node.loc,
        required=frozenset({frozenset({"s"})}),
    )
    changed = replace(operation, selection_set=SelectionSetNode(selections=tuple(fields)))
    return replace(question, document=replace(question.document, definitions=(changed,)))


async def test_each_change_is_finished_before_the_next_is_begun() -> None:
    answer, made = await both(
        Changes(), asked("mutation { a: add(number: 1) { slow } b: add(number: 2) { number slow } __typename }")
    )

    assert made == ["begin 1", "end 1", "below 1", "begin 2", "end 2", "below 2"]
    assert answer.data == {"a": {"slow": 1}, "b": {"number": 2, "slow": 1}, "__typename": "Mutation"}


async def test_no_change_is_made_after_one_that_makes_the_whole_answer_null() -> None:
    answer, made = await both(
        Changes(),
        asked("mutation { a: add(number: 1) { number } b: must(number: 0) { number } c: add(number: 3) { number } }"),
    )

    assert made == ["begin 1", "end 1", "begin 0", "end 0"]
    assert answer.data is None


async def test_who_is_no_longer_let_in_has_the_rest_not_made() -> None:
    def once() -> Callable[[], bool]:
        let_in = iter([True, False, False])
        return lambda: next(let_in)

    answer, made = await both(
        Changes(), asked("mutation { a: add(number: 1) { number } b: add(number: 2) { number } __typename }"), once
    )

    assert made == ["begin 1", "end 1"]
    assert isinstance((answer.errors or [])[0].original_error, NoLongerLetIn)


@pytest.mark.parametrize("field", ["add", "must"])
async def test_of_several_none_is_made_where_one_is_cut(field: str) -> None:
    question = asked(f"mutation {{ a: add(number: 1) {{ number }} b: {field}(number: 2) {{ number }} }}")

    answer, made = await both(Changes(), cut(question, 1))

    assert made == []
    assert [type(error.original_error) for error in answer.errors or ()] == [NotMade, ForbiddenField]
    assert answer.data == ({"a": None, "b": None} if field == "add" else None)


async def test_a_cut_field_is_steered_as_any_other() -> None:
    """Its directives are no others'."""
    question = cut(asked("query ($no: Boolean = false) { number @include(if: $no) thing { number } }"), 0)

    answer, _ = await both(Changes(), question)

    assert answer.data == {"thing": {"number": 1}}
    assert answer.errors is None


@pytest.mark.parametrize(("field", "data"), [(0, {"number": None, "thing": {"number": 1}}), (1, None)])
async def test_a_cut_field_of_a_query_is_null_with_its_error(field: int, data: object) -> None:
    question = cut(asked("{ number thing { number } }"), field)

    answer, _ = await both(Changes(), question)

    assert answer.data == data
    assert [type(error.original_error) for error in answer.errors or ()] == [ForbiddenField]
    assert question.document.definitions[0].operation is OperationType.QUERY  # type: ignore[attr-defined]
