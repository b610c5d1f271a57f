"""`make bench-growth`: whether the gateway grows under load that goes on, good and bad; build/bench-growth.json.

First it is warmed up: as many requests as it can take, with documents that it never saw, so that all that is bounded is
full; and then a while of what is measured, since good and bad at a moderate rate take other memory than that. From then
on it is asked at that rate, and its resident memory is looked at now and then. What is fitted to that is a line, whose
slope is told with its standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from tests.bad_input import BAD_INPUT
from tests.bench.speed import cores
from tests.bench.speed.documents import MIX, THE_WORK, Selected, never_seen
from tests.bench.speed.goals import GROWTH
from tests.bench.speed.http_asking import Expected, Refused, asked, refused
from tests.bench.speed.scales import QUICK
from tests.bench.speed.servers import OURS, Server, until_ready
from tests.bench.speed.stage import ALLOWED, Stage, set_up
from tests.bench.speed.work import CASES, CONNECTIONS

SECONDS = 600.0
WARM_UP, SETTLING = 0.2, 0.4
"""How long it is asked at full speed before, and then at the moderate rate, as parts of that: what is bounded and fills
slowly is full by then.
"""

SAMPLES = 60
A_SECOND = {"work": 30, "never_seen": 4, "refused": 3, "bad": 3}
"""How many of what are asked in each second once it is warm."""

SETTINGS = {**ALLOWED, "GATEWAY_DOCUMENT_CACHE_CHARACTERS": "50000"}
"""With room for so few documents that the warm-up fills it."""

console = Console(highlight=False)


class Asking:
    """Asks one server for everything, good and bad."""

    def __init__(self, stage: Stage, server: Server) -> None:
        self._pool = stage.pools[CASES]
        self._server = server
        self._known = itertools.cycle(MIX)
        self._new = never_seen()
        self._bad = itertools.cycle(BAD_INPUT)
        self.answers: Counter[str] = Counter()

    async def at_full_speed(self, seconds: float) -> None:
        """For so long, with every other document a new one."""
        end = time.monotonic() + seconds
        both = itertools.chain.from_iterable(zip(self._known, self._new, strict=False))
        while time.monotonic() < end:
            await self._ask("warm_up", both, 200, CONNECTIONS)

    async def a_second_long(self) -> None:
        """What is asked in one second, and what is left of it."""
        end = time.monotonic() + 1
        await self._ask("work", self._known, A_SECOND["work"], 2)
        await self._ask("never_seen", self._new, A_SECOND["never_seen"], 1)
        callers = self._pool.callers(A_SECOND["refused"] + A_SECOND["bad"])
        for subject, token in callers[: A_SECOND["refused"]]:
            request = self._server.request(subject, token[:-8] + "AAAAAAAA", THE_WORK)
            await asked(self._server.port, iter([request]), Refused(), connections=1, seconds=1.0)
            self.answers["refused"] += 1
        for (_, token), bad in zip(callers[A_SECOND["refused"] :], self._bad, strict=False):
            await refused(self._server.port, self._server.sent(token, bad.body))
            self.answers["bad"] += 1
        await asyncio.sleep(max(end - time.monotonic(), 0))

    async def _ask(self, what: str, documents: Iterator[Selected], number: int, connections: int) -> None:
        requests = self._server.requests(self._pool, documents, number)
        answers = await asked(
            self._server.port, requests, Expected(CASES), connections=connections, seconds=0.0, least=number
        )
        self.answers[what] += len(answers.times)


async def measured(stage: Stage, seconds: float) -> dict[str, Any]:
    """The report. Raises WrongAnswer."""
    with stage.server(OURS) as server:
        await until_ready(server, stage.pools[CASES], Expected(CASES), THE_WORK)
        asking = Asking(stage, server)
        await asking.at_full_speed(seconds * WARM_UP)
        settled = time.monotonic() + seconds * SETTLING
        while time.monotonic() < settled:
            await asking.a_second_long()
        warm = server.resident_mib()
        console.print(f"warm after {asking.answers['warm_up']} answers: {warm} MiB")
        samples: list[tuple[float, float]] = []
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            await asking.a_second_long()
            if passed >= len(samples) * seconds / SAMPLES:
                samples.append((time.monotonic() - began, server.resident_mib()))
                console.print(f"{samples[-1][0]:5.0f} s  {samples[-1][1]} MiB")
    slope, error = line(samples)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "start_mib": server.memory_mib["start"],
        "warm_mib": warm,
        "end_mib": samples[-1][1],
        "mib_per_minute": round(slope * 60, 4),
        "standard_error": round(error * 60, 4),
        "answers": dict(asking.answers),
        "samples": [[round(at, 1), mib] for at, mib in samples],
    }


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """The slope of the line that fits them best by least squares, and its standard error."""
    count = len(points)
    middle_x, middle_y = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    left = sum((y - middle_y - slope * (x - middle_x)) ** 2 for x, y in points)
    return slope, float((left / max(count - 2, 1) / spread) ** 0.5)


def main() -> int:
    """Measures, prints the slope and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.speed.growth", description=__doc__)
    how_long = "how long it is measured (default: %(default)g); it takes 1.6 times that"
    parser.add_argument("--seconds", type=float, default=SECONDS, help=how_long)
    seconds: float = parser.parse_args().seconds
    cores.take_the_rest()
    with tempfile.TemporaryDirectory() as folder, set_up(Path(folder), replace(QUICK, cases=(CASES,))) as stage:
        report = uvloop.run(measured(replace(stage, allowed=SETTINGS), seconds))
    GROWTH.parent.mkdir(exist_ok=True)
    GROWTH.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"{report['mib_per_minute']:+.2f} ± {2 * report['standard_error']:.2f} MiB a minute")
    return 0


if __name__ == "__main__":
    sys.exit(main())
