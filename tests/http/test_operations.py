"""Which operation of a document is run, and what is said of one that cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway import BUSINESS, CREATE, Gateway
from tests.issuer import ALVA, BJORN

JSON, GRAPHQL_RESPONSE = "application/json", "application/graphql-response+json"
ANY_MEDIA_TYPE = pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_RESPONSE, 400)])
TWO = "query A { viewer { consumer { name } } } query B { viewer { subject { identifier } } }"


async def send(gateway: Gateway, accept: str = GRAPHQL_RESPONSE, **parameters: Any) -> Any:
    headers = {"Content-Type": JSON, "Accept": accept}
    return await gateway.send(json.dumps(parameters).encode(), headers)


async def test_the_operation_named_is_run_and_no_other(gateway: Gateway) -> None:
    answer = await send(gateway, query=TWO, operationName="B")

    assert answer.data == {"viewer": {"subject": {"identifier": ALVA}}}


@ANY_MEDIA_TYPE
@pytest.mark.parametrize("name", [None, "", "C", "a"])
async def test_an_operation_that_is_not_there_or_not_named_is_refused(
    gateway: Gateway, accept: str, status: int, name: str | None
) -> None:
    answer = await send(gateway, accept, query=TWO, operationName=name)

    assert (answer.status, answer.code) == (status, "BAD_USER_INPUT")
    assert "operationName" in answer.error["message"]
    assert "data" not in answer.json


@ANY_MEDIA_TYPE
async def test_a_document_of_fragments_alone_is_refused(gateway: Gateway, accept: str, status: int) -> None:
    answer = await send(gateway, accept, query="fragment F on Query { viewer { consumer { name } } }")

    assert answer.status == status
    assert "data" not in answer.json


@ANY_MEDIA_TYPE
@pytest.mark.parametrize("query", ["{", "query { viewer", "hello", "{ viewer(: }", '{ a(b: "', "{ \x00 }", "#"])
async def test_what_is_no_graphql_is_refused_with_the_place(
    gateway: Gateway, accept: str, status: int, query: str
) -> None:
    answer = await send(gateway, accept, query=query)

    assert (answer.status, answer.code) == (status, "GRAPHQL_PARSE_FAILED")
    assert answer.error["locations"][0]["line"] == 1
    assert "data" not in answer.json


@ANY_MEDIA_TYPE
async def test_everything_that_does_not_fit_the_schema_is_said_at_once(
    gateway: Gateway, accept: str, status: int
) -> None:
    answer = await send(gateway, accept, query="query($unused: ID) { nothing viewer caseGroup(id: true) { id } }")

    errors = answer.json["errors"]
    assert answer.status == status
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert {error["extensions"]["requestId"] for error in errors} == {answer.headers["X-Request-ID"]}
    said = " ".join(error["message"] for error in errors)
    assert all(part in said for part in ("'nothing'", "'viewer'", "'$unused'", "true"))
    assert "data" not in answer.json


@ANY_MEDIA_TYPE
async def test_a_subscription_is_refused(gateway: Gateway, accept: str, status: int) -> None:
    answer = await send(gateway, accept, query="subscription { viewer { consumer { name } } }")

    assert answer.status == status
    assert "data" not in answer.json


@pytest.mark.parametrize(
    "input_",
    [
        None,
        "text",
        {},
        {"title": "Kafé"},
        {"title": 1, "purpose": BUSINESS},
        {"title": "Kafé", "purpose": {"informationArea": "NO_SUCH_AREA"}},
        {"title": "Kafé", "purpose": BUSINESS, "unknown": True},
        {"title": "Kafé", "purpose": BUSINESS, "cases": [None]},
        {"title": "Kafé", "purpose": BUSINESS, "cases": {"a": []}},
    ],
)
@ANY_MEDIA_TYPE
async def test_variables_that_do_not_fit_are_refused_and_nothing_is_run(
    gateway: Gateway, input_: object, accept: str, status: int
) -> None:
    answer = await send(gateway, accept, query=CREATE, variables={"input": input_})

    assert answer.status == status
    assert {error["extensions"]["code"] for error in answer.json["errors"]} == {"BAD_USER_INPUT"}
    assert "data" not in answer.json
    groups = await gateway.query("{ caseGroups { totalCount } }")
    assert groups.data["caseGroups"]["totalCount"] == 0


@pytest.mark.parametrize("number", [BJORN, f"{BJORN[:8]}-{BJORN[8:]}", BJORN[2:], f"{BJORN[2:8]}+{BJORN[8:]}"])
@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (CREATE, {"input": {"title": "T", "purpose": {"informationArea": "{number}"}}}),
        (CREATE, {"input": {"{number}": "T"}}),
        (CREATE, {"input": "{number}"}),
        ('{{ caseGroups(filter: {{ informationArea: "{number}" }}) {{ totalCount }} }}', {}),
        ('{{ caseGroups(first: "{number}") {{ totalCount }} }}', {}),
        ('{{ caseGroup(id: "{number}") {{ id }} }}', {}),
        ('{{ caseGroups(after: "{number}") {{ totalCount }} }}', {}),
    ],
)
async def test_no_error_repeats_an_identity_number(
    gateway: Gateway, number: str, query: str, variables: dict[str, Any]
) -> None:
    document = query if query == CREATE else query.format(number=number)
    sent = json.loads(json.dumps(variables).replace("{number}", number))

    answer = await send(gateway, query=document, variables=sent)

    assert answer.json["errors"]
    assert number not in answer.body.decode()


async def test_a_document_that_is_remembered_holds_nothing_of_an_earlier_caller(gateway: Gateway) -> None:
    groups = "caseGroups(first: $first) { edges { node { title } } }"
    document = f"query($first: Int) {{ viewer {{ subject {{ identifier }} }} {groups} }}"
    await gateway.a_group_with(title="Alvas kafé")

    alva = await gateway.query(document, first=5)
    bjorn = await gateway.query(document, first=5, token=gateway.token_for(BJORN))
    without = await gateway.query(document, first=-1)

    assert alva.data["caseGroups"]["edges"] == [{"node": {"title": "Alvas kafé"}}]
    assert bjorn.data == {"viewer": {"subject": {"identifier": BJORN}}, "caseGroups": {"edges": []}}
    assert without.code == "BAD_USER_INPUT"


async def test_a_remembered_document_is_not_run_without_a_token(gateway: Gateway) -> None:
    body = json.dumps({"query": "{ viewer { subject { identifier } } }"}).encode()
    await gateway.send(body, {"Content-Type": JSON})

    answer = await gateway.send(body, {"Content-Type": JSON}, authorized=False)

    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert ALVA.encode() not in answer.body


@ANY_MEDIA_TYPE
async def test_an_error_of_one_field_leaves_the_others_and_is_no_failure_of_the_request(
    gateway: Gateway, accept: str, status: int
) -> None:
    answer = await send(gateway, accept, query='{ viewer { consumer { name } } caseGroup(id: "wrong") { id } }')

    assert answer.status == 200
    assert answer.json["data"] == {"viewer": {"consumer": {"name": "business-portal (sv)"}}, "caseGroup": None}
    assert (answer.code, answer.error["path"]) == ("BAD_USER_INPUT", ["caseGroup"])
