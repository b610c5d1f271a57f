"""How every command of the administration runs: what it is told, what it asks, what it prints, how it ends.

Exit code 0: done; 1: refused, with a sentence a problem on standard error; 2: not understood, or nobody to confirm.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeVar

import orjson
import typer

from gateway.administration.agreed import Agreed, read_agreed
from gateway.administration.database import administered_database
from gateway.administration.plans import Plan, Refused
from gateway.administration.texts import cause
from gateway.administration.views import record_table, show
from gateway.errors import StoreUnavailable
from gateway.groups.moments import this_moment
from gateway.model.history import Cause
from gateway.settings import SettingsError, load_settings
from gateway.store.connections import Connections
from gateway.store.grants import Grants
from gateway.store.producers import Producers
from gateway.store.records import RecordRefused

NOT_CONFIRMED = 2

AnswerT = TypeVar("AnswerT")

Why = Annotated[str, typer.Option("--why", help="Why the change is made; kept in the record's history.")]
By = Annotated[
    str | None, typer.Option("--by", help="Who makes the change; unset: the login name.", show_default=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before access is removed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works with: the records, all that was agreed when it began, and the moment of that."""

    connections: Connections
    producers: Producers
    grants: Grants
    agreed: Agreed
    moment: datetime


@dataclass(frozen=True, slots=True)
class Manner:
    """How a change is to be made."""

    why: str
    by: str | None
    dry_run: bool
    as_json: bool
    yes: bool = False


def parse_moment(text: str) -> datetime:
    """A moment as it is given on the command line: a day (its beginning, in UTC) or a time with its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or (moment.tzinfo is None and len(text) > len("2026-12-01")):
        raise typer.BadParameter(
            f"{text!r} is no moment. Give a day, such as 2026-12-01 (from its beginning, in UTC), or a time with its "
            "zone, such as 2026-12-01T08:00+01:00."
        )
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def looked_up(look_up: Callable[[Desk], Awaitable[AnswerT]]) -> AnswerT:
    """What `look_up` finds."""

    async def run() -> AnswerT:
        with administered_database(load_settings()) as database:
            connections, producers, grants = Connections(database), Producers(database), Grants(database)
            agreed = await read_agreed(connections, producers, grants)
            for bad in agreed.bad:
                typer.echo(f"Beware: {bad}", err=True)
            return await look_up(Desk(connections, producers, grants, agreed, this_moment()))

    try:
        return asyncio.run(run())
    except Refused as exc:
        _end(str(exc))
    except (RecordRefused, SettingsError) as exc:
        _end(str(exc))
    except StoreUnavailable as exc:
        _end(f"MongoDB cannot be used: {exc.problem}")


def changed(plan_for: Callable[[Desk, Cause], Plan | Awaitable[Plan]], manner: Manner) -> None:
    """Makes the change that `plan_for` plans, or says what it would be, and prints the outcome."""

    async def change(desk: Desk) -> Plan:
        planned = plan_for(desk, cause(manner.by or login_name(), manner.why, desk.moment))
        plan = planned if isinstance(planned, Plan) else await planned
        if not manner.dry_run:
            if plan.loss is not None and not manner.yes:
                _confirm(plan, plan.loss)
            if not await plan.carry_out():
                raise Refused(
                    f"Nothing was changed: somebody else changed the {plan.kind} {plan.record['id']} meanwhile. "
                    f"Look at it again, then repeat."
                )
        return plan

    plan = looked_up(change)
    for note in plan.notes:
        typer.echo(f"Beware: {note}", err=True)
    if manner.as_json:
        print_json(plan.outcome(is_done=not manner.dry_run))
    elif manner.dry_run:
        show(f"Dry run, nothing was changed. This would {plan.what}.", *([plan.loss] if plan.loss else []))
        show(record_table(plan.record))
    else:
        show(f"Done: {plan.what}.", record_table(plan.record))


def print_json(value: object) -> None:
    """Prints JSON, indented."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def is_somebody_there() -> bool:
    """Whether there is a terminal to ask at."""
    return sys.stdin.isatty()


def _confirm(plan: Plan, loss: str) -> None:
    if not is_somebody_there():
        typer.echo(
            f"Nothing was changed: to {plan.what} removes access, and there is nobody to ask. {loss} "
            "Repeat it with --yes if that is meant.",
            err=True,
        )
        raise typer.Exit(NOT_CONFIRMED)
    typer.echo(f"About to {plan.what}. {loss}", err=True)
    if not typer.confirm("Do it?", err=True):
        raise Refused("Nothing was changed.")


def login_name() -> str:
    """Who the system says is at work. Raises Refused where it does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError) as exc:
        raise Refused("This system does not say who you are: give --by.") from exc


def _end(sentences: str) -> NoReturn:
    typer.echo(sentences, err=True)
    raise typer.Exit(1)
