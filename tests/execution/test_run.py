"""Running an operation: whole, in parts, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gateway.errors import Forbidden, NotFound
from gateway.execution.documents import DocumentLimits, Documents, Runnable
from gateway.execution.errors import RequestRejected
from gateway.execution.run import Answer, Execution, Parts, run
from tests.execution.schema import NO_SCOPES, UNGUARDED, nesting_schema

SCHEMA = nesting_schema()


async def thing(*_: object) -> dict[str, str]:
    return {"name": "a thing"}


def failing(*_: object) -> None:
    raise NotFound("Not here.")


async def changed(*_: object) -> dict[str, str]:
    return {"name": "changed"}


SCHEMA.type_map["Query"].fields["thing"].resolve = thing  # type: ignore[attr-defined]
SCHEMA.type_map["Query"].fields["secret"].resolve = failing  # type: ignore[attr-defined]
SCHEMA.type_map["Query"].fields["must"].resolve = failing  # type: ignore[attr-defined]


LIMITS = DocumentLimits(
    characters=10_000, tokens=100, depth=5, root_fields=5, fields=50, aliases=5, comparisons=100, cache_characters=0
)


async def ran(
    query: str,
    variables: Mapping[str, Any] | None = None,
    *,
    incremental: bool = False,
    is_let_in: Callable[[], bool] = lambda: True,
    hide_suggestions: bool = False,
) -> Answer | Parts:
    document = Documents(SCHEMA, UNGUARDED, LIMITS).prepare(query, NO_SCOPES)
    return await ran_of(
        document.authorized(NO_SCOPES, incremental=incremental),
        variables,
        is_let_in=is_let_in,
        hide_suggestions=hide_suggestions,
        is_change=query.startswith("mutation"),
    )


async def ran_of(
    runnable: Runnable,
    variables: Mapping[str, Any] | None = None,
    *,
    is_let_in: Callable[[], bool] = lambda: True,
    hide_suggestions: bool = False,
    is_change: bool = False,
) -> Answer | Parts:
    execution = Execution(
        SCHEMA,
        runnable,
        operation_name=None,
        variables=variables or {},
        context=None,
        hide_suggestions=hide_suggestions,
        is_let_in=is_let_in,
        is_change=is_change,
    )
    return await run(execution, "r1")


async def test_an_answer_without_errors_is_its_data_alone() -> None:
    assert await ran("{ thing { name } }") == {"data": {"thing": {"name": "a thing"}}}


@pytest.mark.parametrize(("query", "data"), [("{ secret }", {"secret": None}), ("{ must }", None)])
async def test_an_operation_that_was_run_has_data_even_where_it_is_null(query: str, data: object) -> None:
    answer = await ran(query)

    assert isinstance(answer, dict)
    assert answer["data"] == data
    assert answer["errors"][0]["extensions"] == {"code": "NOT_FOUND", "requestId": "r1"}


@pytest.mark.parametrize("variables", [None, {}, {"of": None}, {"of": "one"}, {"of": 2**31}, {"of": [[[]]]}])
@pytest.mark.parametrize("incremental", [False, True])
async def test_variables_that_do_not_fit_keep_the_operation_from_running(
    variables: dict[str, Any] | None, *, incremental: bool
) -> None:
    with pytest.raises(RequestRejected) as refused:
        await ran("query($of: Int!) { number(of: $of) }", variables, incremental=incremental)

    assert "$of" in refused.value.errors[0].message


async def test_parts_are_given_only_where_they_are_allowed() -> None:
    query = "{ __typename ... @defer { thing { name } } }"

    whole = await ran(query)
    parts = await ran(query, incremental=True)

    assert whole == {"data": {"__typename": "Query", "thing": {"name": "a thing"}}}
    assert isinstance(parts, Parts)
    assert parts.first == {
        "data": {"__typename": "Query"},
        "pending": [{"id": "0", "path": []}],
        "hasNext": True,
    }
    assert [part async for part in parts.rest] == [
        {
            "incremental": [{"id": "0", "data": {"thing": {"name": "a thing"}}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        }
    ]


async def test_errors_of_a_part_stand_where_they_belong() -> None:
    parts = await ran('{ __typename ... @defer { secret } ... @defer(label: "2") { must } }', incremental=True)

    assert isinstance(parts, Parts)
    rest = [part async for part in parts.rest]
    delivered = [one for part in rest for one in part.get("incremental", ())]
    completed = [one for part in rest for one in part.get("completed", ())]
    assert [one["errors"][0]["path"] for one in delivered] == [["secret"]]
    assert [one["errors"][0]["path"] for one in completed if "errors" in one] == [["must"]]
    assert {one["errors"][0]["extensions"]["requestId"] for one in [*delivered, *completed] if "errors" in one} == {
        "r1"
    }


async def test_what_is_outstanding_is_withheld_from_who_is_no_longer_let_in() -> None:
    query = '{ __typename ... @defer { thing { name } } ... @defer(label: "2") { number(of: 1) } }'
    let_in = iter([True, False])

    parts = await ran(query, incremental=True, is_let_in=lambda: next(let_in))

    assert isinstance(parts, Parts)
    (last,) = [part async for part in parts.rest]
    assert last["hasNext"] is False
    assert "incremental" not in last
    assert [one["id"] for one in last["completed"]] == [one["id"] for one in parts.first["pending"]] == ["0", "1"]
    for one in last["completed"]:
        (error,) = one["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "requestId": "r1"}


async def test_only_what_is_still_outstanding_is_withheld() -> None:
    let_in = iter([True, True, False])
    slow = '{ ... @defer { number(of: 1) } ... @defer(label: "2") { things { name } } }'
    gone = asyncio.Event()

    async def things(*_: object) -> list[dict[str, str]]:
        await gone.wait()
        return [{"name": "a thing"}]

    SCHEMA.type_map["Query"].fields["things"].resolve = things  # type: ignore[attr-defined]
    parts = await ran(slow, incremental=True, is_let_in=lambda: next(let_in))

    assert isinstance(parts, Parts)
    first = await anext(parts.rest)
    gone.set()
    (last,) = [part async for part in parts.rest]
    assert [one["id"] for one in first["completed"]] == ["0"]
    assert [one["id"] for one in last["completed"]] == ["1"]


async def test_who_is_no_longer_let_in_when_the_answer_is_there_gets_none() -> None:
    for query in ("{ thing { name } }", "{ __typename ... @defer { thing { name } } }"):
        with pytest.raises(Forbidden, match="no longer connected"):
            await ran(query, incremental=True, is_let_in=lambda: False)


async def test_no_further_change_is_made_for_who_is_no_longer_let_in() -> None:
    let_in = iter([True, False, False])
    made: list[str] = []

    async def change(*_: object) -> dict[str, str]:
        made.append("a change")
        return {"name": "changed"}

    SCHEMA.type_map["Mutation"].fields["change"].resolve = change  # type: ignore[attr-defined]
    with pytest.raises(Forbidden):
        await ran("mutation { a: change { name } b: change { name } }", is_let_in=lambda: next(let_in))

    assert made == ["a change"]


async def test_a_change_can_be_answered_in_parts() -> None:
    SCHEMA.type_map["Mutation"].fields["change"].resolve = changed  # type: ignore[attr-defined]
    parts = await ran("mutation { change { ... @defer { name } } }", incremental=True)

    assert isinstance(parts, Parts)
    assert parts.first["data"] == {"change": {}}
    (rest,) = [part async for part in parts.rest]
    assert rest["incremental"] == [{"id": "0", "data": {"name": "changed"}}]


async def test_what_comes_in_parts_is_left_to_the_standard_executor_and_counted() -> None:
    counted: list[str] = []
    documents = Documents(
        SCHEMA,
        UNGUARDED,
        LIMITS,
        compiled=lambda: counted.append("compiled"),
        left=lambda: counted.append("left"),
    )
    document = documents.prepare("{ __typename ... @defer { thing { name } } }", NO_SCOPES)

    for incremental in (False, False, True):
        answer = await ran_of(document.authorized(NO_SCOPES, incremental=incremental))
        assert isinstance(answer, Parts) is incremental
        if isinstance(answer, Parts):
            assert [part["hasNext"] async for part in answer.rest][-1] is False

    assert counted == ["compiled", "left"]
