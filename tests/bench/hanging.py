"""What one hanging producer costs the others: their throughput, the time to answer, and the gateway's memory.

Three gateways run side by side, each in a process of its own. Some portals ask, each as soon as it is answered, about a
group whose cases are at two producers: one gateway and the next in turns, so that noise hits all alike. All the while,
as many portals ask two of the gateways about a group that has cases at a third producer, too: at a pace of their own,
whether they are answered or not. At one of the two gateways that producer answers; at the other it hangs.
`make bench-hanging` runs it.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector
from rich.console import Console

from gateway.settings import Settings
from tests.bench.asking import Asking, cases
from tests.bench.load import Seen, at_their_pace, one_after_the_other
from tests.bench.producing import PRODUCERS
from tests.bench.ratios import confidence
from tests.bench.stand import free_port, prepare, program, settings
from tests.database import embedded_database
from tests.issuer import Issuer

SECONDS = float(os.environ.get("BENCH_HANGING_SECONDS", "60"))
"""For which the producer hangs."""

PORTALS = int(os.environ.get("BENCH_HANGING_PORTALS", "16"))
"""That ask for the others' statuses, and as many at each gateway that ask for the third producer's, too."""

PACE = 2.0
"""Seconds between two questions of a portal that asks for the third producer's, too."""

TURN = 0.1
"""Seconds for which one gateway is asked before it is the next one's turn: less than most noise lasts."""

WARM_UP_SECONDS = 12.0
CASES_EACH = 10
HANGS = "municipality"
OTHERS = tuple(id_ for id_ in PRODUCERS if id_ != HANGS)

LEAST_THROUGHPUT = 0.9
SETTLING_SECONDS = 30
"""In which memory must be back: pooled connections are closed after a while, and the collector runs when it runs."""

MEMORY_TOLERANCE_MIB = 8.0
"""Python and its allocator keep pages that were needed once, and caches fill: the gateway where nothing hangs grows by
some MiB, too. What each of the 480 questions of a minute left behind would be seen from 17 KiB on, and a task with its
connection is more."""

REPORT = Path("build") / "bench-hanging.json"
DEADLINES = {name: Settings.model_fields[name].default for name in ("producer_deadline", "operation_deadline")}

console = Console(highlight=False)


@dataclass
class Gateway:
    """One of the three, and what is seen of it."""

    asking: Asking
    pid: int
    has_portals_beside: bool
    others: Seen = field(init=False)
    beside: Seen = field(init=False)
    rates: list[float] = field(default_factory=list)
    """Answers per second in each of its turns."""

    async def begin(self) -> None:
        """Makes its groups, and forgets what was seen of others."""
        await self.asking.ready()
        good = cases(len(OTHERS) * CASES_EACH, OTHERS)
        whole = frozenset(case["reference"] for case in good)
        self.others = Seen(await self.asking.a_group_of(good), whole)
        self.beside = Seen(await self.asking.a_group_of(cases(len(PRODUCERS) * CASES_EACH, PRODUCERS)), whole)

    def forget(self) -> None:
        """What was seen so far."""
        self.others, self.beside = (Seen(seen.group, seen.whole) for seen in (self.others, self.beside))
        self.rates.clear()

    async def until_every_status_is_back(self) -> None:
        """Waits until the third producer is asked again, and answers, at most a minute."""
        for _ in range(240):
            statuses = await self.asking.statuses(self.beside.group)
            if all("title" in status for status in statuses.values()):
                return
            await asyncio.sleep(0.25)
        raise TimeoutError("the producer answers again, and is not asked")

    def memory(self) -> float:
        """Its resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return round(int(line.split()[1]) / 1024, 1)

    def open_files(self) -> int:
        """Its files and sockets."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def report(self) -> dict[str, Any]:
        """What its portals saw."""
        statuses = statistics.median(self.rates) * len(self.others.whole)
        return {
            "others": {"statuses_per_second": round(statuses, 1), **self.others.report()},
            **({"beside": self.beside.report()} if self.has_portals_beside else {}),
        }


async def asked(gateways: list[Gateway], seconds: float) -> list[float]:
    """Has all portals ask for so long. Returns the memory of the last of the gateways, once in each round of turns."""
    memory = []
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as portals:
        for gateway in gateways:
            if gateway.has_portals_beside:
                portals.create_task(at_their_pace(gateway.asking, PORTALS, PACE, seconds, gateway.beside))
        first = 0
        while time.monotonic() < end:
            for gateway in gateways[first:] + gateways[:first]:
                gateway.rates.append(await one_after_the_other(gateway.asking, PORTALS, TURN, gateway.others))
            memory.append(gateways[-1].memory())
            first = (first + 1) % len(gateways)
    return memory


