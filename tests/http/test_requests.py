"""What is a GraphQL request and what is not: methods, media types, bodies and parameters."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.gateway import Gateway
from tests.http.connection import connected
from tests.http.waiting import until

NAME = "{ viewer { consumer { name } } }"
NAME_OF = {"viewer": {"consumer": {"name": "business-portal (sv)"}}}
CREATE = """
  mutation { createCaseGroup(input: { title: "Kafé", purpose: { informationArea: TAXES } }) { caseGroup { id } } }
"""
JSON, GRAPHQL_RESPONSE = "application/json", "application/graphql-response+json"
SEND_JSON = {"Content-Type": JSON, "Accept": GRAPHQL_RESPONSE}


def body_of(**parameters: Any) -> bytes:
    return json.dumps(parameters).encode()


def path_of(**parameters: str) -> str:
    return f"/graphql?{urlencode(parameters)}"


async def number_of_groups(gateway: Gateway) -> int:
    answer = await gateway.query("{ caseGroups { totalCount } }")
    return int(answer.data["caseGroups"]["totalCount"])


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_post_and_get_give_the_same_answer(gateway: Gateway, accept: str) -> None:
    posted = await gateway.send(body_of(query=NAME), {"Content-Type": JSON, "Accept": accept})
    got = await gateway.send(None, {"Accept": accept}, method="GET", path=path_of(query=NAME))

    assert posted.data == got.data == NAME_OF
    assert posted.status == got.status == 200
    assert posted.headers["Content-Type"] == got.headers["Content-Type"] == f"{accept}; charset=utf-8"
    assert posted.headers["Cache-Control"] == got.headers["Cache-Control"] == "no-store"


async def test_get_takes_variables_extensions_and_an_operation_name(gateway: Gateway) -> None:
    document = "query A { viewer { subject { identifier } } } query B($id: ID!) { producer(id: $id) { name } }"
    producers = await gateway.query("{ producers { edges { node { id name } } } }")
    producer = producers.data["producers"]["edges"][0]["node"]

    answer = await gateway.send(
        None,
        {},
        method="GET",
        path=path_of(
            query=document, operationName="B", variables=json.dumps({"id": producer["id"]}), extensions='{"a": 1}'
        ),
    )

    assert answer.data == {"producer": {"name": producer["name"]}}


async def test_a_mutation_by_get_is_refused_and_changes_nothing(gateway: Gateway) -> None:
    answer = await gateway.send(None, {}, method="GET", path=path_of(query=CREATE))

    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "BAD_USER_INPUT", "POST")
    assert await number_of_groups(gateway) == 0


async def test_a_query_by_get_does_not_run_the_mutation_beside_it(gateway: Gateway) -> None:
    document = f"query Ask {NAME} {CREATE.replace('mutation', 'mutation Change')}"

    asked = await gateway.send(None, {}, method="GET", path=path_of(query=document, operationName="Ask"))
    changed = await gateway.send(None, {}, method="GET", path=path_of(query=document, operationName="Change"))

    assert asked.data == NAME_OF
    assert changed.status == 405
    assert await number_of_groups(gateway) == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_refused(gateway: Gateway, method: str) -> None:
    answer = await gateway.send(body_of(query=NAME), SEND_JSON, method=method)

    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "BAD_USER_INPUT", "GET, POST")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
async def test_methods_without_an_answer_of_their_own_are_refused(gateway: Gateway, method: str) -> None:
    answer = await gateway.send(None, {}, method=method, path=path_of(query=NAME))

    assert answer.status == 405
    assert answer.headers["X-Request-ID"]
    assert NAME_OF["viewer"]["consumer"]["name"].encode() not in answer.body


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=iso-8859-1",
        "application/jsonp",
        "text/json",
        "",
    ],
)
async def test_what_a_form_of_another_site_could_send_is_refused(gateway: Gateway, media_type: str) -> None:
    answer = await gateway.send(body_of(query=CREATE), {"Content-Type": media_type})

    assert (answer.status, answer.code) == (415, "BAD_USER_INPUT")
    assert answer.headers["Accept"] == JSON
    assert await number_of_groups(gateway) == 0


@pytest.mark.parametrize("media_type", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
async def test_json_in_utf_8_is_taken_however_it_is_written(gateway: Gateway, media_type: str) -> None:
    answer = await gateway.send(body_of(query=NAME), {"Content-Type": media_type})

    assert answer.data == NAME_OF


async def test_a_compressed_body_is_refused(gateway: Gateway) -> None:
    answer = await gateway.send(gzip.compress(body_of(query=NAME)), {**SEND_JSON, "Content-Encoding": "gzip"})

    assert (answer.status, answer.code) == (415, "BAD_USER_INPUT")


@pytest.mark.parametrize("accept", ["text/html", "application/json; charset=utf-16", "application/json;q=0"])
async def test_a_caller_that_takes_no_media_type_of_ours_is_told_so(gateway: Gateway, accept: str) -> None:
    answer = await gateway.send(body_of(query=CREATE), {"Content-Type": JSON, "Accept": accept})

    assert (answer.status, answer.code) == (406, "BAD_USER_INPUT")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert await number_of_groups(gateway) == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"query": "{ viewer { subject { identifier } } }"', "not JSON"),
        (b'{"query": "\xff"}', "not JSON"),
        (b'{"query": "\\ud800"}', "not JSON"),
        (b'{"query": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"null", "must be a JSON object"),
        (b'"{ viewer }"', "must be a JSON object"),
        (b"{}", "`query` is missing"),
        (b'{"query": ""}', "`query` is missing"),
        (b'{"query": null}', "`query` is missing"),
        (b'{"query": 1}', "`query` must be a string"),
        (b'{"query": ["{ viewer }"]}', "`query` must be a string"),
        (b'{"query": "{ a }", "operationName": {}}', "`operationName` must be a string"),
        (b'{"query": "{ a }", "variables": []}', "`variables` must be an object"),
        (b'{"query": "{ a }", "variables": "{}"}', "`variables` must be an object"),
        (b'{"query": "{ a }", "extensions": 1}', "`extensions` must be an object"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_a_body_that_is_no_graphql_request_is_refused(
    gateway: Gateway, body: bytes, says: str, accept: str
) -> None:
    answer = await gateway.send(body, {"Content-Type": JSON, "Accept": accept})

    assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")
    assert says in answer.error["message"]
    assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize("name", ["variables", "extensions"])
@pytest.mark.parametrize("text", ["{", "[]", "1", '"{}"'])
async def test_parameters_of_get_that_are_no_objects_are_refused(gateway: Gateway, name: str, text: str) -> None:
    answer = await gateway.send(None, {}, method="GET", path=path_of(query=NAME, **{name: text}))

    assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")
    assert f"`{name}`" in answer.error["message"]


async def test_a_batch_is_refused(gateway: Gateway) -> None:
    answer = await gateway.send(json.dumps([{"query": CREATE}, {"query": NAME}]).encode(), SEND_JSON)

    assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")
    assert "one operation a request" in answer.error["message"]
    assert await number_of_groups(gateway) == 0


async def test_a_caller_that_hangs_up_within_its_body_is_no_failure_of_the_gateway(
    gateway: Gateway, logged: list[dict[str, Any]]
) -> None:
    async with connected(gateway) as connection:
        await connection.begin("Content-Length: 100", body=b'{"query"')

    await until(lambda: any(line["event"] == "request" for line in logged))
    assert [line["event"] for line in logged if line["log_level"] == "error"] == []
