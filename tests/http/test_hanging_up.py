"""A caller that hangs up is worked for no longer, and neither are its producers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.http.parts import ACCEPT
from tests.http.test_incremental_delivery import DEFERRED
from tests.http.waiting import until
from tests.producer import Producer
from tests.producers.asking import Silence

patient = pytest.mark.settings(producer_deadline=60, operation_deadline=60)


@patient
@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        pytest.param(GROUP_WITH_STATUSES, "application/json", 499, id="before the answer"),
        pytest.param(DEFERRED, ACCEPT, 200, id="between two parts"),
    ],
)
async def test_the_producers_of_a_caller_that_hung_up_are_hung_up_on(
    gateway: Gateway, tax: Producer, logged: list[dict[str, Any]], query: str, accept: str, status: int
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    before = asyncio.all_tasks()
    tax.behaviour = silence = Silence()
    headers = {"Authorization": f"Bearer {gateway.issuer.token()}", "Accept": accept}
    async with ClientSession() as portal:
        asking = asyncio.create_task(
            portal.post(
                f"{gateway.url}/graphql", json={"query": query, "variables": {"id": group["id"]}}, headers=headers
            ).__aenter__()
        )
        await until(lambda: tax.requests == 1)
        if status == 200:
            await asking
        asking.cancel()

    await until(lambda: silence.hung_up_on == 1)
    await until(lambda: asyncio.all_tasks() <= before | {asking})
    assert [line["status"] for line in logged if line["event"] == "request"][-1] == status
    assert [line for line in logged if line["log_level"] == "error"] == []


@patient
async def test_a_change_is_finished_for_a_caller_that_hung_up(gateway: Gateway, tax: Producer) -> None:
    tax.behaviour = Silence()
    group = await gateway.a_group_with(tax.case("T-1"))
    change = """
      mutation($input: UpdateCaseGroupInput!) {
        updateCaseGroup(input: $input) {
          caseGroup { cases { edges { node { status { ... on StatusUnavailable { reason } } } } } }
        }
      }
    """
    variables = {"input": {"id": group["id"], "expectedRevision": group["revision"], "title": "Ändrad"}}
    async with ClientSession() as portal:
        asking = asyncio.create_task(
            portal.post(
                f"{gateway.url}/graphql",
                json={"query": change, "variables": variables},
                headers={"Authorization": f"Bearer {gateway.issuer.token()}"},
            ).__aenter__()
        )
        await until(lambda: tax.requests == 1)
        asking.cancel()

    answer = await gateway.query("query($id: ID!) { caseGroup(id: $id) { title } }", id=group["id"])

    assert answer.data["caseGroup"]["title"] == "Ändrad"
