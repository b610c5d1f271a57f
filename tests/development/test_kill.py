"""`kill -9` of every part of the real stack while changes are being made: nothing acknowledged is lost.

Each part is killed once in `make test` and 20 times in `make test-kill` (KILL_ROUNDS).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.development.issuer import MAX_LIFETIME, open_issuer
from tests.development.changes import Changes
from tests.development.supervised import Addresses, Supervised, answers, supervised

ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))
GATEWAY_DEV = Path(sys.executable).with_name("gateway")
CONSUMER = "business-portal"
SUBJECT = "165599990010"

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc"),
    pytest.mark.timeout(60 + 60 * ROUNDS),
]


@asynccontextmanager
async def the_stack(addresses: Addresses, log: Path) -> AsyncIterator[Supervised]:
    """The real `gateway dev`, ready."""
    with supervised([str(GATEWAY_DEV), "dev"], addresses, log) as stack:
        await asyncio.to_thread(stack.wait_for, "curl ")
        yield stack


def victim_of(stack: Supervised, part: str, addresses: Addresses) -> int:
    """The process id of a part of the stack."""
    match part:
        case "producer":
            return stack.child("subgraphs.tax_agency").pid
        case "database":
            return stack.child(f"--port {addresses.database}").pid
        case _:
            others = ("subgraphs.", "subgraphs/", f"--port {addresses.database}")
            (gateway,) = (child for child in stack.children() if not any(other in child.command for other in others))
            return gateway.pid


@pytest.mark.parametrize("part", ["producer", "gateway", "database"])
async def test_no_acknowledged_change_is_lost_when_a_part_is_killed(
    part: str, addresses: Addresses, tmp_path: Path
) -> None:
    addresses = replace(addresses, settings={"GATEWAY_SUBJECT_MAX_GROUPS": "100000"})
    changes: Changes | None = None
    for number in range(ROUNDS):
        async with the_stack(addresses, tmp_path / f"{number}.log") as stack:
            if changes is None:
                token = open_issuer(addresses.directory, addresses.url).issue(CONSUMER, SUBJECT, lifetime=MAX_LIFETIME)
                changes = Changes(addresses.url, token)
            async with changes.going_on():
                await changes.until_more(random.randint(5, 40))
                stack.children()
                os.kill(victim_of(stack, part, addresses), signal.SIGKILL)
                if part == "producer":
                    await changes.until_more(5)  # everything else goes on
                    stack.process.send_signal(signal.SIGINT)
                code = await asyncio.to_thread(stack.process.wait, 10)
            assert code == (0 if part == "producer" else 1), stack.output
            assert stack.left() == []
            assert "Traceback" not in stack.output

    assert changes is not None
    async with the_stack(addresses, tmp_path / "last.log"):
        assert await changes.losses() == []
        assert answers(f"{addresses.url}/health/ready")
