"""An alarm rings when it was last set to, whatever it was set to before, on each event loop that the gateway has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from gateway.alarm import Alarm

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs it to its end."""
    found: Run = request.param
    return found


class Rung:
    """When it rang, by the loop's clock."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.loop = asyncio.get_running_loop()
        self.alarm = Alarm(self.loop, lambda: self.at.append(self.loop.time()))


def test_it_rings_once_and_not_before_its_time(run: Run) -> None:
    async def rings() -> None:
        rung = Rung()
        until = rung.loop.time() + 0.02

        rung.alarm.set(until)
        await asyncio.sleep(0.1)

        assert len(rung.at) == 1
        assert rung.at[0] >= until

    run(rings())


def test_what_is_moved_on_rings_at_the_later_time_alone(run: Run) -> None:
    async def rings() -> None:
        rung = Rung()
        now = rung.loop.time()
        for later in (0.02, 0.03, 0.06):
            rung.alarm.set(now + later)

        await asyncio.sleep(0.15)

        assert len(rung.at) == 1
        assert rung.at[0] >= now + 0.06

    run(rings())


def test_what_is_moved_nearer_rings_at_the_nearer_time(run: Run) -> None:
    async def rings() -> None:
        rung = Rung()
        rung.alarm.set(rung.loop.time() + 3_600)
        rung.alarm.set(rung.loop.time() + 0.02)

        await asyncio.sleep(0.1)

        assert len(rung.at) == 1

    run(rings())


def test_what_is_cancelled_does_not_ring_until_it_is_set_again(run: Run) -> None:
    async def rings() -> None:
        rung = Rung()
        rung.alarm.set(rung.loop.time() + 0.02)
        rung.alarm.cancel()
        await asyncio.sleep(0.05)
        assert rung.at == []

        rung.alarm.set(rung.loop.time() + 0.02)
        await asyncio.sleep(0.1)

        assert len(rung.at) == 1

    run(rings())


def test_it_can_be_set_at_any_moment_of_its_timers_life(run: Run) -> None:
    """Just before a timer is due, a loop may have one that it calls at once, and that is no timer any more."""

    async def rings() -> None:
        rung = Rung()
        for step in range(400):
            rung.alarm.set(rung.loop.time() + 0.002)
            # Around the moment at which it rings, a little earlier and a little later.
            await asyncio.sleep(0.0015 + step % 20 * 0.0001)
        rung.alarm.set(rung.loop.time() + 0.002)
        await asyncio.sleep(0.05)

        assert rung.at

    run(rings())
