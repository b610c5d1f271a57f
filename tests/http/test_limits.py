"""The limits on requests: bytes of a body and the time it may take, tokens and depth of a document."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from graphql import get_introspection_query

from tests.gateway import Gateway
from tests.http.connection import connected

MOST_BYTES = 1_000
small_requests = pytest.mark.settings(request_max_bytes=MOST_BYTES)
hasty = pytest.mark.settings(operation_deadline=0.1)

NODES = "caseGroups { edges { node { ...Group } } }"
GROUP = "fragment Group on CaseGroup { cases { edges { node { ...Case } } } }"


def limit_of(error: dict[str, Any]) -> tuple[str, str, int]:
    extensions = error["extensions"]
    return extensions["code"], extensions["limit"], extensions["value"]


@small_requests
async def test_a_body_that_is_declared_too_large_is_refused_before_it_is_sent(gateway: Gateway) -> None:
    async with connected(gateway) as connection:
        await connection.begin(f"Content-Length: {MOST_BYTES + 1}")
        answer = await connection.answer()

    assert answer.status == 413
    assert limit_of(answer.error) == ("LIMIT_EXCEEDED", "request_max_bytes", MOST_BYTES)
    assert answer.error["extensions"]["asked"] == MOST_BYTES + 1
    assert answer.headers["Connection"] == "close"


@small_requests
async def test_a_body_that_grows_too_large_is_refused_before_its_end(gateway: Gateway) -> None:
    chunk = b"%x\r\n%b\r\n" % (MOST_BYTES // 2, b" " * (MOST_BYTES // 2))

    async with connected(gateway) as connection:
        await connection.begin("Transfer-Encoding: chunked", body=chunk * 3)
        answer = await connection.answer()

    assert answer.status == 413
    assert limit_of(answer.error) == ("LIMIT_EXCEEDED", "request_max_bytes", MOST_BYTES)
    assert answer.headers["Connection"] == "close"


@small_requests
async def test_a_query_string_that_is_too_large_is_refused(gateway: Gateway) -> None:
    query = quote("{ viewer { consumer { name } } }" + " " * MOST_BYTES)

    answer = await gateway.send(None, {}, method="GET", path=f"/graphql?query={query}")

    assert answer.status == 413
    assert limit_of(answer.error) == ("LIMIT_EXCEEDED", "request_max_bytes", MOST_BYTES)


@small_requests
async def test_a_body_of_just_the_limit_is_taken(gateway: Gateway) -> None:
    body = json.dumps({"query": "{ viewer { consumer { name } } }"}).encode().ljust(MOST_BYTES)

    answer = await gateway.send(body, {"Content-Type": "application/json"})

    assert answer.data["viewer"]


@hasty
async def test_a_body_that_does_not_come_is_not_waited_for(gateway: Gateway) -> None:
    async with connected(gateway) as connection:
        await connection.begin("Content-Length: 100", body=b'{"query"')
        answer = await connection.answer()

    assert (answer.status, answer.code) == (408, "BAD_USER_INPUT")
    assert answer.headers["Connection"] == "close"


@pytest.mark.settings(document_max_tokens=20)
async def test_a_document_of_too_many_tokens_is_refused(gateway: Gateway) -> None:
    fits = await gateway.query("{" + "__typename " * 16 + "}")
    refused = await gateway.query("{" + "__typename " * 19 + "}")

    assert fits.status == 200
    assert refused.status == 400
    assert limit_of(refused.error) == ("LIMIT_EXCEEDED", "document_max_tokens", 20)


@pytest.mark.settings(document_max_depth=6)
@pytest.mark.parametrize(
    ("document", "levels"),
    [
        ("{ caseGroups { edges { node { cases { edges { node { id } } } } } } }", 7),
        (f"{{ {NODES} }} {GROUP} fragment Case on Case {{ producer {{ id }} }}", 8),
        ("{ ... { ... on Query { caseGroups { edges { node { cases { edges { ... { node { id } } } } } } } } } }", 7),
    ],
)
async def test_an_operation_that_nests_its_fields_too_deeply_is_refused(
    gateway: Gateway, document: str, levels: int
) -> None:
    answer = await gateway.query(document)

    assert answer.status == 400
    assert limit_of(answer.error) == ("LIMIT_EXCEEDED", "document_max_depth", 6)
    assert answer.error["extensions"]["asked"] == levels


async def test_the_introspection_query_of_tools_is_not_too_deep(gateway: Gateway) -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )

    answer = await gateway.query(query)

    assert {"Query", "CaseStatusResult"} <= {type_["name"] for type_ in answer.data["__schema"]["types"]}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ a " * 600 + "}" * 600, "LIMIT_EXCEEDED"),
        ("{ a " * 600, "LIMIT_EXCEEDED"),
        ("{ ... " * 600 + "{ __typename }" + "}" * 600, "LIMIT_EXCEEDED"),
        ("{ node(id: " + "[" * 600 + "]" * 600 + ") { id } }", "LIMIT_EXCEEDED"),
        ("query($a: " + "[" * 600 + "ID" + "]" * 600 + ") { __typename }", "LIMIT_EXCEEDED"),
        ("{ node(id: " + "{ a: " * 400 + "1" + "}" * 400 + ") { id } }", "LIMIT_EXCEEDED"),
    ],
)
async def test_a_document_that_is_nested_beyond_reason_is_refused(gateway: Gateway, document: str, code: str) -> None:
    answer = await gateway.query(document)

    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("nested", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
async def test_a_variable_that_is_nested_beyond_reason_is_refused(gateway: Gateway, nested: str) -> None:
    document = "mutation($input: RemoveCasesInput!) { removeCases(input: $input) { userErrors { code } } }"
    variables = f'{{"input": {{"id": "x", "expectedRevision": 1, "cases": {nested}}}}}'
    body = f'{{"query": {json.dumps(document)}, "variables": {variables}}}'

    answer = await gateway.send(
        body.encode(), {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
    )

    assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")


async def test_fragments_that_spread_each_other_are_refused(gateway: Gateway) -> None:
    answer = await gateway.query(
        "{ ...A } fragment A on Query { ...B __typename } fragment B on Query { ...A __typename }"
    )

    assert (answer.status, answer.code) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_fragments_that_double_at_each_level_are_refused(gateway: Gateway) -> None:
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(100)]

    answer = await gateway.query(" ".join(["{ ...F0 }", *fragments, "fragment F100 on Query { __typename }"]))

    assert answer.code == "LIMIT_EXCEEDED"
    assert answer.error["extensions"]["limit"] == "document_max_root_fields"
