"""@defer and @stream over HTTP: what is ready comes at once, what is slow holds back nothing but itself."""

from __future__ import annotations

import asyncio
import email
import json
from typing import Any

import pytest
from aiohttp import web

from gateway.store.case_groups import CaseGroupStore
from tests.gateway import Gateway
from tests.http.parts import ACCEPT, in_parts, together
from tests.http.waiting import until
from tests.producer import Behaviour, Producer

STATUS = "status { ... on CaseStatus { title } ... on StatusUnavailable { reason } }"
DEFERRED = f"""
  query($id: ID!) {{
    caseGroup(id: $id) {{
      title cases {{ edges {{ node {{ reference ... @defer(label: "status") {{ {STATUS} }} }} }} }}
    }}
  }}
"""
STREAMED = f"""
  query($id: ID!) {{
    caseGroup(id: $id) {{ title cases {{ edges @stream(initialCount: 1) {{ node {{ reference {STATUS} }} }} }} }}
  }}
"""


def held_by(producer: Producer, release: asyncio.Event) -> Behaviour:
    """The producer's right answer, but not before `release` is set."""

    async def behave(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response(producer.correct_answer(await request.json()))

    return behave


async def test_the_first_part_comes_before_a_slow_producer_answers(gateway: Gateway, city: Producer) -> None:
    group = await gateway.a_group_with(city.case("C-1", title="Beslut fattat"))
    release = asyncio.Event()
    city.behaviour = held_by(city, release)

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        first = await parts.next()
        assert not release.is_set()
        release.set()
        rest = await parts.all()

    path = ["caseGroup", "cases", "edges", 0, "node"]
    assert first == {
        "data": {"caseGroup": {"title": "Starta kafé", "cases": {"edges": [{"node": {"reference": "C-1"}}]}}},
        "pending": [{"id": "0", "path": path, "label": "status"}],
        "hasNext": True,
    }
    assert rest == [
        {
            "incremental": [{"id": "0", "data": {"status": {"title": "Beslut fattat"}}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        }
    ]


async def test_a_quick_producers_status_does_not_wait_for_a_slow_one(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(city.case("C-1", title="Långsam"), tax.case("T-1", title="Snabb"))
    release = asyncio.Event()
    city.behaviour = held_by(city, release)

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        received = [await parts.next(), await parts.next()]
        assert not release.is_set()
        assert "Snabb" in json.dumps(received[1])
        release.set()
        received += await parts.all()

    edges = together(received)["caseGroup"]["cases"]["edges"]
    assert [edge["node"]["status"]["title"] for edge in edges] == ["Långsam", "Snabb"]


@pytest.mark.parametrize("query", [DEFERRED, STREAMED])
async def test_one_answer_and_one_in_parts_have_the_same_data_and_cost(
    gateway: Gateway, tax: Producer, city: Producer, query: str
) -> None:
    group = await gateway.a_group_with(tax.case(), city.case(), tax.case())

    whole = await gateway.query(query, id=group["id"])
    assert (tax.requests, city.requests) == (1, 1)
    async with in_parts(gateway, query, id=group["id"]) as parts:
        received = await parts.all()

    assert whole.json.keys() == {"data"}
    assert len(received) > 1
    assert together(received) == whole.data
    assert (tax.requests - 1, city.requests - 1) == (1, 1)


async def test_a_stream_begins_with_as_many_items_as_asked_for(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), tax.case("T-2"), tax.case("T-3"))

    async with in_parts(gateway, STREAMED, id=group["id"]) as parts:
        first = await parts.next()
        rest = await parts.all()

    assert [edge["node"]["reference"] for edge in first["data"]["caseGroup"]["cases"]["edges"]] == ["T-1"]
    assert first["pending"] == [{"id": "0", "path": ["caseGroup", "cases", "edges"]}]
    items = [item for part in rest for one in part.get("incremental", ()) for item in one["items"]]
    assert [item["node"]["reference"] for item in items] == ["T-2", "T-3"]


async def test_the_headers_are_those_that_clients_look_for(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        headers = parts.response.headers
        body = await parts.response.read()

    assert parts.response.status == 200
    assert headers["Content-Type"] == 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
    assert headers["Cache-Control"] == "no-store"
    assert "Accept" in headers["Vary"]
    assert headers["X-Request-ID"]
    # Python's own reader of multipart finds the same parts.
    message = email.message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    found: Any = message.get_payload()
    assert [json.loads(part.get_payload())["hasNext"] for part in found] == [True, False]


@pytest.mark.parametrize("accept", ["application/json", "multipart/mixed;deferSpec=20220824,application/json", "*/*"])
async def test_a_client_that_cannot_read_our_parts_gets_one_answer(
    gateway: Gateway, tax: Producer, accept: str
) -> None:
    group = await gateway.a_group_with(tax.case("T-1", title="Granskas"))

    answer = await gateway.query(DEFERRED, id=group["id"], accept=accept)

    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    node = {"reference": "T-1", "status": {"title": "Granskas"}}
    assert answer.json == {
        "data": {"caseGroup": {"title": "Starta kafé", "cases": {"edges": [{"node": node}]}}},
    }


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { consumer { name } } }",
        "{ viewer { consumer { name } ... @defer(if: false) { subject { identifier } } } }",
    ],
)
async def test_where_nothing_is_deferred_there_are_no_parts(gateway: Gateway, query: str) -> None:
    answer = await gateway.query(query, accept=ACCEPT)

    assert answer.headers["Content-Type"] == "application/graphql-response+json; charset=utf-8"
    assert answer.data["viewer"]["consumer"]["name"] == "business-portal (sv)"


async def test_an_error_in_a_later_part_is_formatted_like_any_other(gateway: Gateway) -> None:
    async with in_parts(
        gateway, '{ viewer { consumer { name } } ... @defer { caseGroup(id: "wrong") { id } } }'
    ) as parts:
        _, last = await parts.all()

    (delivered,) = last["incremental"]
    (error,) = delivered["errors"]
    assert delivered["data"] == {"caseGroup": None}
    assert error["path"] == ["caseGroup"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "requestId": parts.response.headers["X-Request-ID"]}


async def test_a_part_that_fails_as_a_whole_says_so_where_it_is_completed(gateway: Gateway) -> None:
    async with in_parts(
        gateway, "{ viewer { consumer { name } } ... @defer { producers(first: -1) { totalCount } } }"
    ) as parts:
        first, last = await parts.all()

    (completed,) = last["completed"]
    (error,) = completed["errors"]
    assert first["data"] == {"viewer": {"consumer": {"name": "business-portal (sv)"}}}
    assert "incremental" not in last
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["requestId"] == parts.response.headers["X-Request-ID"]


async def test_an_internal_error_in_a_later_part_is_masked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret-host:27017")

    monkeypatch.setattr(CaseGroupStore, "count", fail)

    async with in_parts(gateway, "{ caseGroups { edges { cursor } ... @defer { totalCount } } }") as parts:
        _, last = await parts.all()

    (error,) = last["completed"][0]["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret-host" not in json.dumps(last)


async def test_a_change_can_be_answered_in_parts(gateway: Gateway) -> None:
    async with in_parts(
        gateway,
        """mutation {
          createCaseGroup(input: { title: "Kafé", purpose: { informationArea: TAXES } }) {
            userErrors { code } ... @defer { caseGroup { title } }
          }
        }""",
    ) as parts:
        received = await parts.all()

    assert together(received) == {"createCaseGroup": {"userErrors": [], "caseGroup": {"title": "Kafé"}}}


async def test_a_request_that_is_rejected_has_no_parts(gateway: Gateway) -> None:
    answer = await gateway.query("{ nothing ... @defer { viewer { consumer { name } } } }", accept=ACCEPT)

    assert answer.headers["Content-Type"] == "application/graphql-response+json; charset=utf-8"
    assert (answer.status, answer.code) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_a_client_that_hangs_up_ends_the_work(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    monkeypatch.setattr(CaseGroupStore, "count", hang)

    async with in_parts(gateway, "{ caseGroups { edges { cursor } ... @defer { totalCount } } }") as parts:
        await parts.next()
        await begun.wait()
        assert not cancelled.is_set()
        parts.response.close()
        await until(cancelled.is_set)

    await until(lambda: any(line["event"] == "request" for line in logged))
    assert [line for line in logged if line["log_level"] == "error"] == []


@pytest.mark.parametrize("count", ["-1", "null"])
async def test_a_stream_that_begins_before_the_beginning_is_the_callers_fault(gateway: Gateway, count: str) -> None:
    answer = await gateway.query(
        f"{{ caseGroups {{ edges @stream(initialCount: {count}) {{ cursor }} }} }}", accept="multipart/mixed"
    )

    assert answer.code == "BAD_USER_INPUT"
