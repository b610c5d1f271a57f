"""The report as tables for a terminal. Of what was not measured there is no table, or no figure in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from tests.bench.speed.goals import goals
from tests.bench.speed.servers import OF_THROUGHPUT, OURS

TITLES = {kind.name: kind.title for kind in OF_THROUGHPUT}


def shown(report: dict[str, Any]) -> Iterator[Table]:
    """What matters most: all side by side, where ours spends its time, and the goals."""
    for name, table in (
        ("throughput", _throughput),
        ("connections", _connections),
        ("cases", _cases),
        ("start_up_seconds", _others),
        ("operations", _operations),
        ("bad_input", _bad_input),
        ("shares", _shares),
        ("start_up_seconds", _goals),
    ):
        if name in report:
            yield table(report)


def _throughput(report: dict[str, Any]) -> Table:
    table = Table(
        "", "answers/s", "(least to most)", "CPU ms", "rest ms", "p50 ms", "p99 ms", "core used", "ours/theirs", "95 %"
    )
    for name, found in report["throughput"].items():
        rate = found["answers_per_second"]
        ratio = report["ratios_with_spread"].get(name, {}).get("throughput")
        table.add_row(
            TITLES[name],
            f"{rate['median']:.0f}",
            f"{rate['least']:.0f} to {rate['most']:.0f}",
            *(f"{found[one]['median']:.2f}" for one in ("cpu_ms", "rest_cpu_ms", "p50_ms", "p99_ms")),
            f"{found['core_used']['median']:.0%}",
            f"{ratio['median']:.2f}" if ratio else "",
            "{} to {}".format(*ratio["confidence_95"]) if ratio else "",
        )
    return table


def _connections(report: dict[str, Any]) -> Table:
    table = Table("answers/s by connections", *report["connections"])
    for name in report["start_up_seconds"]:
        found = report["connections"].values()
        table.add_row(TITLES[name], *(figure(one, name, "answers_per_second", "{:.0f}") for one in found))
    return table


def _cases(report: dict[str, Any]) -> Table:
    table = Table("CPU µs per case", *report["cases"])
    for name in report["start_up_seconds"]:
        costs = (one.get(name, {}).get("cpu_us_per_case") for one in report["cases"].values())
        table.add_row(TITLES[name], *("-" if cost is None else f"{cost:.0f}" for cost in costs))
    return table


def _others(report: dict[str, Any]) -> Table:
    names = list(report["start_up_seconds"])
    table = Table("", *(TITLES[name] for name in names))
    for title, values in other_figures(report):
        if values:
            table.add_row(title, *(values.get(name, "-") for name in names))
    return table


def _operations(report: dict[str, Any]) -> Table:
    table = Table("requests and commands of one question", *(f"{cases} cases" for cases in report["operations"]))
    for what, numbers in operations_by_cases(report):
        table.add_row(what, *numbers)
    return table


def _bad_input(report: dict[str, Any]) -> Table:
    table = Table("bad input", "bytes", "refused by", "CPU ms")
    for what, found in report["bad_input"].items():
        table.add_row(what, str(found["bytes"]), found["limit"] or found["code"], f"{found['cpu_ms']:.2f}")
    return table


def _shares(report: dict[str, Any]) -> Table:
    whole = report["shares"]["cpu_ms"]
    table = Table("CPU time of ours", "share", "ms", title=f"{TITLES[OURS.name]}: {whole} ms")
    for part, share in report["shares"]["parts"].items():
        table.add_row(part.replace("_", " "), f"{share:.1%}", f"{share * whole:.2f}")
    return table


def _goals(report: dict[str, Any]) -> Table:
    table = Table("goal", "measured", "")
    for goal in goals(report):
        if goal.factor is not None:
            table.add_row(goal.goal, goal.measured, goal.verdict)
    return table


def figure(found: dict[str, Any], server: str, name: str, form: str) -> str:
    """The median of one server's figure."""
    return form.format(found[server][name]["median"]) if server in found else "-"


def operations_by_cases(report: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What one question had of each producer and of the database, for each number of cases."""
    columns = list(report["operations"].values())
    for where, title in (("producers", "requests to {}"), ("database", "{}")):
        for what in sorted({what for column in columns for what in column[where]}):
            yield title.format(what), [f"{column[where].get(what, 0):.2f}" for column in columns]


def other_figures(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """What is one number for each server: its title, and the number by the server's name."""

    def of(name: str, figure: str, form: str = "{:.2f}") -> dict[str, str]:
        return {server: form.format(found[figure]["median"]) for server, found in report.get(name, {}).items()}

    yield "mix of ten documents, answers/s", of("mix_of_ten_documents", "answers_per_second", "{:.0f}")
    yield "mix of ten documents, CPU ms", of("mix_of_ten_documents", "cpu_ms")
    yield "documents never seen, answers/s", of("documents_never_seen", "answers_per_second", "{:.0f}")
    yield "documents never seen, CPU ms", of("documents_never_seen", "cpu_ms")
    yield "one producer takes 200 ms: p50 ms", of("one_slow_producer", "p50_ms", "{:.0f}")
    yield "one producer takes 200 ms: p99 ms", of("one_slow_producer", "p99_ms", "{:.0f}")
    added = report.get("added_to_the_slowest_producer", {}).get("added_ms", {})
    yield "added to the slowest producer, p50 ms", {name: f"{value:.2f}" for name, value in added.items()}
    yield "ready after, s", {name: f"{value:.2f}" for name, value in report["start_up_seconds"].items()}
    for when, title in (
        ("start", "at the start"),
        ("load", "under load"),
        ("after", "afterwards"),
        ("most", "at most, whatever was asked"),
    ):
        found = report.get("memory_mib", {})
        yield f"memory {title}, MiB", {name: f"{one[when]:.0f}" for name, one in found.items() if when in one}
