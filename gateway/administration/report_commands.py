"""`gateway report`: figures about the whole, with nobody in them."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.administration.auditing import BrokenOff, audited, progress
from gateway.administration.benefit_forms import csv_of, json_of, table_of
from gateway.administration.benefit_page import page_of
from gateway.administration.benefit_report import BenefitReport
from gateway.administration.counted_once import People
from gateway.administration.ending import BROKEN_OFF
from gateway.administration.new_files import NewFile
from gateway.administration.plans import Refused
from gateway.administration.recorded import recorded
from gateway.administration.running import By, login_name
from gateway.administration.texts import cause
from gateway.administration.views import show
from gateway.disclosure.benefits import Question, count_benefits
from gateway.disclosure.periods import Every, beginning, periods
from gateway.groups.moments import this_moment
from gateway.model.connection import Environment
from gateway.model.text import Text
from gateway.settings import Settings
from gateway.store.benefit_figures import BenefitFigures
from gateway.store.connections import Connections
from gateway.store.driver import Database
from gateway.store.producers import Producers

MOST_PERIODS = 240
"""Twenty years of months; more is a slip of the pen."""

LAST_YEAR = 9998
FOLLOW_UP = "Following up the benefits"
WIDTH_IN_A_FILE = 200


class Format(Enum):
    """How a report is laid out."""

    TABLE = "table"
    CSV = "csv"
    HTML = "html"
    JSON = "json"


class SpokenLanguage(Enum):
    """The language that a report is in."""

    SV = "sv"
    EN = "en"


app = typer.Typer(no_args_is_help=True, help="Figures about the whole, with nobody in them.")


@app.callback()
def reports() -> None:
    """Figures about the whole, with nobody in them."""


def _parse_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or day.year > LAST_YEAR:
        raise typer.BadParameter(f"{text!r} is no day. Give one such as 2026-12-01.")
    return day


@app.command("benefits")
def benefits(
    first: Annotated[date, typer.Option("--from", parser=_parse_day, metavar="DAY", help="The first day, in UTC.")],
    until: Annotated[date, typer.Option("--to", parser=_parse_day, metavar="DAY", help="The day after the last one.")],
    every: Annotated[Every, typer.Option(help="How long a period is.")] = Every.MONTH,
    format_: Annotated[Format, typer.Option("--format", help="How it is laid out.")] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it here. Unset: to standard output.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file, where there is one.")] = False,
    least: Annotated[
        int, typer.Option(min=2, max=1_000, help="A figure about people is shown when so many are behind it, or none.")
    ] = 5,
    language: Annotated[SpokenLanguage, typer.Option(help="Swedish or English.")] = SpokenLanguage.SV,
    environment: Annotated[
        Environment | None,
        typer.Option(help="Of which connections. Unset: as GATEWAY_ENVIRONMENT says.", show_default=False),
    ] = None,
    why: Annotated[str, typer.Option("--why", help="Why it is made; kept in the record.")] = FOLLOW_UP,
    by: By = None,
) -> None:
    """Report who is connected, how many use it, and what was delivered, by period; docs/benefits.md says how.

    No figure says anything about fewer than --least people, nor can one be worked out. Publish one report of a
    time, not several with other periods or days: what one hides could be the difference of two.
    """

    async def work(settings: Settings, database: Database) -> BenefitReport:
        now = this_moment()
        _check_days(first, until, every, now)
        last = until - timedelta(days=1)
        question = Question(
            periods=tuple(periods(first, last, every, now)),
            every=every,
            least=least,
            environment=environment or Environment(settings.environment),
        )
        asked = {"from": first.isoformat(), "to": until.isoformat(), "every": every.value, "least": least}
        reason = cause(by or login_name(), why, now)
        details = {**asked, "format": format_.value}
        with ExitStack() as opened:
            file = None if output is None else opened.enter_context(NewFile(output, force=force, private=False))
            async with recorded(database, "report benefits", reason, details=details):
                report = await _counted(settings, database, question, (first, last, now), language)
                if file is not None:
                    file.write(_content(report, format_).encode())
        return report

    try:
        report = audited(work)
    except BrokenOff as exc:
        typer.echo("Broken off; nothing was reported.", err=True)
        raise typer.Exit(BROKEN_OFF) from exc
    if output is not None:
        typer.echo(f"Written: {output}", err=True)
    elif format_ is Format.TABLE:
        show(table_of(report))
    else:
        typer.echo(_content(report, format_), nl=False)


def _check_days(first: date, until: date, every: Every, now: datetime) -> None:
    """Raises Refused for days between which nothing can be counted."""
    if until <= first:
        raise Refused(f"--to ({until}) is not after --from ({first}): nothing lies between them.")
    if beginning(first) > now:
        raise Refused(f"--from ({first}) lies in the future: there is nothing to count yet.")
    counted = (min(until, now.date()) - first) // timedelta(days=28 * every.months)
    if counted > MOST_PERIODS:
        raise Refused(
            f"From {first} to {until} there are more than {MOST_PERIODS} periods. Give fewer days, or a longer --every."
        )


async def _counted(
    settings: Settings,
    database: Database,
    question: Question,
    asked: tuple[date, date, datetime],
    language: SpokenLanguage,
) -> BenefitReport:
    """The report. A record of the registry that cannot be understood counts for nothing, and is told of."""
    producers, bad_producers = await Producers(database).all()
    consumers, bad_consumers = await Connections(database).consumers()
    for bad in (*bad_producers, *bad_consumers):
        typer.echo(f"Beware: {bad}", err=True)
    first, last, now = asked
    people = People.of(settings)
    start, days = question.periods[0].start, (question.periods[-1].end - question.periods[0].start).days
    with progress("Days read") as tell:
        figures = await count_benefits(
            BenefitFigures(database),
            question,
            (producers, consumers),
            people,
            now,
            lambda at: tell((at - start).days, days),
        )
    return BenefitReport(
        question=question,
        first=first,
        last=last,
        benefits=figures,
        case_types={
            f"{kept.producer.id}/{case_type.code}": Text(
                sv=f"{case_type.name.sv}, {kept.producer.name.sv}", en=f"{case_type.name.en}, {kept.producer.name.en}"
            )
            for kept in producers
            for case_type in kept.producer.case_types
        },
        people_may_be_counted_twice=people.may_be_counted_twice,
        made_at=now.astimezone(UTC),
        language=language.value,
    )


def _content(report: BenefitReport, format_: Format) -> str:
    match format_:
        case Format.CSV:
            return csv_of(report)
        case Format.HTML:
            return page_of(report)
        case Format.JSON:
            return json_of(report)
        case _:
            console = Console(file=StringIO(), width=WIDTH_IN_A_FILE, highlight=False)
            with console.capture() as capture:
                console.print(table_of(report))
            return capture.get()
