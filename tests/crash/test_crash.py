"""`kill -9` of the database under load, and now and then of a gateway: every delivered status has its record, once.

Five kills in `make test`, 200 in `make test-crash` (CRASH_ROUNDS).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from gateway.store.driver import Database
from tests.crash.portals import Portals
from tests.crash.received import problems, recorded_twice
from tests.crash.stack import Stack, running_stack
from tests.database import GIVEN
from tests.issuer import Issuer

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "5"))
GATEWAY_EACH = 7
"""In each seventh round a gateway is killed, too, before the database or after it."""

LONG_EACH = 10
"""In each tenth the database is away for longer than a record may take."""

TAKEOVER_SECONDS = 60.0
"""For a gateway to seal all that those killed before it have left: some seconds until they count as dead."""

pytestmark = [
    pytest.mark.skipif(GIVEN in os.environ, reason="it is the embedded database that is killed"),
    pytest.mark.timeout(180 + 4 * ROUNDS),
]


async def test_no_status_is_delivered_without_its_record_when_the_database_is_killed(
    tmp_path: Path, issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    began = monotonic()
    async with running_stack(tmp_path, issuer) as stack:
        portals = Portals(stack.urls, stack.token, stack.groups)
        gateways_killed = 0
        async with portals.asking():
            for number in range(1, ROUNDS + 1):
                gateways_killed += await a_round(number, stack, portals)
                assert await problems(stack.database, portals.new()) == []
        assert await problems(stack.database, portals.new()) == []
        assert await recorded_twice(stack.database) == []
        seconds = monotonic() - began

        await taken_over(stack)
        verified = verify(stack)
        logs = stack.logs

    assert (verified["whole"], verified["unsealedRecords"], verified["told"]) == (True, 0, [])
    assert [
        event for event in ("record.failed", "record.sealing_failed", "record.stream_broken") if event in logs
    ] == []
    assert portals.statuses > ROUNDS
    with capsys.disabled():
        print(  # noqa: T201 - what `make test-crash` is run for
            f"\n{ROUNDS} kills of the database and {gateways_killed} of a gateway in {seconds:.0f} s: "
            f"{portals.requests:,} requests, {portals.broken:,} of them not answered to the end, "
            f"{portals.statuses:,} statuses received, {portals.withheld['NOT_RECORDED']:,} withheld as not recorded, "
            f"{portals.withheld.total() - portals.withheld['NOT_RECORDED']:,} unavailable for other reasons.\n"
            f"The record: {verified['records']:,} records of {verified['streams']:,} streams under "
            f"{verified['seals']:,} seals. Every status received is in it once, nothing twice, and it is whole."
        )


async def a_round(number: int, stack: Stack, portals: Portals) -> int:
    """Kills the database at some moment, and starts it again; returns how many gateways were killed beside it."""
    await portals.until_more(random.randint(1, 60))
    await asyncio.sleep(random.uniform(0, 0.05))
    gateway = random.choice(stack.gateways) if number % GATEWAY_EACH == 0 else None
    gateway_first = random.random() < 0.5
    if gateway and gateway_first:
        gateway.kill()
    stack.server.kill()
    await asyncio.sleep(1.5 if number % LONG_EACH == 0 else random.uniform(0, 0.2))
    if gateway and not gateway_first:
        gateway.kill()
    await asyncio.to_thread(stack.server.start)
    if gateway:
        await gateway.start()
    return 1 if gateway else 0


async def taken_over(stack: Stack) -> None:
    """Stops the gateways and starts one again, until it has sealed all that the others left; stops it."""
    for gateway in stack.gateways:
        await gateway.stop()
    last = stack.gateways[0]
    await last.start()
    give_up = monotonic() + TAKEOVER_SECONDS
    while unsealed := await not_sealed(stack.database):
        assert monotonic() < give_up, f"records that nobody seals: {unsealed}"
        await asyncio.sleep(0.5)
    await last.stop()


async def not_sealed(database: Database) -> list[str]:
    """The streams with records that no seal covers.

    One whose writer was killed when all of it was sealed stays open for a day, and nothing is missing from it.
    """
    sealed: dict[str, int] = {}
    async for seal in database["recordSeals"].find():
        sealed[seal["stream"]] = max(seal["last"], sealed.get(seal["stream"], 0))
    streams = [stream["_id"] async for stream in database["recordStreams"].find()]
    following = {one: f"{one}/{sealed.get(one, 0) + 1:012d}" for one in streams}
    found = database["disclosures"].find({"_id": {"$in": list(following.values())}}, {"_id": 1})
    return sorted([record["_id"] async for record in found])


def verify(stack: Stack) -> Any:
    """What `gateway audit verify` says."""
    result = subprocess.run(
        [sys.executable, "-m", "gateway", "audit", "verify", "--json"],
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode in {0, 1}, result.stderr
    return json.loads(result.stdout)
