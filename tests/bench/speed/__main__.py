"""`make bench` and `make bench-quick`: measures, and writes build/bench.json; the full run docs/performance.md, too."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.markup import escape

from tests.bench.speed import cores
from tests.bench.speed.documents import THE_WORK
from tests.bench.speed.http_asking import Expected, WrongAnswer
from tests.bench.speed.machine import about
from tests.bench.speed.page import write_page
from tests.bench.speed.scales import FULL, QUICK, Scale
from tests.bench.speed.servers import KINDS, OF_THROUGHPUT, PEERS, has_peers, must_refuse, until_ready
from tests.bench.speed.stage import Stage, set_up
from tests.bench.speed.table import shown
from tests.bench.speed.work import CASES, Bench, shares

REPORT = Path("build") / "bench.json"

THROUGHPUT, SHARES = "throughput", "shares"
MEASURES: Mapping[str, Callable[[Bench], Awaitable[Any]]] = {
    "connections": Bench.connections,
    "cases": Bench.cases,
    "mix_of_ten_documents": Bench.mix,
    "documents_never_seen": Bench.never_seen,
    "one_slow_producer": Bench.one_slow_producer,
    "added_to_the_slowest_producer": Bench.added,
    "defer": Bench.deferred,
    "operations": Bench.operations,
    "bad_input": Bench.bad_input,
    "memory_mib": Bench.memory,
}
"""By their names in the report. The throughput comes before them, the shares of the CPU time after them."""

NAMES = (THROUGHPUT, *MEASURES, SHARES)

console = Console(highlight=False, width=150)


async def measured(stage: Stage, scale: Scale, names: Collection[str]) -> dict[str, Any]:
    """Every figure of `names`. Servers are started one after the other; all run while one of them is measured.

    What could not be measured is among `faults`. Raises WrongAnswer where the throughput could not.
    """
    kinds = [kind for kind in OF_THROUGHPUT if kind not in PEERS or has_peers()]
    report: dict[str, Any] = {"ratios": {}, "about": about(scale.name), "faults": []}
    with ExitStack() as stack:
        servers = []
        for kind in kinds:
            _say(f"starting {kind.title}")
            server = stack.enter_context(stage.server(kind))
            await until_ready(server, stage.pools[CASES], Expected(CASES), THE_WORK)
            await must_refuse(server, stage.pools[CASES])
            servers.append(server)
        bench = Bench(stage, scale, [server for server in servers if server.kind in KINDS])
        report["start_up_seconds"] = bench.start_up()
        _say("warming up")
        await bench.warm_up(servers)
        if THROUGHPUT in names:
            _say(THROUGHPUT)
            report[THROUGHPUT], report["ratios_with_spread"], report["ratios"] = await bench.throughput(servers)
        for name, measure in MEASURES.items():
            if name in names:
                _say(name.replace("_", " "))
                await _noted(report, name, measure(bench))
                report["faults"] += [f"{name}: {fault}" for fault in bench.faults]
                bench.faults.clear()
    if SHARES in names:
        _say("shares of the CPU time")
        await _noted(report, SHARES, shares(stage, scale))
    return report


async def _noted(report: dict[str, Any], name: str, measuring: Awaitable[Any]) -> None:
    """One measurement that fails is not worth the others."""
    try:
        report[name] = await measuring
    except (WrongAnswer, OSError, asyncio.IncompleteReadError, RuntimeError) as exc:
        report["faults"].append(f"{name}: {type(exc).__name__}: {exc}")


def _say(what: str) -> None:
    console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {what} ...")


def main() -> int:
    """Runs it, prints the tables and writes the report; 1 where anything that is measured answers wrongly."""
    chosen = _arguments()
    scale: Scale = QUICK if chosen.quick else FULL
    cores.take_the_rest()
    if cores.IS_SHARED:
        console.print("[bold]There is one core alone: servers and load share it, and the figures mean little.[/]")
    if not has_peers():
        console.print("[bold]Apollo Gateway and Hive Gateway are left out: they need Node and npm.[/]")
    with tempfile.TemporaryDirectory() as folder, set_up(Path(folder), scale) as stage:
        try:
            report = uvloop.run(measured(stage, scale, chosen.only or NAMES))
        except WrongAnswer as exc:
            console.print(f"[bold red]Nothing counts:[/] {escape(str(exc))}")
            return 1
    for table in shown(report):
        console.print(table)
    for fault in report["faults"]:
        console.print(f"[bold red]Not measured:[/] {escape(fault)}")
    if not chosen.only:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=2) + "\n")
        if scale is FULL:
            write_page(report)
    return 1 if report["faults"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.speed",
        description="Measures the gateway beside a hand-written handler and two other gateways. Writes "
        "build/bench.json and docs/performance.md.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter rounds: two minutes; docs/performance.md stays"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"measure this alone, and write nothing; may be given several times: {', '.join(NAMES)}",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
