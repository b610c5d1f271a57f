"""`make bench` and `make bench-quick`: measures, and writes build/bench.json; the full run docs/performance.md, too."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.markup import escape

from tests.bench.served import has_engine
from tests.bench.speed import cores
from tests.bench.speed.documents import THE_WORK
from tests.bench.speed.http_asking import Expected, WrongAnswer
from tests.bench.speed.machine import about
from tests.bench.speed.page import write_page
from tests.bench.speed.scales import FULL, QUICK, Scale
from tests.bench.speed.servers import KINDS, PEERS, STANDARD, has_peers, must_refuse, until_ready
from tests.bench.speed.stage import Stage, set_up
from tests.bench.speed.table import shown
from tests.bench.speed.work import CASES, Bench, shares

REPORT = Path("build") / "bench.json"

console = Console(highlight=False, width=150)


async def measured(stage: Stage, scale: Scale) -> dict[str, Any]:
    """Every figure. Servers are started one after the other, and all run while one of them is measured."""
    kinds = [kind for kind in KINDS if kind not in PEERS or has_peers()]
    with ExitStack() as stack:
        servers = []
        for kind in kinds:
            _say(f"starting {kind.title}")
            server = stack.enter_context(stage.server(kind))
            await until_ready(server, stage.pools[CASES], Expected(CASES), THE_WORK)
            await must_refuse(server, stage.pools[CASES])
            servers.append(server)
        bench = Bench(stage, scale, servers)
        _say("warming up")
        await bench.warm_up()
        _say("throughput")
        throughput, ratios, medians = await bench.throughput()
        report: dict[str, Any] = {
            "ratios": medians,
            "about": about(scale.name),
            "ratios_with_spread": ratios,
            "throughput": throughput,
        }
        for name, measure in (
            ("connections", bench.connections),
            ("cases", bench.cases),
            ("mix_of_ten_documents", bench.mix),
            ("documents_never_seen", bench.never_seen),
            ("one_slow_producer", bench.one_slow_producer),
            ("added_to_the_slowest_producer", bench.added),
            ("defer", bench.deferred),
            ("memory_mib", bench.memory),
        ):
            _say(name.replace("_", " "))
            report[name] = await measure()
        report["start_up_seconds"] = bench.start_up()
    _say("shares of the CPU time")
    report["shares"] = await shares(stage, scale)
    return report


def _say(what: str) -> None:
    console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {what} ...")


def main() -> int:
    """Runs it, prints the table and writes the report; 1 where what is measured answers wrongly."""
    scale = QUICK if "--quick" in sys.argv else FULL
    cores.take_the_rest()
    if cores.IS_SHARED:
        console.print("[bold]There is one core alone: servers and load share it, and the figures mean little.[/]")
    if not has_peers():
        console.print("[bold]Apollo Gateway and Hive Gateway are left out: they need Node and npm.[/]")
    if not has_engine():
        console.print(f"[bold]There is no engine but the standard one: {STANDARD.title} is the same as ours.[/]")
    with tempfile.TemporaryDirectory() as folder, set_up(Path(folder), scale) as stage:
        try:
            report = uvloop.run(measured(stage, scale))
        except WrongAnswer as exc:
            console.print(f"[bold red]Nothing counts:[/] {escape(str(exc))}")
            return 1
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    for table in shown(report):
        console.print(table)
    if scale is FULL:
        write_page(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
