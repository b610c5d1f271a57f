"""Documents: parsed, validated and measured once, and remembered without anything of a caller."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationType, parse, print_ast

from gateway.errors import LimitExceeded
from gateway.execution.documents import (
    CHARACTERS_A_FIELD,
    LONGEST_REMEMBERED,
    MOST_VARIANTS,
    Document,
    DocumentLimits,
    Documents,
)
from gateway.execution.errors import RequestRejected
from gateway.execution.validation import MOST_FAULTS
from tests.execution.breadth_first.comparing import ours
from tests.execution.breadth_first.documents import Asked
from tests.execution.schema import NO_SCOPES, UNGUARDED, nesting_schema


def limits(**others: int) -> DocumentLimits:
    most = {
        "characters": 20_000,
        "tokens": 100,
        "depth": 3,
        "root_fields": 5,
        "fields": 50,
        "aliases": 4,
        "comparisons": 20,
        "cache_characters": 1_000,
    }
    return DocumentLimits(**{**most, **others})


def documents(**others: int) -> Documents:
    return Documents(nesting_schema(), UNGUARDED, limits(**others))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was parsed so far."""
    queries: list[str] = []

    def counting(query: str, **options: Any) -> Any:
        queries.append(query)
        return parse(query, **options)

    monkeypatch.setattr("gateway.execution.documents.parse", counting)
    return queries


def test_a_document_is_parsed_once(parsed: list[str]) -> None:
    prepared = documents()

    assert prepared.prepare("{ thing { name } }", NO_SCOPES) is prepared.prepare("{ thing { name } }", NO_SCOPES)
    assert parsed == ["{ thing { name } }"]


def test_the_document_unused_for_longest_is_forgotten(parsed: list[str]) -> None:
    prepared = documents(cache_characters=40)

    for query in ("{ a: __typename }", "{ b: __typename }", "{ a: __typename }", "{ c: __typename }"):
        prepared.prepare(query, NO_SCOPES)
    parsed.clear()
    prepared.prepare("{ a: __typename }", NO_SCOPES)
    prepared.prepare("{ b: __typename }", NO_SCOPES)

    assert parsed == ["{ b: __typename }"]


def test_a_long_document_is_not_remembered(parsed: list[str]) -> None:
    prepared = documents(cache_characters=10 * LONGEST_REMEMBERED)
    query = "{ __typename }".ljust(LONGEST_REMEMBERED + 1)

    prepared.prepare(query, NO_SCOPES)
    prepared.prepare(query, NO_SCOPES)

    assert len(parsed) == 2


def test_a_flood_of_documents_seen_once_pushes_out_none_that_was_used_again(parsed: list[str]) -> None:
    prepared = documents(cache_characters=1_000)
    for _ in range(2):
        prepared.prepare("{ thing { name } }", NO_SCOPES)

    for number in range(1_000):
        prepared.prepare(f"query Q{number} {{ name: __typename }}", NO_SCOPES)
        assert prepared.remembered_characters <= 1_000
    parsed.clear()
    prepared.prepare("{ thing { name } }", NO_SCOPES)

    assert parsed == []


async def ran(schema: GraphQLSchema, document: Document, **variables: bool) -> None:
    """Runs the one operation of `document`."""
    runnable = document.authorized(NO_SCOPES, incremental=False)
    assert runnable.plans is not None
    answer = await ours(schema, Asked("", runnable.document, variables), None, runnable.plans)
    assert answer.errors is None


async def test_what_documents_are_compiled_to_takes_of_the_same_room() -> None:
    schema = nesting_schema()
    schema.type_map["Query"].fields["thing"].resolve = lambda *_: {"name": "a"}  # type: ignore[attr-defined]
    prepared = Documents(schema, UNGUARDED, limits(cache_characters=400))
    document = prepared.prepare("{ thing { name thing { name } } }", NO_SCOPES)
    before = prepared.remembered_characters

    for _ in range(2):
        await ran(schema, document)
        # `thing`, `name` and `thing`: nothing is there that the last would be compiled for.
        assert prepared.remembered_characters == before + 3 * CHARACTERS_A_FIELD
    for number in range(1_000):
        prepared.prepare(f"query Q{number} {{ name: __typename }}", NO_SCOPES)
        assert prepared.remembered_characters <= 400


