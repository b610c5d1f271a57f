"""An alarm rings when it was last set to, whatever it was set to before."""

from __future__ import annotations

import asyncio

from gateway.alarm import Alarm


class Rung:
    """When it rang, by the loop's clock."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.loop = asyncio.get_running_loop()
        self.alarm = Alarm(self.loop, lambda: self.at.append(self.loop.time()))


async def test_it_rings_once_and_not_before_its_time() -> None:
    rung = Rung()
    until = rung.loop.time() + 0.02

    rung.alarm.set(until)
    await asyncio.sleep(0.1)

    assert len(rung.at) == 1
    assert rung.at[0] >= until


async def test_what_is_moved_on_rings_at_the_later_time_alone() -> None:
    rung = Rung()
    now = rung.loop.time()
    for later in (0.02, 0.03, 0.06):
        rung.alarm.set(now + later)

    await asyncio.sleep(0.15)

    assert len(rung.at) == 1
    assert rung.at[0] >= now + 0.06


async def test_what_is_moved_nearer_rings_at_the_nearer_time() -> None:
    rung = Rung()
    rung.alarm.set(rung.loop.time() + 3_600)
    rung.alarm.set(rung.loop.time() + 0.02)

    await asyncio.sleep(0.1)

    assert len(rung.at) == 1


async def test_what_is_cancelled_does_not_ring_until_it_is_set_again() -> None:
    rung = Rung()
    rung.alarm.set(rung.loop.time() + 0.02)
    rung.alarm.cancel()
    await asyncio.sleep(0.05)
    assert rung.at == []

    rung.alarm.set(rung.loop.time() + 0.02)
    await asyncio.sleep(0.1)

    assert len(rung.at) == 1
