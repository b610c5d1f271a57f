"""What is withdrawn ends within seconds: for new operations, and for those that are still waiting for a producer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.authorization.asking import PORTAL, READ, granted, held, statuses, until_granted
from tests.authorization.conftest import StartGateway
from tests.gateway import Gateway
from tests.http.parts import in_parts, together
from tests.http.waiting import until
from tests.producer import Producer

DEFERRED = """
  query($id: ID!) {
    caseGroup(id: $id) {
      title
      cases { edges { node { reference ... @defer {
        status { ... on CaseStatus { code title } ... on StatusUnavailable { reason } }
      } } } }
    }
  }
"""
CONNECTED = "{ producers { totalCount } consumers { totalCount } }"

SUSPENDED = {"state": "suspended"}


async def _change(gateway: Gateway, collection: str, query: dict[str, Any], **changes: Any) -> None:
    result = await gateway.database[collection].update_one(query, {"$set": changes})
    assert result.modified_count == 1


async def _until_suspended(gateway: Gateway, field: str) -> None:
    async def is_seen() -> bool:
        token = gateway.token_for(consumer="accounting-program")
        return bool((await gateway.query(CONNECTED, token=token)).data[field]["totalCount"] == 1)

    await until(is_seen)


async def test_a_withdrawn_grant_ends(gateway_with: StartGateway, tax: Producer) -> None:
    withdrawn = granted("code", "title", "description")
    gateway = await gateway_with(withdrawn)
    group = await gateway.a_group_with(tax.case("T-1"))
    before = statuses(await gateway.query(READ, id=group["id"]))

    await _change(gateway, "grants", {"_id": withdrawn["_id"]}, withdrawnAt=withdrawn["validFrom"])
    await until_granted(gateway, 0)
    after = statuses(await gateway.query(READ, id=group["id"]))

    assert before["T-1"]["title"]
    assert after == {"T-1": {"reason": "NOT_PERMITTED"}}
    assert tax.requests == 1


async def test_a_suspended_producer_is_asked_no_more(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1"))

    await _change(gateway, "producers", {"_id": tax.id}, **SUSPENDED)
    await _until_suspended(gateway, "producers")
    after = await gateway.query(READ, id=group["id"])

    assert statuses(after) == {"T-1": {"reason": "PRODUCER_UNAVAILABLE"}}
    assert tax.requests == 0


async def test_a_suspended_consumer_is_let_in_no_more(gateway_with: StartGateway, tax: Producer) -> None:
    gateway = await gateway_with(granted("title"))
    group = await gateway.a_group_with(tax.case("T-1"))

    await _change(gateway, "consumers", {"_id": PORTAL}, **SUSPENDED)
    await _until_suspended(gateway, "consumers")
    after = await gateway.query(READ, id=group["id"])

    assert after.status == 401
    assert tax.requests == 0


@pytest.mark.parametrize("left", [["code", "language"], []], ids=["in part", "as a whole"])
async def test_what_is_withdrawn_while_a_deferred_part_waits_is_withheld_from_it(
    gateway_with: StartGateway, tax: Producer, left: list[str]
) -> None:
    withdrawn = granted("title", "code")
    gateway = await gateway_with(withdrawn)
    group = await gateway.a_group_with(tax.case("T-1", title="secret", code="G"))
    release = asyncio.Event()
    tax.behaviour = held(tax, release)

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        first = await parts.next()
        await until(lambda: tax.requests == 1)
        await _change(gateway, "grants", {"_id": withdrawn["_id"]}, withdrawnAt=withdrawn["validFrom"])
        if left:
            await gateway.database["grants"].insert_many([granted(name) for name in left])
        await until_granted(gateway, len(left))
        release.set()
        rest = await parts.all()

    (edge,) = together([first, *rest])["caseGroup"]["cases"]["edges"]
    assert edge["node"]["status"] == ({"code": "G", "title": None} if left else {"reason": "NOT_PERMITTED"})
    assert "secret" not in str(rest)
    codes = [
        error["extensions"]["code"]
        for part in rest
        for one in part.get("incremental", ())
        for error in one.get("errors", ())
    ]
    assert codes == (["FORBIDDEN_FIELD"] if left else [])


async def test_an_answer_that_comes_at_once_is_cut_in_the_same_way(gateway_with: StartGateway, tax: Producer) -> None:
    withdrawn = granted("title", "code", "description")
    gateway = await gateway_with(withdrawn)
    group = await gateway.a_group_with(tax.case("T-1", title="secret"))
    release = asyncio.Event()
    tax.behaviour = held(tax, release)

    asking = asyncio.create_task(gateway.query(READ, id=group["id"]))
    await until(lambda: tax.requests == 1)
    await _change(gateway, "grants", {"_id": withdrawn["_id"]}, withdrawnAt=withdrawn["validFrom"])
    await until_granted(gateway, 0)
    release.set()
    answer = await asking

    assert statuses(answer) == {"T-1": {"reason": "NOT_PERMITTED"}}
    assert b"secret" not in answer.body


async def test_a_producer_suspended_while_a_deferred_part_waits_is_not_passed_on(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title", "code"))
    group = await gateway.a_group_with(tax.case("T-1", title="secret"))
    release = asyncio.Event()
    tax.behaviour = held(tax, release)

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        first = await parts.next()
        await until(lambda: tax.requests == 1)
        await _change(gateway, "producers", {"_id": tax.id}, **SUSPENDED)
        await _until_suspended(gateway, "producers")
        release.set()
        rest = await parts.all()

    (edge,) = together([first, *rest])["caseGroup"]["cases"]["edges"]
    assert edge["node"]["status"] == {"reason": "PRODUCER_UNAVAILABLE"}
    assert "secret" not in str(rest)


async def test_a_consumer_suspended_while_a_deferred_part_waits_gets_no_more_of_the_answer(
    gateway_with: StartGateway, tax: Producer
) -> None:
    gateway = await gateway_with(granted("title", "code"))
    group = await gateway.a_group_with(tax.case("T-1", title="secret"))
    release = asyncio.Event()
    tax.behaviour = held(tax, release)

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        first = await parts.next()
        await until(lambda: tax.requests == 1)
        await _change(gateway, "consumers", {"_id": PORTAL}, **SUSPENDED)
        await _until_suspended(gateway, "consumers")
        release.set()
        (last,) = await parts.all()

    assert last.keys() == {"hasNext", "completed"}
    assert last["hasNext"] is False
    assert [one["id"] for one in last["completed"]] == [one["id"] for one in first["pending"]]
    assert {error["extensions"]["code"] for one in last["completed"] for error in one["errors"]} == {"FORBIDDEN"}
