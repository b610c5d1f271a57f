"""A benefit report as a table for the terminal, as CSV, and as JSON."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import orjson
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Line

from gateway.administration import benefit_texts as texts
from gateway.administration.benefit_report import BenefitReport
from gateway.administration.views import timestamp
from gateway.disclosure.suppression import Hidden, Shown

COLUMNS = ("section", "name", "period", "first", "last", "complete", "value", "shown", "label")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def table_of(report: BenefitReport) -> RenderableType:
    """The report as tables: figures by period, then the break-downs, then how it was counted."""
    say, periods = report.say, report.question.periods
    marks = [period.label if period.is_complete else f"{period.label} *" for period in periods]
    figures = _titled(say(texts.TITLE))
    figures.add_column("")
    for mark in [*marks, say(texts.TOTAL)]:
        figures.add_column(mark, justify="right", overflow="fold")
    for figure, row in report.benefits.figures.items():
        figures.add_row(say(texts.FIGURES[figure]), *map(report.number, row.cells), report.total(row))
    parts: list[RenderableType] = [figures]
    if any(not period.is_complete for period in periods):
        parts.append(Line(f"* {say(texts.INCOMPLETE)}\n"))
    for breakdown, lines in report.benefits.breakdowns.items():
        table = Table(
            title=say(texts.BREAKDOWNS[breakdown]), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
        )
        table.add_column(say(texts.LINES[breakdown]), overflow="fold")
        table.add_column(say(texts.VALUE), justify="right")
        for line in lines:
            table.add_row(Line(report.line(breakdown, line.key)), report.number(line.people))
        parts.append(table if lines else Line(f"{say(texts.BREAKDOWNS[breakdown])}: {say(texts.NONE_LARGE_ENOUGH)}"))
    return Group(*parts, "", *map(Line, report.notes()))


def _titled(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def csv_of(report: BenefitReport) -> str:
    """The report as CSV (RFC 4180), one figure of one period a line; `value` is empty where it is not shown."""
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    whole = (report.first.isoformat(), report.last.isoformat(), _truth(_is_over(report)))
    for figure, row in report.benefits.figures.items():
        label = report.say(texts.FIGURES[figure])
        for period, cell in zip(report.question.periods, row.cells, strict=True):
            when = (period.label, period.first.isoformat(), period.last.isoformat(), _truth(period.is_complete))
            writer.writerow(("figure", figure.value, *when, _value(cell), report.number(cell), label))
        writer.writerow(("figure", figure.value, "total", *whole, _value(row.total), report.total(row), label))
    for breakdown, lines in report.benefits.breakdowns.items():
        for line in lines:
            label = _no_formula(report.line(breakdown, line.key))
            shown = report.number(line.people)
            writer.writerow((breakdown.value, _no_formula(line.key), "total", *whole, line.people, shown, label))
    return written.getvalue()


def json_of(report: BenefitReport) -> str:
    """The report as JSON; a figure that is not shown is null, and `hidden` says why."""
    question = report.question
    value: dict[str, Any] = {
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "every": question.every.value,
        "least": question.least,
        "environment": question.environment.value,
        "madeAt": timestamp(report.made_at),
        "complete": _is_over(report),
        "peopleMayBeCountedTwice": report.people_may_be_counted_twice,
        "periods": [
            {
                "label": period.label,
                "first": period.first.isoformat(),
                "last": period.last.isoformat(),
                "complete": period.is_complete,
            }
            for period in question.periods
        ],
        "figures": [
            {
                "name": figure.value,
                "label": report.say(texts.FIGURES[figure]),
                "meaning": report.say(texts.MEANINGS[figure]),
                "periods": [_json(cell) for cell in row.cells],
                "total": {**_json(row.total), "atLeast": row.is_at_least},
            }
            for figure, row in report.benefits.figures.items()
        ],
        "breakdowns": [
            {
                "name": breakdown.value,
                "label": report.say(texts.BREAKDOWNS[breakdown]),
                "lines": [
                    {"key": line.key, "label": report.line(breakdown, line.key), "endUsers": line.people}
                    for line in lines
                ],
            }
            for breakdown, lines in report.benefits.breakdowns.items()
        ],
        "notes": list(report.notes()),
    }
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _is_over(report: BenefitReport) -> bool:
    return report.last < report.made_at.date()


def _json(shown: Shown) -> dict[str, object]:
    return {"value": None, "hidden": shown.value} if isinstance(shown, Hidden) else {"value": shown, "hidden": None}


def _value(shown: Shown) -> int | str:
    return "" if isinstance(shown, Hidden) else shown


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _no_formula(text: str) -> str:
    """A text from elsewhere, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
