"""Work in the background ends with its context, whatever becomes of a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from gateway.store.background import in_the_background


async def test_work_ends_although_a_cancellation_is_lost_on_it() -> None:
    lost = 0

    async def work() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost == 2:
                    raise
                lost += 1

    before = asyncio.all_tasks()
    async with in_the_background(work()):
        await asyncio.sleep(0)

    assert lost == 2
    assert asyncio.all_tasks() == before


async def test_what_went_wrong_in_the_background_is_raised_at_the_end() -> None:
    async def work() -> None:
        raise ValueError("wrong")

    context = in_the_background(work())
    await context.__aenter__()
    await asyncio.sleep(0)

    with pytest.raises(ValueError, match="wrong"):
        await context.__aexit__(None, None, None)
