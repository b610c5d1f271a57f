"""`gateway subject`: what is kept about one person or company, given out or erased, as the law lets them ask for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.administration import subjects
from gateway.administration.keyed import KeyDesk, confirmed, with_keys
from gateway.administration.new_files import NewFile
from gateway.administration.plans import Json
from gateway.administration.running import AsJson, By, DryRun, Why, login_name, print_json
from gateway.administration.texts import cause
from gateway.administration.views import record_table, show
from gateway.model.history import Cause

app = typer.Typer(no_args_is_help=True, help="What is kept about one person or company: given out, or erased.")

LONGEST_NUMBER = 1_000

Subject = Annotated[
    str,
    typer.Option(
        metavar="S",
        help="Whose: the identity number, as access tokens have it. - reads it from standard input, so that it stands "
        "in no list of processes and in no shell's history.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write it to this new file, for its owner alone; never over another."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before it is erased.")]


@app.command("export")
def export(subject: Subject, why: Why, output: Output = None, by: By = None) -> None:
    """Give out everything that is kept about one subject, as JSON. That it was is recorded first."""
    number = _number(subject)

    async def work(desk: KeyDesk) -> None:
        with NewFile(output) as file:
            file.write(_json(await subjects.exported(desk, number, _cause(desk, by, why))))

    with_keys(work)


@app.command("erase")
def erase(
    subject: Subject,
    why: Why,
    output: Output = None,
    by: By = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Erase what the law lets be erased about one subject: its case groups. Gives a receipt that says what stays."""
    number = _number(subject)

    async def work(desk: KeyDesk) -> None:
        why_ = _cause(desk, by, why)
        plan = await subjects.erasure(desk, number, why_)
        if dry_run:
            _show_dry_run(plan, as_json=as_json)
            return
        confirmed(
            f"About to erase {plan.groups} case groups for good, at every consumer. {plan.records} records about the "
            "subject stay.",
            yes=yes,
        )
        with NewFile(output) as file:
            receipt = await subjects.erased(desk, plan, why_)
            # Shown before it is written: what is erased is erased, whatever becomes of the file.
            if as_json or output is None:
                print_json(receipt)
            else:
                show("Done. The receipt:", record_table(receipt))
            if output is not None:
                file.write(_json(receipt))

    with_keys(work)


def _show_dry_run(plan: subjects.Erasure, *, as_json: bool) -> None:
    if as_json:
        stays = {"recordsAsSubject": plan.records, "recordsAsActor": plan.records_as_actor}
        print_json({"done": False, "caseGroups": plan.groups, "stays": stays})
    else:
        show(
            f"Dry run, nothing was changed. This would erase {plan.groups} case groups, and leave {plan.records} "
            f"records about the subject and {plan.records_as_actor} of what it did for others."
        )


def _number(subject: str) -> str:
    return sys.stdin.readline(LONGEST_NUMBER).strip() if subject == "-" else subject


def _cause(desk: KeyDesk, by: str | None, why: str) -> Cause:
    return cause(by or login_name(), why, desk.moment)


def _json(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
