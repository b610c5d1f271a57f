"""Portals that ask all at once, and what they saw: those that wait for each answer, and those that do not."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.bench.asking import Asking


@dataclass
class Seen:
    """What portals that ask about one group have seen so far."""

    group: str
    whole: frozenset[str]
    """References of the cases that must have a status in every answer."""
    times: list[float] = field(default_factory=list)
    """Seconds to each answer."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of the other cases: `status`, or the reason why there is none."""

    async def ask(self, asking: Asking) -> None:
        """Asks once."""
        began = time.perf_counter()
        statuses = await asking.statuses(self.group)
        self.times.append(time.perf_counter() - began)
        missing = [reference for reference in self.whole if "title" not in statuses[reference]]
        assert not missing, f"no status of {missing}"
        self.outcomes.update(
            status.get("reason", "status") for reference, status in statuses.items() if reference not in self.whole
        )

    def report(self) -> dict[str, object]:
        """How many were answered, when (milliseconds), and what became of the cases that need have no status."""
        cuts = [round(cut * 1000, 1) for cut in statistics.quantiles(self.times, n=100)]
        return {
            "answers": len(self.times),
            "milliseconds": {"p50": cuts[49], "p99": cuts[98], "longest": round(max(self.times) * 1000, 1)},
            **({"other_cases": dict(self.outcomes)} if self.outcomes else {}),
        }


async def one_after_the_other(asking: Asking, portals: int, seconds: float, seen: Seen) -> float:
    """So many portals for so long, each asking again as soon as it is answered. Returns the answers per second."""
    began, before = time.monotonic(), len(seen.times)

    async def portal() -> None:
        while time.monotonic() < began + seconds:
            await seen.ask(asking)

    await asyncio.gather(*(portal() for _ in range(portals)))
    return (len(seen.times) - before) / (time.monotonic() - began)


async def at_their_pace(asking: Asking, portals: int, pace: float, seconds: float, seen: Seen) -> None:
    """So many portals, each asking every `pace` seconds, whether it has been answered or not, as end users do."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as questions:
        for number in range(round(seconds / pace * portals)):
            await asyncio.sleep(began + number * pace / portals - time.monotonic())
            questions.create_task(seen.ask(asking))
