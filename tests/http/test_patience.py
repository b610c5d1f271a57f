"""A caller that hangs up is worked for no longer, and neither are its producers; nor is one whose time is out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.http.patience import CallerHungUp, Patience
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
            (await asking).close()
        else:
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


class Caller:
    """What is received from a caller that hangs up when a test says so."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        """The end of the connection."""
        self.asked += 1
        await self.hung_up.wait()
        return {"type": "http.disconnect"}


async def test_work_that_ends_soon_costs_no_watch_over_its_caller() -> None:
    caller, before = Caller(), asyncio.all_tasks()

    with Patience(60, caller.receive, watched_after=0.05):
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)

    assert caller.asked == 0
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("after", [0, 0.05])
async def test_work_that_lasts_is_given_up_with_its_caller_whenever_that_hung_up(after: float) -> None:
    caller, before = Caller(), asyncio.all_tasks()
    asyncio.get_running_loop().call_later(0.02, caller.hung_up.set)

    with pytest.raises(CallerHungUp), Patience(60, caller.receive, watched_after=after):
        await asyncio.Event().wait()

    await until(lambda: asyncio.all_tasks() == before)
    assert caller.asked == 1


async def test_work_that_lasts_and_is_done_is_no_longer_watched_over() -> None:
    caller, before = Caller(), asyncio.all_tasks()

    with Patience(60, caller.receive, watched_after=0):
        await until(lambda: caller.asked == 1)

    await until(lambda: asyncio.all_tasks() == before)


async def test_who_ends_the_work_of_a_caller_that_is_still_there_is_heard() -> None:
    async def working() -> None:
        with Patience(60, Caller().receive, watched_after=0):
            await asyncio.Event().wait()

    task = asyncio.create_task(working())
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_swallows_its_caller_hanging_up_ends_with_its_time() -> None:
    caller = Caller()
    caller.hung_up.set()

    async def swallow_one() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError), Patience(0.1, caller.receive, watched_after=0):
        await swallow_one()

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_work_that_ends_although_its_caller_hung_up_leaves_nothing_behind() -> None:
    caller = Caller()
    caller.hung_up.set()

    with Patience(60, caller.receive, watched_after=0), suppress(asyncio.CancelledError):
        await asyncio.Event().wait()

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("watched_after", [0, 0.02, 60])
async def test_work_whose_time_is_out_is_ended_whether_its_caller_is_watched_or_not(watched_after: float) -> None:
    caller, before = Caller(), asyncio.all_tasks()

    with pytest.raises(TimeoutError), Patience(0.05, caller.receive, watched_after=watched_after):
        await asyncio.Event().wait()
    with pytest.raises(TimeoutError), Patience(0.05):
        await asyncio.Event().wait()

    await until(lambda: asyncio.all_tasks() == before)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
