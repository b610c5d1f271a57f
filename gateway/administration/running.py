"""How every command of the administration runs: what it is told, what it asks, what it prints, how it ends.

Exit code 0: done; 1: refused, with a sentence a problem on standard error; 2: not understood, or nobody to confirm.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import orjson
import typer

from gateway.administration.agreed import Agreed, read_agreed
from gateway.administration.database import administered_database
from gateway.administration.ending import MENDABLE, NOT_CONFIRMED, ended_plainly, in_a_sentence
from gateway.administration.plans import Plan, Refused
from gateway.administration.recorded import recorded
from gateway.administration.texts import cause
from gateway.administration.views import record_table, show
from gateway.groups.moments import in_milliseconds, this_moment
from gateway.model.history import Cause
from gateway.model.record import DetailValue, RecordKind
from gateway.settings import load_settings
from gateway.store.connections import Connections
from gateway.store.driver import Database
from gateway.store.grants import Grants
from gateway.store.producers import Producers
from gateway.store.replicas import Replicas

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
    """What a command works with: the records, what runs, all that was agreed when it began, and the moment of that."""

    database: Database
    connections: Connections
    producers: Producers
    grants: Grants
    replicas: Replicas
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
    """A moment as it is given on the command line: a day (its beginning, in UTC) or a time with its zone.

    It is refused where it is finer than the database keeps, which would let what is agreed begin before it was to.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and len(text) <= len("2026-12-01"):
            moment = moment.replace(tzinfo=UTC)
        if moment.tzinfo is not None:
            return _as_kept(moment.astimezone(UTC), text)
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(
        f"{text!r} is no moment. Give a day, such as 2026-12-01 (from its beginning, in UTC), or a time with its "
        "zone, such as 2026-12-01T08:00+01:00."
    )


def _as_kept(moment: datetime, text: str) -> datetime:
    if moment != in_milliseconds(moment):
        raise typer.BadParameter(f"{text!r} is finer than a millisecond. Give at most three decimals of a second.")
    return moment


def looked_up(look_up: Callable[[Desk], Awaitable[AnswerT]]) -> AnswerT:
    """What `look_up` finds."""

    async def run() -> AnswerT:
        async with administered_database(load_settings()) as database:
            connections, producers, grants = Connections(database), Producers(database), Grants(database)
            agreed = await read_agreed(connections, producers, grants)
            for bad in agreed.bad:
                typer.echo(f"Beware: {bad}", err=True)
            replicas = Replicas(database)
            return await look_up(Desk(database, connections, producers, grants, replicas, agreed, this_moment()))

    return ended_plainly(run)


def changed(plan_for: Callable[[Desk, Cause], Plan | Awaitable[Plan]], manner: Manner) -> None:
    """Makes the change that `plan_for` plans, or says what it would be, and prints the outcome."""

    async def change(desk: Desk) -> Plan:
        reason = cause(manner.by or login_name(), manner.why, desk.moment)
        planned = plan_for(desk, reason)
        plan = planned if isinstance(planned, Plan) else await planned
        if not manner.dry_run:
            if plan.loss is not None and not manner.yes:
                _confirm(plan, plan.loss)
            if not await _carried_out(plan, desk, reason):
                raise Refused(
                    f"Nothing was changed: somebody else changed the {plan.kind} {plan.record['id']} meanwhile. "
                    f"Look at it again, then repeat."
                )
            await _carry_out_the_rest(plan, desk, reason)
        return plan

    plan = looked_up(change)
    for note in plan.notes:
        typer.echo(f"Beware: {note}", err=True)
    if manner.as_json:
        print_json(plan.outcome(is_done=not manner.dry_run))
        return
    first, *others = plan.steps
    if manner.dry_run:
        show(f"Dry run, nothing was changed. This would {first.what}.", *([first.loss] if first.loss else []))
    else:
        show(f"Done: {first.what}.")
    show(record_table(first.record))
    for step in others:
        show("", f"{'It would then' if manner.dry_run else 'Then done:'} {step.what}.", record_table(step.record))


async def _carried_out(plan: Plan, desk: Desk, reason: Cause) -> bool:
    """Whether the change was made; that it is to be made, and what became of it, is recorded. Raises NotRecorded."""
    about: dict[str, DetailValue] = {"type": plan.kind, "id": str(plan.record["id"])}
    try:
        async with recorded(desk.database, plan.what, reason, kind=RecordKind.AGREEMENT, details=about):
            if not await plan.carry_out():
                raise _AnotherWon
    except _AnotherWon:
        return False
    return True


class _AnotherWon(Exception):
    """Another change of the same record was made first."""


async def _carry_out_the_rest(plan: Plan, desk: Desk, reason: Cause) -> None:
    """Makes the changes after the first. Raises Refused, saying which were made and what finishes it, where one fails.

    No transaction binds them, as the records are kept one by one: what is half done is told, and can be finished.
    """
    for number, step in enumerate(plan.then, start=1):
        try:
            problem = None if await _carried_out(step, desk, reason) else "somebody else made such a change meanwhile"
        except MENDABLE as exc:
            problem = in_a_sentence(exc)
        if problem is not None:
            raise Refused(
                *(f"Done: {done.what}." for done in plan.steps[:number]),
                f"Not done: {step.what}. The reason: {problem}",
                "To finish it, run the following; what has been done meanwhile is refused, and not done twice:",
                *(f"  {left.by_itself}" for left in plan.steps[number:]),
            )


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
