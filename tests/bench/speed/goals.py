"""The goals, and how far what was measured is from each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.bench.speed.servers import APOLLO, HANDLER, HIVE, OURS, Kind

GROWTH = Path("build") / "bench-growth.json"
"""What `make bench-growth` found."""

THROUGHPUT = ((HANDLER, 0.8), (APOLLO, 3.0), (HIVE, 2.5))
MOST_ADDED_MS = 5.0
FLAT = 1.2
FLAT_FROM, FLAT_TO = 100, 10_000
NEVER_SEEN = 2.0
READY_SECONDS = 2.0
MEMORY_MIB = 150_000_000 / 2**20
GROWTH_MINUTES = 10
COLLECTIONS = ("caseGroups", "disclosures")

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal. `factor` is how far away it is: by how much the figure would have to be better, 1.0 and less: reached.

    It is None where nothing was measured.
    """

    goal: str
    measured: str
    factor: float | None

    @property
    def verdict(self) -> str:
        """Whether it is reached, or by how much not."""
        if self.factor is None:
            return NOT_MEASURED
        return "reached" if self.factor <= 1 else f"missed: {self.factor:.2f} times too far"


def goals(report: Mapping[str, Any]) -> list[Goal]:
    """All of them, in the order of the issue that set them."""
    return [
        *_throughput(report),
        _at_most("median added to the slowest producer < 5 ms, one connection", _added(report), MOST_ADDED_MS, "ms"),
        _flat(report),
        _at_most("a document never seen ≤ 2.0 × Hive Gateway's CPU time", _never_seen(report), NEVER_SEEN, "×"),
        *_operations(report),
        _at_most("ready in < 2 s", report.get("start_up_seconds", {}).get(OURS.name), READY_SECONDS, "s"),
        _at_most("< 150 MB under load", report.get("memory_mib", {}).get(OURS.name, {}).get("load"), MEMORY_MIB, "MiB"),
        _growth(),
    ]


def _throughput(report: Mapping[str, Any]) -> Iterator[Goal]:
    """At 16 connections, and the p99 of the same rounds."""
    ratios = report.get("ratios_with_spread", {})
    for kind, least in THROUGHPUT:
        ratio = _median(ratios, kind, "throughput")
        yield Goal(
            f"throughput ≥ {least} × {kind.title}",
            f"{ratio:.2f} ×" if ratio else NOT_MEASURED,
            least / ratio if ratio else None,
        )
    for kind, _ in THROUGHPUT[1:]:
        ratio = _median(ratios, kind, "p99")
        # Theirs divided by ours, as all ratios here: more is better.
        yield Goal(
            f"p99 lower than {kind.title}'s",
            f"{1 / ratio:.2f} × theirs" if ratio else NOT_MEASURED,
            1 / ratio if ratio else None,
        )


def _median(ratios: Mapping[str, Any], kind: Kind, what: str) -> float | None:
    return ratios[kind.name][what]["median"] if kind.name in ratios else None


def _at_most(goal: str, figure: float | None, most: float, unit: str) -> Goal:
    if figure is None:
        return Goal(goal, NOT_MEASURED, None)
    return Goal(goal, f"{figure:.2f} {unit}", figure / most)


def _added(report: Mapping[str, Any]) -> float | None:
    found: float | None = report.get("added_to_the_slowest_producer", {}).get("added_ms", {}).get(OURS.name)
    return found


def _flat(report: Mapping[str, Any]) -> Goal:
    costs = {
        int(cases): found[OURS.name]["cpu_us_per_case"]
        for cases, found in report.get("cases", {}).items()
        if FLAT_FROM <= int(cases) <= FLAT_TO and OURS.name in found
    }
    goal = "cost per case flat within 20 % from 100 to 10,000"
    if not {FLAT_FROM, FLAT_TO} <= costs.keys():
        return Goal(goal, NOT_MEASURED, None)
    said = ", ".join(f"{cost:.0f} µs of {cases:,}" for cases, cost in costs.items())
    # It may fall, since all cases of a question share what the question costs. It may not rise.
    rises = [later / earlier for earlier, later in combinations([costs[cases] for cases in sorted(costs)], 2)]
    return Goal(goal, said, max(rises) / FLAT)


def _never_seen(report: Mapping[str, Any]) -> float | None:
    found = report.get("documents_never_seen", {})
    if OURS.name not in found or HIVE.name not in found:
        return None
    ratio: float = found[OURS.name]["cpu_ms"]["median"] / found[HIVE.name]["cpu_ms"]["median"]
    return ratio


def _operations(report: Mapping[str, Any]) -> Iterator[Goal]:
    """Requests to a producer for 20 and 100 cases, of which one request asks for at most 100; database commands."""
    found = report.get("operations", {})
    requests = [
        number
        for cases, counted in found.items()
        if int(cases) <= FLAT_FROM
        for number in counted["producers"].values()
    ]
    most = max(requests, default=None)
    yield Goal("one request a producer", f"{most:g}" if most else NOT_MEASURED, most)
    commands = [database_commands(counted) for counted in found.values()]
    yield Goal(
        "a constant number of database operations",
        ", ".join(f"{number:.1f} for {cases} cases" for cases, number in zip(found, commands, strict=True))
        or NOT_MEASURED,
        # Rounded, since what was recorded by two questions may be written by one.
        max(map(round, commands)) / max(min(map(round, commands)), 1) if commands else None,
    )


def database_commands(counted: Mapping[str, Any]) -> float:
    """Those that a question itself sends. Beside them the gateway watches for changes, and seals what was recorded."""
    commands: dict[str, float] = counted["database"]
    return sum(number for command, number in commands.items() if command.endswith(COLLECTIONS))


def _growth() -> Goal:
    goal = f"no growth over {GROWTH_MINUTES} minutes"
    if not GROWTH.is_file():
        return Goal(goal, f"{NOT_MEASURED}: `make bench-growth`", None)
    found = json.loads(GROWTH.read_text())
    slope, error = found["mib_per_minute"], found["standard_error"]
    minutes = found["seconds"] / 60
    said = f"{slope:+.2f} ± {2 * error:.2f} MiB a minute, over {minutes:.0f} minutes, at {found['at'][:10]}"
    # What is within twice its error is not told from nothing; nor is what would be a mebibyte in all that time.
    bound = max(2 * error, 1 / GROWTH_MINUTES)
    return Goal(goal, said, max(slope, 0.0) / bound)
