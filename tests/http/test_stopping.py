"""What a caller meets when the gateway is stopped while it works."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.producer import Producer


@pytest.mark.settings(producer_deadline=60, operation_deadline=60)
async def test_a_request_that_cannot_be_finished_is_told_so_in_json(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())
    asked = asyncio.Event()

    async def never(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    tax.behaviour = never
    request = asyncio.create_task(gateway.query(GROUP_WITH_STATUSES, id=group["id"]))
    await asked.wait()

    await gateway.stop()

    answer = await request
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
