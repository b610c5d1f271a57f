"""`gateway grant`: what each consumer may read, and for what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.administration import grants
from gateway.administration.explain_command import explain
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
from gateway.administration.views import grant_view, history_view, list_table, record_table, show
from gateway.groups.moments import this_moment
from gateway.model.connection import Validity

GrantId = Annotated[
    str, typer.Argument(metavar="GRANT_ID", help="The grant's id; `gateway grant list` shows it.", show_default=False)
]

app = typer.Typer(no_args_is_help=True, help="The grants: what each consumer may read, from whom, and for what.")
app.command("explain")(explain)


@app.command("add")
def add(
    consumer: Annotated[str, typer.Option(help="Who may read: a consumer's id.")],
    producer: Annotated[str, typer.Option(help="From whom: a producer's id.")],
    case_type: Annotated[list[str], typer.Option(help="The producer's code. May be given several times.")],
    field: Annotated[
        list[str], typer.Option(help="A field of a status, such as title, or all. May be given several times.")
    ],
    purpose: Annotated[
        list[str],
        typer.Option(
            metavar="AREA[:EVENT]", help="An information area, or one event in it. May be given several times."
        ),
    ],
    legal_basis: Annotated[str, typer.Option(help="Why this may be disclosed.")],
    why: Why,
    valid_from: Annotated[
        datetime | None,
        typer.Option(parser=parse_moment, help="From when: a day, or a time with its zone. Unset: now."),
    ] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(parser=parse_moment, help="Until (before) when. Unset: until it is withdrawn.")
    ] = None,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Grant a consumer to read fields of a producer's case types for purposes."""
    new = grants.NewGrant(
        consumer=consumer,
        producer=producer,
        case_types=case_type,
        fields=field,
        purposes=purpose,
        legal_basis=legal_basis,
        validity=Validity(valid_from or this_moment(), valid_until),
    )
    changed(lambda desk, cause: grants.giving(desk.agreed, desk.grants, new, cause), Manner(why, by, dry_run, as_json))


@app.command("list")
def list_(
    consumer: Annotated[str | None, typer.Option(help="Only this consumer's.")] = None,
    producer: Annotated[str | None, typer.Option(help="Only those at this producer.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those withdrawn or lapsed, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the grants that are in force or may come to be."""

    async def look_up(desk: Desk) -> list[dict[str, Any]]:
        if consumer is not None:
            desk.agreed.consumer(consumer)
        if producer is not None:
            desk.agreed.producer(producer)
        return [
            grant_view(kept, in_force=desk.agreed.in_force(kept, desk.moment))
            for kept in desk.agreed.grants.values()
            if consumer in (None, kept.grant.consumer)
            and producer in (None, kept.grant.producer)
            and (every or not grants.is_over(kept.grant, desk.moment))
        ]

    found = looked_up(look_up)
    if as_json:
        print_json(found)
        return
    columns = ["id", "consumer", "producer", "caseTypes", "fields", "purposes", "validUntil", "inForce"]
    show(list_table(found, [*columns, *(["withdrawnAt"] if every else [])]))


@app.command("show")
def show_(grant_id: GrantId, as_json: AsJson = False) -> None:
    """Show a grant: its record and its history."""

    async def look_up(desk: Desk) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        kept = desk.agreed.grant(grant_id)
        return grant_view(kept, in_force=desk.agreed.in_force(kept, desk.moment)), history_view(kept.history)

    record, history = looked_up(look_up)
    if as_json:
        print_json({**record, "history": history})
        return
    show(record_table(record), "", list_table(history, ["at", "by", "action", "why", "changes"], title="History"))


@app.command("withdraw")
def withdraw(
    grant_id: GrantId,
    why: Why,
    by: By = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Withdraw a grant. Takes effect within seconds, also for operations that are still being answered."""
    changed(
        lambda desk, cause: grants.withdrawing(desk.agreed, desk.grants, grant_id, cause),
        Manner(why, by, dry_run, as_json, yes),
    )
