"""docs/performance.md: what was measured, put between its marks with the charts; the rest is written by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.speed.charts import COLOURS, Bar, Line, bars, lines
from tests.bench.speed.goals import goals
from tests.bench.speed.table import TITLES, operations_by_cases, other_figures

PAGE = Path("docs") / "performance.md"
CHARTS = Path("docs") / "performance"
MARK, END = "<!-- {}: written by `make bench` -->", "<!-- {}: end -->"


def write_page(report: dict[str, Any]) -> None:
    """Writes the two measured parts of the page anew, and the charts."""
    CHARTS.mkdir(exist_ok=True)
    for name, svg in charts(report).items():
        (CHARTS / f"{name}.svg").write_text(svg)
    page = PAGE.read_text()
    for name, part in (("goals", _goals(report)), ("measured", measured(report))):
        before, begin, rest = page.partition(MARK.format(name))
        _, end, after = rest.partition(END.format(name))
        page = f"{before}{begin}\n\n{part}\n{end}{after}"
    PAGE.write_text(page)


def charts(report: dict[str, Any]) -> dict[str, str]:
    """The charts by their files' names. Of what was not measured there is none."""
    throughput = report["throughput"]
    colours = dict(zip(throughput, COLOURS, strict=False))

    def figure_of(name: str, title: str, form: str) -> str:
        rows = [
            Bar(TITLES[server], found[name]["median"], form.format(found[name]["median"]), colours[server])
            for server, found in throughput.items()
        ]
        return bars(title, rows)

    def by_server(rows: dict[str, Any], figure_of: Callable[[dict[str, Any]], float]) -> list[Line]:
        return [
            Line(
                TITLES[server],
                [figure_of(row[server]) if server in row else None for row in rows.values()],
                colours[server],
            )
            for server in _of_any(rows.values(), report)
        ]

    found = {
        "throughput": figure_of("answers_per_second", "Answers per second, 20 cases, 16 connections", "{:.0f}"),
        "cpu": figure_of("cpu_ms", "CPU time of the server per answer, ms", "{:.2f}"),
    }
    if "connections" in report:
        found["connections"] = lines(
            "Answers per second by number of connections",
            list(report["connections"]),
            by_server(report["connections"], lambda one: one["answers_per_second"]["median"]),
        )
    if "cases" in report:
        many = {number: one for number, one in report["cases"].items() if int(number) >= 20}
        found["cases"] = lines(
            "CPU time per case by number of cases, µs, from 20 cases on",
            list(many),
            by_server(many, lambda one: one["cpu_us_per_case"]),
        )
    if "shares" in report:
        found["shares"] = bars(
            "Where ours spends its CPU time",
            [Bar(part.replace("_", " "), share, f"{share:.1%}") for part, share in report["shares"]["parts"].items()],
        )
    return found


def measured(report: dict[str, Any]) -> str:
    """The measured part of the page."""
    return "\n".join(_paragraphs(report))


def _goals(report: dict[str, Any]) -> str:
    rows = [(goal.goal, goal.measured, goal.verdict) for goal in goals(report)]
    return _table(("goal", "measured", ""), rows, "---")


def _paragraphs(report: dict[str, Any]) -> Iterator[str]:
    yield from _about(report)
    yield "### Side by side\n"
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
    for name, section in (
        ("connections", _connections),
        ("cases", _cases),
        ("start_up_seconds", _others),
        ("added_to_the_slowest_producer", _added),
        ("defer", _deferred),
        ("operations", _operations),
        ("bad_input", _bad_input),
        ("shares", _shares),
    ):
        if name in report:
            yield from section(report)


def _about(report: dict[str, Any]) -> Iterator[str]:
    about = report["about"]
    machine = about["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    yield (
        f"Measured {about['at'][:10]} on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}; the load average before it was "
        f"{machine['load_average'][0]}.\n"
    )
    yield f"Versions: {versions}.\n"
    if report["faults"]:
        failed = ", ".join(sorted({fault.partition(":")[0].replace("_", " ") for fault in report["faults"]}))
        yield f"A server answered wrongly, so that this is not, or not wholly, measured: {failed}.\n"


