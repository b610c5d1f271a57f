"""The check of the crash test can fail: it finds a delivered status without a record, and one recorded twice."""

from __future__ import annotations

import pytest_asyncio

from tests.crash.portals import Portals
from tests.crash.received import Received, problems, recorded_twice
from tests.crash.stack import PORTALS
from tests.gateway import Gateway
from tests.producer import Producer

MANY = 60


@pytest_asyncio.fixture
async def received(gateway: Gateway, tax: Producer, city: Producer) -> list[Received]:
    """What portals received while nothing was killed."""
    group = await gateway.a_group_with(tax.case(), tax.case(), city.case())
    portals = Portals([gateway.url], gateway.token_for(), [group["id"]] * PORTALS)
    async with portals.asking():
        await portals.until_more(MANY)
    return portals.new()


async def test_what_was_delivered_while_nothing_was_killed_is_recorded_once(
    gateway: Gateway, received: list[Received]
) -> None:
    assert len(received) >= MANY
    assert {one.fields for one in received} > {("title",), ("title", "updatedAt")}
    assert await problems(gateway.database, received) == []
    assert await recorded_twice(gateway.database) == []


async def test_a_delivered_status_whose_record_is_gone_is_found(gateway: Gateway, received: list[Received]) -> None:
    lost = received[MANY // 2]
    await gateway.database["disclosures"].delete_one(
        {"requestId": lost.request_id, "reference": lost.reference, "fields": list(lost.fields)}
    )

    assert await problems(gateway.database, received) == [f"delivered without a record: {lost}"]


async def test_a_delivered_status_whose_record_has_other_fields_is_found(
    gateway: Gateway, received: list[Received]
) -> None:
    wrong = next(one for one in received if one.fields == ("title", "updatedAt"))
    where = {"requestId": wrong.request_id, "reference": wrong.reference}
    await gateway.database["disclosures"].update_one(where, {"$set": {"fields": ["title"]}})

    assert await problems(gateway.database, received) == [f"delivered without a record: {wrong}"]


async def test_a_status_that_is_recorded_twice_is_found(gateway: Gateway, received: list[Received]) -> None:
    doubled = received[MANY // 2]
    records = gateway.database["disclosures"]
    record = await records.find_one(
        {"requestId": doubled.request_id, "reference": doubled.reference, "fields": list(doubled.fields)}
    )
    assert record is not None
    await records.insert_one({**record, "_id": f"{'0' * 16}/000000000001", "stream": "0" * 16})

    assert await problems(gateway.database, received) == [f"recorded 2 times: {doubled}"]
    assert await recorded_twice(gateway.database) == [str(doubled)]
