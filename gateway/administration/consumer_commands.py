"""`gateway consumer`: which portals and programs may call the gateway."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.administration import consumers
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
    consumer_view,
    grant_view,
    history_view,
    list_table,
    notice_view,
    record_table,
    show,
)
from gateway.groups.moments import this_moment
from gateway.model.connection import ConnectionState, Contact, Environment, Validity
from gateway.model.text import Text

app = typer.Typer(no_args_is_help=True, help="The consumers: which portals and programs may call the gateway.")

Id = Annotated[str, typer.Argument(metavar="ID", help="The consumer's id, its OAuth client_id.")]


@app.command("add")
def add(
    id_: Id,
    name_sv: Annotated[str, typer.Option(help="Its name in Swedish.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    contact_name: Annotated[str, typer.Option(help="Who to turn to.")],
    contact_email: Annotated[str, typer.Option(help="Their e-mail address.")],
    environment: Annotated[Environment, typer.Option(help="Which gateways let it in.")],
    why: Why,
    valid_from: Annotated[
        datetime | None,
        typer.Option(parser=parse_moment, help="From when: a day, or a time with its zone. Unset: now."),
    ] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(parser=parse_moment, help="Until (before) when. Unset: until it is ended.")
    ] = None,
    representatives: Annotated[
        bool,
        typer.Option("--representatives/--no-representatives", help="Whether it may act for people who represent."),
    ] = False,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Connect a consumer. It may read nothing until it is granted something."""
    new = consumers.NewConsumer(
        id=id_,
        name=Text(sv=name_sv, en=name_en),
        contact=Contact(contact_name, contact_email),
        environment=environment,
        validity=Validity(valid_from or this_moment(), valid_until),
        representatives=representatives,
    )
    changed(
        lambda desk, cause: consumers.adding(desk.agreed, desk.connections, new, cause),
        Manner(why, by, dry_run, as_json),
    )


@app.command("list")
def list_(
    environment: Annotated[Environment | None, typer.Option(help="Only those of this environment.")] = None,
    state: Annotated[ConnectionState | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the consumers."""

    async def look_up(desk: Desk) -> list[dict[str, Any]]:
        return [
            consumer_view(kept)
            for kept in desk.agreed.consumers.values()
            if environment in (None, kept.consumer.connection.environment)
            and state in (None, kept.consumer.connection.state)
        ]

    found = looked_up(look_up)
    if as_json:
        print_json(found)
    else:
        show(list_table(found, ["id", "name", "environment", "state", "validFrom", "validUntil", "representatives"]))


@app.command("show")
def show_(id_: Id, as_json: AsJson = False) -> None:
    """Show a consumer: its record, the grants in force, what it is to be told of, and its history."""

    async def look_up(desk: Desk) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        kept = desk.agreed.consumer(id_)
        grants = (given for given in desk.agreed.grants.values() if given.grant.consumer == id_)
        return consumer_view(kept), {
            "grants": [
                grant_view(given, in_force=True) for given in grants if desk.agreed.in_force(given, desk.moment)
            ],
            "notices": [notice_view(notice) for notice in await desk.connections.notices(kept.consumer.id)],
            "history": history_view(kept.history),
        }

    record, about = looked_up(look_up)
    if as_json:
        print_json({**record, **about})
        return
    show(
        record_table(record),
        "",
        list_table(
            about["grants"],
            ["id", "producer", "caseTypes", "fields", "purposes", "validUntil"],
            title="Grants in force",
        ),
        list_table(about["notices"], ["at", "kind", "group", "by"], title="To be told of"),
        list_table(about["history"], ["at", "by", "action", "why", "changes"], title="History"),
    )


@app.command("suspend")
def suspend(
    id_: Id, why: Why, by: By = None, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Let a consumer in no longer, until it is resumed. Takes effect within seconds."""
    changed(
        lambda desk, cause: consumers.changing(desk.agreed, desk.connections, id_, SUSPEND, cause),
        Manner(why, by, dry_run, as_json, yes),
    )


@app.command("resume")
def resume(id_: Id, why: Why, by: By = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Let a suspended consumer in again."""
    changed(
        lambda desk, cause: consumers.changing(desk.agreed, desk.connections, id_, RESUME, cause),
        Manner(why, by, dry_run, as_json),
    )


@app.command("end")
def end(id_: Id, why: Why, by: By = None, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """End a consumer's connection for good. Its end users' next consumer can claim their case groups after a while."""
    changed(
        lambda desk, cause: consumers.changing(desk.agreed, desk.connections, id_, END, cause),
        Manner(why, by, dry_run, as_json, yes),
    )