async def test_no_document_takes_the_room_of_all_others_by_what_it_is_compiled_to(parsed: list[str]) -> None:
    schema = nesting_schema()
    room = limits(fields=500, tokens=2_000, root_fields=500, aliases=500, comparisons=10_000, cache_characters=100_000)
    prepared = Documents(schema, UNGUARDED, room)
    good = [f"query Q{number} {{ name: __typename }}" for number in range(50)]
    for query in (*good, *good):
        prepared.prepare(query, NO_SCOPES)
    variables = ", ".join(f"$f{number}: Boolean!" for number in range(6))
    steered = " ".join(f"thing @include(if: $f{number}) {{ name }}" for number in range(6))
    many = " ".join(f"a{number}: __typename" for number in range(200))
    for choice in range(64):
        document = prepared.prepare(f"query ({variables}) {{ {steered} {many} }}", NO_SCOPES)
        await ran(schema, document, **{f"f{place}": bool(choice >> place & 1) for place in range(6)})
    parsed.clear()

    for query in good:
        prepared.prepare(query, NO_SCOPES)

    assert parsed == []


@pytest.mark.parametrize("levels", [300, 3_000])
def test_fragments_that_spread_each_other_too_deeply_are_a_limit_too(levels: int) -> None:
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(levels)]
    query = " ".join(["{ ...F0 }", *fragments, f"fragment F{levels} on Query {{ __typename }}"])
    with pytest.raises(RequestRejected) as refused:
        documents(tokens=100_000, characters=200_000).prepare(query, NO_SCOPES)

    reason = refused.value.errors[0].original_error
    assert isinstance(reason, LimitExceeded)
    assert reason.limit == "document_max_depth"


def test_a_parsed_document_is_no_work_for_the_garbage_collector() -> None:
    prepared = documents()
    gc.collect()
    gc.disable()
    try:
        document = prepared._parsed("{ thing { name } }")
        before = gc.collect()
        del document
        assert gc.collect() == 0, before
    finally:
        gc.enable()


def test_no_more_than_ten_faults_are_told_of() -> None:
    with pytest.raises(RequestRejected) as refused:
        documents(root_fields=50).prepare("{" + " ".join(f"nothing{number}" for number in range(40)) + "}", NO_SCOPES)

    assert len(refused.value.errors) == MOST_FAULTS + 1
    assert "error limit reached" in refused.value.errors[-1].message


def test_of_fields_that_conflict_ten_are_told_of_too() -> None:
    query = "{" + " ".join(f"number(of: {number})" for number in range(12)) + "}"
    with pytest.raises(RequestRejected) as refused:
        documents(root_fields=50, comparisons=1_000).prepare(query, NO_SCOPES)

    assert len(refused.value.errors) == MOST_FAULTS + 1
    assert "conflict" in refused.value.errors[0].message


@pytest.mark.parametrize(
    "query",
    [
        "{ thing @nothing { name } }",
        "{ thing { name @skip(if: true) @skip(if: true) } }",
        "fragment F on Query { name } { __typename }",
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F }",
    ],
)
def test_faults_of_directives_and_fragments_are_found(query: str) -> None:
    with pytest.raises(RequestRejected) as refused:
        documents().prepare(query, NO_SCOPES)

    assert {(error.extensions or {})["code"] for error in refused.value.errors} == {"GRAPHQL_VALIDATION_FAILED"}


def test_a_document_that_is_refused_is_not_remembered(parsed: list[str]) -> None:
    prepared = documents()

    for _ in range(2):
        with pytest.raises(RequestRejected):
            prepared.prepare("{ nothing }", NO_SCOPES)

    assert len(parsed) == 2


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("{", ["GRAPHQL_PARSE_FAILED"]),
        ("", ["GRAPHQL_PARSE_FAILED"]),
        ("{ nothing }", ["GRAPHQL_VALIDATION_FAILED"]),
        ("{ nothing thing never { name } }", ["GRAPHQL_VALIDATION_FAILED"] * 3),
    ],
)
def test_every_reason_to_refuse_a_document_has_a_code(query: str, codes: list[str]) -> None:
    with pytest.raises(RequestRejected) as refused:
        documents().prepare(query, NO_SCOPES)

    assert [(error.extensions or {})["code"] for error in refused.value.errors] == codes


