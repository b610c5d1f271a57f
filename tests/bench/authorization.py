"""What authorization costs on the warm path: CPU time of the gateway's process per request, with and without it.

Two gateways run side by side over the same database and the same three producers, each in a process of its own; the
requests go to one and the other in turns, so that noise hits both alike. `make bench-authorization` runs it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from aiohttp import ClientSession
from rich.console import Console
from rich.progress import track

from tests.bench.asking import Asking, cases
from tests.bench.producing import PRODUCERS
from tests.bench.ratios import confidence
from tests.bench.served import WITHOUT
from tests.bench.stand import free_port, prepare, program, settings
from tests.database import embedded_database
from tests.issuer import Issuer

CASES = 20
ROUNDS = 200
REQUESTS = 48
"""In each round, to each of the two."""

CONCURRENT = 8
WARM_UP = 300
REPORT = Path("build") / "bench-authorization.json"

console = Console(highlight=False)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used so far, all of its threads together."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


async def often(gateway: Asking, requests: int, group: str) -> None:
    """Asks the question `requests` times, several at once; each answer must have every status."""

    async def one_after_the_other(number: int) -> None:
        for _ in range(number):
            statuses = await gateway.statuses(group)
            assert len(statuses) == CASES
            assert all("title" in status for status in statuses.values())

    await asyncio.gather(*(one_after_the_other(requests // CONCURRENT) for _ in range(CONCURRENT)))


async def measured(ports: list[int], pids: list[int], token: str) -> list[list[float]]:
    """CPU milliseconds per request of each of the gateways, by round."""
    async with ClientSession() as session:
        gateways = [Asking(session, port, token) for port in ports]
        for gateway in gateways:
            await gateway.ready()
        group = await gateways[0].a_group_of(cases(CASES, PRODUCERS))
        for gateway in gateways:
            await often(gateway, WARM_UP, group)
        rounds = []
        for number in track(range(ROUNDS), "measuring", console=console):
            costs = [0.0] * len(gateways)
            order = list(enumerate(gateways))
            for index, gateway in order if number % 2 else reversed(order):
                before = cpu_seconds(pids[index])
                await often(gateway, REQUESTS, group)
                asked = REQUESTS // CONCURRENT * CONCURRENT
                costs[index] = (cpu_seconds(pids[index]) - before) * 1000 / asked
            rounds.append(costs)
        return rounds


def main() -> None:
    """Runs the measurement, prints it and writes it to build/."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        uri = stack.enter_context(embedded_database(folder / "database"))
        producing = stack.enter_context(program("tests.bench.producing", output=subprocess.PIPE))
        assert producing.stdout is not None
        asyncio.run(prepare(uri, "bench", json.loads(producing.stdout.readline())))
        issuer = Issuer(folder)
        ports = [free_port(), free_port()]
        gateways = [
            stack.enter_context(
                program("tests.bench.served", *more, environment=settings(folder, uri, "bench", issuer, port))
            )
            for port, more in zip(ports, ([], [WITHOUT]), strict=True)
        ]
        token = issuer.token(exp=2_000_000_000)
        rounds = asyncio.run(measured(ports, [gateway.pid for gateway in gateways], token))
    ratios = [with_ / without for with_, without in rounds]
    ratio, (low, high) = statistics.median(ratios), confidence(ratios)
    report = {
        "cases": CASES,
        "rounds": ROUNDS,
        "requests_per_round": REQUESTS,
        "cpu_ms_with": round(statistics.median(one[0] for one in rounds), 3),
        "cpu_ms_without": round(statistics.median(one[1] for one in rounds), 3),
        "ratios": {"authorization": round(ratio, 4), "confidence_95": [round(low, 4), round(high, 4)]},
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    console.print_json(json.dumps(report))
    console.print(
        f"Authorization costs {(ratio - 1) * 100:.1f} % of the gateway's CPU time on the warm path "
        f"(95 %: {(low - 1) * 100:.1f} to {(high - 1) * 100:.1f} %)."
    )


if __name__ == "__main__":
    main()
