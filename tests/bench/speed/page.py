"""docs/performance.md: what was measured, put between its two marks with the charts; the rest is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.speed.charts import COLOURS, Bar, bars, lines
from tests.bench.speed.table import TITLES, other_figures

PAGE = Path("docs") / "performance.md"
CHARTS = Path("docs") / "performance"
BEGIN, END = "<!-- measured: written by `make bench` -->", "<!-- measured: end -->"


def write_page(report: dict[str, Any]) -> None:
    """Writes the measured part of the page anew, and the charts."""
    CHARTS.mkdir(exist_ok=True)
    for name, svg in charts(report).items():
        (CHARTS / f"{name}.svg").write_text(svg)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{measured(report)}\n{END}{after}")


def charts(report: dict[str, Any]) -> dict[str, str]:
    """The charts by their files' names."""
    throughput = report["throughput"]
    colours = dict(zip(throughput, COLOURS, strict=False))

    def figure(name: str, title: str, form: str) -> str:
        rows = [
            Bar(TITLES[server], found[name]["median"], form.format(found[name]["median"]), colours[server])
            for server, found in throughput.items()
        ]
        return bars(title, rows)

    shares = report["shares"]["parts"]
    return {
        "throughput": figure("answers_per_second", "Answers per second, 20 cases, 16 connections", "{:.0f}"),
        "cpu": figure("cpu_ms", "CPU time of the server per answer, ms", "{:.2f}"),
        "connections": lines(
            "Answers per second by number of connections",
            list(report["connections"]),
            _series(report["connections"], lambda one: one["answers_per_second"]["median"], throughput),
        ),
        "cases": lines(
            "CPU time per case by number of cases, µs, from 20 cases on",
            [number for number in report["cases"] if int(number) >= 20],
            _series(
                {number: one for number, one in report["cases"].items() if int(number) >= 20},
                lambda one: one["cpu_us_per_case"],
                throughput,
            ),
        ),
        "shares": bars(
            "Where ours spends its CPU time",
            [Bar(part.replace("_", " "), share, f"{share:.1%}") for part, share in shares.items()],
        ),
    }


def _series(rows: dict[str, Any], figure: Any, servers: Any) -> dict[str, list[float]]:
    return {TITLES[name]: [figure(one[name]) for one in rows.values()] for name in servers}


def measured(report: dict[str, Any]) -> str:
    """The measured part of the page."""
    return "\n".join(_paragraphs(report))


def _paragraphs(report: dict[str, Any]) -> Iterator[str]:
    about = report["about"]
    machine = about["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    load = machine["load_average"][0]
    yield (
        f"Measured {about['at'][:10]} on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}; the load average before it was {load}.\n"
    )
    yield f"Versions: {versions}.\n"
    if not about["breadth_first_engine"]:
        yield "There was no engine but the standard one: *ours* and *ours, standard executor* are the same.\n"
    yield "![Answers per second](performance/throughput.svg)\n"
    yield _table(
        (
            "",
            "answers/s",
            "least to most",
            "CPU ms",
            "CPU ms of the rest",
            "p50 ms",
            "p99 ms",
            "core used",
            "ours/theirs",
        ),
        [_row(name, found, report) for name, found in report["throughput"].items()],
    )
    yield "![CPU time per answer](performance/cpu.svg)\n"
    yield "### Connections\n\nAnswers per second, and p99 in ms.\n"
    yield "![Answers per second by connections](performance/connections.svg)\n"
    yield _by_column(
        report["connections"],
        lambda one: f"{one['answers_per_second']['median']:.0f} ({one['p99_ms']['median']:.0f})",
        report,
    )
    yield "### Cases\n\nCPU time of the server per case in µs; the median answer in ms.\n"
    yield "![CPU time per case](performance/cases.svg)\n"
    yield _by_column(
        report["cases"], lambda one: f"{one['cpu_us_per_case']:.0f} ({one['p50_ms']['median']:.1f})", report
    )
    yield "### Other work\n"
    names = list(report["throughput"])
    yield _table(
        ("", *(TITLES[name] for name in names)),
        [(title, *(values.get(name, "") for name in names)) for title, values in other_figures(report)],
    )
    yield f"A producer alone, asked for the same cases, answers in {_alone(report)} ms where 20 are its own delay.\n"
    yield "With `@defer` and one producer that takes 200 ms:\n"
    yield _table(
        ("", "first part, p50 ms", "whole answer, p50 ms", "CPU ms"),
        [
            (name.replace("_", " "), *(f"{found[one]['median']:.1f}" for one in _DEFERRED))
            for name, found in report["defer"].items()
        ],
    )
    yield "### Where the CPU time goes\n"
    yield "![Shares of the CPU time](performance/shares.svg)\n"
    whole = report["shares"]["cpu_ms"]
    yield _table(
        ("part", "share", f"of {whole:.2f} ms"),
        [
            (part.replace("_", " "), f"{share:.1%}", f"{share * whole:.2f}")
            for part, share in report["shares"]["parts"].items()
        ],
    )


_DEFERRED = ("first_byte_p50_ms", "p50_ms", "cpu_ms")


def _alone(report: dict[str, Any]) -> str:
    return f"{report['added_to_the_slowest_producer']['producer_alone_ms']:.2f}"


def _row(name: str, found: dict[str, Any], report: dict[str, Any]) -> tuple[str, ...]:
    rate = found["answers_per_second"]
    ratio = report["ratios_with_spread"].get(name, {}).get("throughput")
    return (
        TITLES[name],
        f"{rate['median']:.0f}",
        f"{rate['least']:.0f} to {rate['most']:.0f}",
        *(f"{found[one]['median']:.2f}" for one in ("cpu_ms", "rest_cpu_ms", "p50_ms", "p99_ms")),
        f"{found['core_used']['median']:.0%}",
        f"{ratio['median']:.2f} ({ratio['confidence_95'][0]:.2f} to {ratio['confidence_95'][1]:.2f})" if ratio else "",
    )


def _by_column(columns: dict[str, Any], cell: Any, report: dict[str, Any]) -> str:
    return _table(
        ("", *columns),
        [(TITLES[name], *(cell(one[name]) for one in columns.values())) for name in report["throughput"]],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines_ = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines_) + "\n"