@pytest.mark.parametrize(
    ("query", "limit", "value", "asked"),
    [
        ("{ thing { thing { thing { name } } } }", "document_max_depth", 3, 4),
        ("{ ...F } fragment F on Query { thing { thing { thing { name } } } }", "document_max_depth", 3, 4),
        ("{" + " name" * 100 + "}", "document_max_tokens", 100, None),
        ("{" + " __typename" * 6 + " }", "document_max_root_fields", 5, 6),
        (
            "{ ...F ...F } fragment F on Query { ... { __typename __typename __typename } }",
            "document_max_root_fields",
            5,
            6,
        ),
        (
            "{ thing { ...F ...F ...F ...F } } fragment F on Thing {" + " name" * 10 + " thing { name name name } }",
            "document_max_fields",
            50,
            57,
        ),
        ("{ thing { a: name b: name c: name d: name e: name } }", "document_max_aliases", 4, 5),
        ("{ a: b c: d e: f g: h i: j }", "document_max_aliases", 4, 5),
        ("{ name }".ljust(20_001), "document_max_characters", 20_000, 20_001),
        ("{ thing {" + " name" * 20 + "} }", "document_max_comparisons", 20, None),
    ],
)
def test_a_limit_that_is_passed_is_named(query: str, limit: str, value: int, asked: int | None) -> None:
    with pytest.raises(RequestRejected) as refused:
        documents().prepare(query, NO_SCOPES)

    (error,) = refused.value.errors
    reason = error.original_error
    assert isinstance(reason, LimitExceeded)
    assert (reason.limit, reason.value, reason.asked) == (limit, value, asked)


@pytest.mark.parametrize("opening", ["{ thing ", "{ ... ", "{ number(of: " + "[" * 200])
def test_nesting_beyond_what_the_parser_holds_is_a_limit_too(opening: str) -> None:
    with pytest.raises(RequestRejected) as refused:
        documents(tokens=10_000, characters=200_000).prepare(opening * 600, NO_SCOPES)

    reason = refused.value.errors[0].original_error
    assert isinstance(reason, LimitExceeded)
    assert reason.limit == "document_max_depth"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Ask", OperationType.QUERY), ("Change", OperationType.MUTATION)],
)
def test_an_operation_is_found_by_its_name(name: str, kind: OperationType) -> None:
    document = documents().prepare("query Ask { __typename } mutation Change { change { name } }", NO_SCOPES)

    assert document.operation(name).operation is kind


def test_the_only_operation_needs_no_name() -> None:
    assert documents().prepare("query Ask { __typename }", NO_SCOPES).operation(None).operation is OperationType.QUERY


@pytest.mark.parametrize(("name", "says"), [(None, "it has several"), ("C", "the document has none")])
def test_what_picks_no_operation_is_refused(name: str | None, says: str) -> None:
    document = documents().prepare("query A { __typename } query B { __typename }", NO_SCOPES)

    with pytest.raises(RequestRejected) as refused:
        document.operation(name)

    assert says in refused.value.errors[0].message


def test_a_whole_document_has_no_incremental_delivery_and_is_the_same_otherwise() -> None:
    document = documents().prepare(
        "query Q($d: Boolean!) { ... @defer(if: $d) { thing { name @include(if: $d) } } things @stream { name } }",
        NO_SCOPES,
    )

    assert "@defer" in print_ast(document.incremental)
    assert "@stream" in print_ast(document.incremental)
    assert " ".join(print_ast(document.whole).split()) == (
        "query Q($d: Boolean!) { ... { thing { name @include(if: $d) } } things { name } }"
    )


def test_of_one_document_few_variants_are_kept() -> None:
    document = documents().prepare("{ thing { name } }", NO_SCOPES)

    for number in range(100):
        runnable = document.authorized(frozenset([str(number)]), incremental=False)
        assert document.authorized(frozenset([str(number)]), incremental=False) is runnable

    assert len(document._authorized) <= MOST_VARIANTS
