"""The report as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from tests.bench.speed.servers import KINDS, OURS

TITLES = {kind.name: kind.title for kind in KINDS}


def shown(report: dict[str, Any]) -> Iterator[Table]:
    """What matters most: the five side by side, and where ours spends its time."""
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
    yield table
    cases = Table("CPU µs per case", *report["cases"])
    for name in report["throughput"]:
        cases.add_row(TITLES[name], *(f"{one[name]['cpu_us_per_case']:.0f}" for one in report["cases"].values()))
    yield cases
    others = Table("", *(TITLES[name] for name in report["throughput"]))
    for title, values in other_figures(report):
        others.add_row(title, *(values.get(name, "") for name in report["throughput"]))
    yield others
    shares = Table("CPU time of ours", "share", "ms", title=f"{TITLES[OURS.name]}: {report['shares']['cpu_ms']} ms")
    for part, share in report["shares"]["parts"].items():
        shares.add_row(part.replace("_", " "), f"{share:.1%}", f"{share * report['shares']['cpu_ms']:.2f}")
    yield shares


def other_figures(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """What is one number for each server: its title, and the number by the server's name."""

    def of(name: str, figure: str, form: str = "{:.2f}") -> dict[str, str]:
        return {server: form.format(found[figure]["median"]) for server, found in report[name].items()}

    yield "mix of ten documents, answers/s", of("mix_of_ten_documents", "answers_per_second", "{:.0f}")
    yield "mix of ten documents, CPU ms", of("mix_of_ten_documents", "cpu_ms")
    yield "documents never seen, answers/s", of("documents_never_seen", "answers_per_second", "{:.0f}")
    yield "documents never seen, CPU ms", of("documents_never_seen", "cpu_ms")
    yield "one producer takes 200 ms: p50 ms", of("one_slow_producer", "p50_ms", "{:.0f}")
    yield "one producer takes 200 ms: p99 ms", of("one_slow_producer", "p99_ms", "{:.0f}")
    added = report["added_to_the_slowest_producer"]["added_ms"]
    yield "added to the slowest producer, p50 ms", {name: f"{value:.2f}" for name, value in added.items()}
    yield "ready after, s", {name: f"{value:.2f}" for name, value in report["start_up_seconds"].items()}
    for when, title in (("start", "at the start"), ("load", "under load"), ("after", "afterwards")):
        yield f"memory {title}, MiB", {name: f"{one[when]:.0f}" for name, one in report["memory_mib"].items()}