async def measured(gateways: list[Gateway], hang: Callable[[bool], None]) -> dict[str, Any]:
    """The report, from three gateways: without portals beside, with them, and with them and a producer that hangs."""
    alone, answering, hanging = gateways
    for gateway in gateways:
        await gateway.begin()
    with console.status(f"warming up: {WARM_UP_SECONDS:g} s"):
        await asked(gateways, WARM_UP_SECONDS)
    for gateway in gateways:
        gateway.forget()
    memory_before, files_before = [gateway.memory() for gateway in gateways], hanging.open_files()
    with console.status(f"one producer hangs: {SECONDS:g} s"):
        hang(True)
        memory = await asked(gateways, SECONDS)
        hang(False)
    ended = time.monotonic()
    with console.status("it answers again, and memory settles"):
        await hanging.until_every_status_is_back()
        back = time.monotonic() - ended
        for _ in range(SETTLING_SECONDS):
            if hanging.memory() <= memory_before[-1] + MEMORY_TOLERANCE_MIB:
                break
            await asyncio.sleep(1)
    return {
        "seconds": SECONDS,
        "portals": {"others": PORTALS, "beside": PORTALS, "beside_per_second": PORTALS / PACE},
        "deadlines": DEADLINES,
        "alone": alone.report(),
        "beside_an_answering_producer": answering.report(),
        "beside_a_hanging_producer": hanging.report(),
        "ratios": {"to_answering": _ratio(hanging, answering), "to_alone": _ratio(hanging, alone)},
        "every_status_back_after_seconds": round(back, 1),
        "memory_mib": {
            "before": memory_before[-1],
            "most": max(memory),
            "after": hanging.memory(),
            "tolerance": MEMORY_TOLERANCE_MIB,
            "settled_after_seconds": round(time.monotonic() - ended, 1),
            "growth_where_nothing_hangs": round(answering.memory() - memory_before[1], 1),
        },
        "open_files": {"before": files_before, "after": hanging.open_files()},
    }


def _ratio(one: Gateway, to: Gateway) -> dict[str, Any]:
    """Of their throughput, turn by turn. To that of one without portals beside: their share of the work is in it."""
    ratios = [first / second for first, second in zip(one.rates, to.rates, strict=True)]
    return {
        "throughput": round(statistics.median(ratios), 4),
        "confidence_95": [round(bound, 4) for bound in confidence(ratios)],
    }


def judged(report: dict[str, Any]) -> dict[str, bool]:
    """What is promised, and whether it was kept."""
    seen, memory = report["beside_a_hanging_producer"], report["memory_mib"]
    p99 = {portals: seen[portals]["milliseconds"]["p99"] / 1000 for portals in ("others", "beside")}
    return {
        f"the others keep {LEAST_THROUGHPUT:g} of their throughput": (
            report["ratios"]["to_answering"]["throughput"] >= LEAST_THROUGHPUT
        ),
        "their p99 is within a producer's deadline": p99["others"] <= DEADLINES["producer_deadline"],
        "p99 of who asks all three is within the operation's deadline": p99["beside"]
        <= DEADLINES["operation_deadline"],
        f"memory is back within {MEMORY_TOLERANCE_MIB:g} MiB": memory["after"]
        <= memory["before"] + memory["tolerance"],
    }


def main() -> int:
    """Runs the measurement, prints it and writes it to build/; 1 when a promise was not kept."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        uri = stack.enter_context(embedded_database(folder / "database"))
        producing, to_hang = (
            stack.enter_context(program("tests.bench.producing", output=subprocess.PIPE)) for _ in range(2)
        )
        urls = _urls(producing)
        asyncio.run(prepare(uri, "bench", urls))
        asyncio.run(prepare(uri, "bench-hanging", {**urls, HANGS: _urls(to_hang)[HANGS]}))
        issuer = Issuer(folder)
        processes = []
        for name in ("bench", "bench", "bench-hanging"):
            port = free_port()
            environment = settings(folder, uri, name, issuer, port)
            processes.append((port, stack.enter_context(program("tests.bench.served", environment=environment))))

        def hang(hangs: bool) -> None:
            assert to_hang.stdin is not None
            to_hang.stdin.write(f"{'hang' if hangs else 'answer'} {HANGS}\n")
            to_hang.stdin.flush()

        async def all_of_it() -> dict[str, Any]:
            async with ClientSession(connector=TCPConnector(limit=0)) as session:
                token = issuer.token(exp=2_000_000_000)
                gateways = [
                    Gateway(Asking(session, port, token), process.pid, has_portals_beside=number > 0)
                    for number, (port, process) in enumerate(processes)
                ]
                return await measured(gateways, hang)

        report = asyncio.run(all_of_it())
    report["kept"] = judged(report)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    console.print_json(json.dumps(report))
    for promise, is_kept in report["kept"].items():
        console.print(f"{'kept' if is_kept else '[bold red]not kept[/]'}: {promise}")
    return 0 if all(report["kept"].values()) else 1


def _urls(producing: subprocess.Popen[str]) -> dict[str, str]:
    assert producing.stdout is not None
    urls: dict[str, str] = json.loads(producing.stdout.readline())
    return urls


if __name__ == "__main__":
    sys.exit(main())