def _connections(report: dict[str, Any]) -> Iterator[str]:
    yield "### Connections\n\nAnswers per second, and p99 in ms.\n"
    yield "![Answers per second by connections](performance/connections.svg)\n"
    yield _by_column(
        report["connections"],
        lambda one: f"{one['answers_per_second']['median']:.0f} ({one['p99_ms']['median']:.0f})",
        report,
    )


def _cases(report: dict[str, Any]) -> Iterator[str]:
    yield "### Cases\n\nCPU time of the server per case in µs; the median answer in ms.\n"
    yield "![CPU time per case](performance/cases.svg)\n"
    yield _by_column(
        report["cases"], lambda one: f"{one['cpu_us_per_case']:.0f} ({one['p50_ms']['median']:.1f})", report
    )


def _others(report: dict[str, Any]) -> Iterator[str]:
    yield "### Other work\n"
    figures = [(title, values) for title, values in other_figures(report) if values]
    names = _of_any([values for _, values in figures], report)
    yield _table(
        ("", *(TITLES[name] for name in names)),
        [(title, *(values.get(name, "") for name in names)) for title, values in figures],
    )


def _added(report: dict[str, Any]) -> Iterator[str]:
    alone = report["added_to_the_slowest_producer"]["producer_alone_ms"]
    yield f"A producer alone, asked for the same cases, answers in {alone:.2f} ms where 20 are its own delay.\n"


def _deferred(report: dict[str, Any]) -> Iterator[str]:
    yield "With `@defer` and one producer that takes 200 ms:\n"
    yield _table(
        ("", "first part, p50 ms", "whole answer, p50 ms", "CPU ms"),
        [
            (name.replace("_", " "), *(f"{found[one]['median']:.1f}" for one in _DEFERRED))
            for name, found in report["defer"].items()
        ],
    )


def _operations(report: dict[str, Any]) -> Iterator[str]:
    yield (
        "### What one question costs the others\n\nRequests to producers, which are asked for 100 cases at a time, and "
        "commands to the database. The gateway watches for changes and seals what was recorded in any case: `getMore` "
        "and `recordSeals` are that.\n"
    )
    columns = (f"{cases} cases" for cases in report["operations"])
    yield _table(("", *columns), [(what, *numbers) for what, numbers in operations_by_cases(report)])


def _bad_input(report: dict[str, Any]) -> Iterator[str]:
    work = report["throughput"]["ours"]["cpu_ms"]["median"]
    yield (
        "### Bad input\n\nEach is refused, over a connection of its own, by the limit or with the code beside it. The "
        f"work takes {work:.2f} ms of CPU time.\n"
    )
    yield _table(
        ("", "bytes", "refused by", "CPU ms", "× the work"),
        [
            (
                what,
                f"{found['bytes']:,}",
                f"`{found['limit'] or found['code']}`",
                f"{found['cpu_ms']:.2f}",
                f"{found['cpu_ms'] / work:.1f}",
            )
            for what, found in report["bad_input"].items()
        ],
    )


def _shares(report: dict[str, Any]) -> Iterator[str]:
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


def _of_any(figures: Collection[Mapping[str, Any]], report: dict[str, Any]) -> list[str]:
    """The servers that any of `figures` is of, in the order of all tables."""
    return [name for name in report["throughput"] if any(name in one for one in figures)]


def _by_column(columns: dict[str, Any], cell: Any, report: dict[str, Any]) -> str:
    """A row for each server that any of it was measured of."""
    return _table(
        ("", *columns),
        [
            (TITLES[name], *(cell(one[name]) if name in one else "not measured" for one in columns.values()))
            for name in _of_any(columns.values(), report)
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], side: str = "---:") -> str:
    lines_ = [head, ["---"] + [side] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines_) + "\n"
