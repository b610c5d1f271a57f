"""`gateway producer`: which authorities the gateway asks, and which of their case types are open to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from gateway.administration import openings, producers
from gateway.administration.check_command import check, checking
from gateway.administration.plans import Plan
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
from gateway.administration.views import grant_view, history_view, list_table, producer_view, record_table, show
from gateway.groups.moments import this_moment
from gateway.model.connection import ConnectionState, Contact, Environment, Validity
from gateway.model.history import Cause
from gateway.model.producer import ProducerOverrides
from gateway.model.text import Text

app = typer.Typer(no_args_is_help=True, help="The producers: which authorities are asked, and what they have opened.")
app.command("check")(check)

Id = Annotated[str, typer.Argument(metavar="ID", help="The producer's id.")]
Seconds = Annotated[float | None, typer.Option(min=0.001, max=86_400, help="Other than the setting, in seconds.")]
Count = Annotated[int | None, typer.Option(min=1, help="Other than the setting.")]

PairT = TypeVar("PairT")


def _both(
    option: str, parts: tuple[str, str], first: str | None, second: str | None, pair: Callable[[str, str], PairT]
) -> PairT | None:
    """What two options make together; None where neither is given. One alone is not understood."""
    if first is None and second is None:
        return None
    if first is None or second is None:
        raise typer.BadParameter(f"--{option}-{parts[0]} and --{option}-{parts[1]} are given together, or neither.")
    return pair(first, second)


@app.command("add")
def add(
    id_: Id,
    name_sv: Annotated[str, typer.Option(help="Its name in Swedish.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    endpoint: Annotated[str, typer.Option(help="The address of its status subgraph.")],
    audience: Annotated[str, typer.Option(help="Its audience: `aud` of the caller assertions made for it.")],
    area: Annotated[list[str], typer.Option(help="An information area of its cases. May be given several times.")],
    contact_name: Annotated[str, typer.Option(help="Who to turn to about the connection.")],
    contact_email: Annotated[str, typer.Option(help="Their e-mail address.")],
    environment: Annotated[Environment, typer.Option(help="Which gateways ask it.")],
    why: Why,
    case_type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE|SV|EN", help="A case type's code and its names in both languages. May be given several times."
        ),
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Open the case types to every consumer.")] = False,
    pilot: Annotated[
        list[str] | None,
        typer.Option(metavar="CONSUMER", help="Open them to this consumer. May be given several times."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", parser=parse_moment, help="From when they are open. Unset: now."),
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="The legal name of the organisation.")] = None,
    incidents_name: Annotated[str | None, typer.Option(help="Who to turn to when it does not answer.")] = None,
    incidents_email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    support_sv: Annotated[str | None, typer.Option(help="Where end users get help, in Swedish.")] = None,
    support_en: Annotated[str | None, typer.Option(help="The same in English.")] = None,
    connect_timeout: Seconds = None,
    deadline: Seconds = None,
    max_batch: Count = None,
    max_connections: Count = None,
    max_wait: Seconds = None,
    max_response_bytes: Count = None,
    valid_from: Annotated[
        datetime | None,
        typer.Option(parser=parse_moment, help="From when: a day, or a time with its zone. Unset: now."),
    ] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(parser=parse_moment, help="Until (before) when. Unset: until it is ended.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Add it although the check finds misfits; they are kept in its history.")
    ] = False,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Check a producer, and connect it. Its case types are open to nobody unless told."""
    new = producers.NewProducer(
        id=id_,
        name=Text(sv=name_sv, en=name_en),
        organisation=organisation,
        contact=Contact(contact_name, contact_email),
        incidents=_both("incidents", ("name", "email"), incidents_name, incidents_email, Contact),
        support=_both("support", ("sv", "en"), support_sv, support_en, Text),
        endpoint=endpoint,
        audience=audience,
        areas=area,
        case_types=case_type or [],
        is_open=is_open,
        pilots=pilot or [],
        since=since,
        overrides=ProducerOverrides(
            connect_timeout, deadline, max_batch, max_connections, max_wait, max_response_bytes
        ),
        environment=environment,
        validity=Validity(valid_from or this_moment(), valid_until),
    )

    async def plan(desk: Desk, cause: Cause) -> Plan:
        return await producers.adding(desk.agreed, desk.producers, new, cause, checking(environment), is_forced=force)

    changed(plan, Manner(why, by, dry_run, as_json))


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
    """Show a producer: its record, its case types, the grants in force at it, and its history."""

    async def look_up(desk: Desk) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
        kept = desk.agreed.producer(id_)
        grants = (given for given in desk.agreed.grants.values() if given.grant.producer == id_)
        return producer_view(kept), {
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
        list_table(record["caseTypes"], ["code", "name", "state", "from", "pilots"], title="Case types"),
        list_table(
            about["grants"],
            ["id", "consumer", "caseTypes", "fields", "purposes", "validUntil"],
            title="Grants in force",
        ),
        list_table(about["history"], ["at", "by", "action", "why", "changes"], title="History"),
    )


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
        name=_both("name", ("sv", "en"), name_sv, name_en, Text),
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
