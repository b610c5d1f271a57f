"""`gateway producer`: which authorities the gateway asks, and which of their case types are open to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from gateway.administration import openings, producers
from gateway.administration.check_command import check
from gateway.administration.producer_record_commands import add, both, change
from gateway.administration.running import (
    AsJson,
    By,
    Desk,
    DryRun,
    Manner,
    Why,
    Yes,
    changed,
    looked_up,
    parse_moment,
    print_json,
)
from gateway.administration.transitions import END, RESUME, SUSPEND
from gateway.administration.views import (
    grant_view,
    history_view,
    list_table,
    producer_view,
    record_table,
    seen_view,
    show,
)
from gateway.model.connection import ConnectionState, Environment
from gateway.model.text import Text

app = typer.Typer(no_args_is_help=True, help="The producers: which authorities are asked, and what they have opened.")
app.command("add")(add)
app.command("change")(change)
app.command("check")(check)

Id = Annotated[str, typer.Argument(metavar="ID", help="The producer's id.")]


@app.command("list")
def list_(
    environment: Annotated[Environment | None, typer.Option(help="Only those of this environment.")] = None,
    state: Annotated[ConnectionState | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the producers."""

    async def look_up(desk: Desk) -> list[dict[str, Any]]:
        return [
            producer_view(kept)
            for kept in desk.agreed.producers.values()
            if environment in (None, kept.producer.connection.environment)
            and state in (None, kept.producer.connection.state)
        ]

    found = looked_up(look_up)
    if as_json:
        print_json(found)
        return
    rows = [{**one, "caseTypes": [f"{kind['code']} ({kind['state']})" for kind in one["caseTypes"]]} for one in found]
    show(list_table(rows, ["id", "name", "environment", "state", "endpoint", "caseTypes", "offersCases"]))


@app.command("show")
def show_(id_: Id, as_json: AsJson = False) -> None:
    """Show a producer: its record, how it answers the gateways that run, its case types, grants and history."""

    async def look_up(desk: Desk) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        kept = desk.agreed.producer(id_)
        grants = (given for given in desk.agreed.grants.values() if given.grant.producer == id_)
        reports = await desk.replicas.live(kept.producer.connection.environment, desk.moment)
        return producer_view(kept), {
            "replicas": [seen_view(report, kept.producer.id, desk.moment) for report in reports],
            "grants": [
                grant_view(given, in_force=True) for given in grants if desk.agreed.in_force(given, desk.moment)
            ],
            "history": history_view(kept.history),
        }

    record, about = looked_up(look_up)
    if as_json:
        print_json({**record, **about})
        return
    show(
        record_table({name: value for name, value in record.items() if name != "caseTypes"}),
        "",
        _replicas_table(record, about["replicas"]),
        list_table(record["caseTypes"], ["code", "name", "state", "from", "pilots"], title="Case types"),
        list_table(
            about["grants"],
            ["id", "consumer", "caseTypes", "fields", "purposes", "validUntil"],
            title="Grants in force",
        ),
        list_table(about["history"], ["at", "by", "action", "why", "changes"], title="History"),
    )


def _replicas_table(record: dict[str, Any], replicas: list[dict[str, Any]]) -> RenderableType:
    if not replicas:
        return f"No gateway of the environment {record['environment']} runs, so nothing is seen of it right now.\n"
    rows = [{**one, "seen": f"{one['ageSeconds']} s ago"} for one in replicas]
    columns = ["replica", "seen", "availability", "breaker", "leftAloneUntil", "requests", "failed", "slow"]
    return list_table(rows, columns, title="How it answers the gateways that run")


@app.command("open")
def open_(
    id_: Id,
    case_type: Annotated[str, typer.Option(help="The case type's code.")],
    why: Why,
    pilot: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONSUMER", help="To this consumer. May be given several times. Unset: to every consumer."
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", parser=parse_moment, help="From when: a day, or a time with its zone. Unset: now."),
    ] = None,
    name_sv: Annotated[str | None, typer.Option(help="A new case type's name in Swedish.")] = None,
    name_en: Annotated[str | None, typer.Option(help="A new case type's name in English.")] = None,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Open a case type to consumers that pilot it, or to every consumer. Also one that the producer is new to."""
    new = openings.NewOpening(
        code=case_type,
        pilots=pilot or [],
        since=since,
        name=both("name", ("sv", "en"), name_sv, name_en, Text),
    )
    changed(
        lambda desk, cause: openings.opening(desk.agreed, desk.producers, id_, new, cause),
        Manner(why, by, dry_run, as_json),
    )


@app.command("close")
def close(
    id_: Id,
    case_type: Annotated[str, typer.Option(help="The case type's code.")],
    why: Why,
    by: By = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close a case type to every consumer. Case groups keep their cases; their status is read no more."""
    changed(
        lambda desk, cause: openings.closing(desk.agreed, desk.producers, id_, case_type, cause),
        Manner(why, by, dry_run, as_json, yes),
    )


@app.command("suspend")
def suspend(
    id_: Id, why: Why, by: By = None, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Ask a producer nothing any more, until it is resumed. Takes effect within seconds."""
    changed(
        lambda desk, cause: producers.changing(desk.agreed, desk.producers, id_, SUSPEND, cause),
        Manner(why, by, dry_run, as_json, yes),
    )


@app.command("resume")
def resume(id_: Id, why: Why, by: By = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Ask a suspended producer again."""
    changed(
        lambda desk, cause: producers.changing(desk.agreed, desk.producers, id_, RESUME, cause),
        Manner(why, by, dry_run, as_json),
    )


@app.command("end")
def end(id_: Id, why: Why, by: By = None, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a producer's connection for good. Its cases stay in the case groups, without a status."""
    changed(
        lambda desk, cause: producers.changing(desk.agreed, desk.producers, id_, END, cause),
        Manner(why, by, dry_run, as_json, yes),
    )
