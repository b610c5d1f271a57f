"""A bounded number of requests at a time, and a bounded wait for the others."""

from __future__ import annotations

import asyncio

import pytest

from gateway.producers.capacity import Capacity, NoPlace


async def test_those_who_wait_get_their_turn_in_the_order_they_came() -> None:
    capacity = Capacity(1)
    order: list[int] = []

    async def one(number: int) -> None:
        await capacity.enter(60)
        order.append(number)
        await asyncio.sleep(0)
        capacity.leave()

    await asyncio.gather(*(one(number) for number in range(5)))

    assert order == [0, 1, 2, 3, 4]


async def test_who_has_waited_long_enough_goes_away_and_takes_no_place_with_it() -> None:
    capacity = Capacity(2)
    await capacity.enter(1)
    await capacity.enter(1)

    with pytest.raises(NoPlace):
        await capacity.enter(0.001)

    capacity.leave()
    await capacity.enter(0.001)


async def test_who_is_given_up_while_it_waits_takes_no_place_with_it() -> None:
    capacity = Capacity(1)
    await capacity.enter(1)
    waiting = asyncio.create_task(capacity.enter(60))
    await asyncio.sleep(0)

    waiting.cancel()
    capacity.leave()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await capacity.enter(0.001)


def test_a_place_that_is_free_is_taken_at_once_and_no_more_than_there_are() -> None:
    capacity = Capacity(2)

    assert [capacity.take() for _ in range(3)] == [True, True, False]
    assert capacity.taken == 2

    capacity.leave()
    assert capacity.take()
