"""`gateway keys`: the keys that pseudonyms are made with, and how one takes the place of another."""

from __future__ import annotations

from time import monotonic
from typing import Annotated

import typer

from gateway.administration import keys
from gateway.administration.keyed import KeyDesk, confirmed, with_keys
from gateway.administration.plans import Json
from gateway.administration.running import AsJson, By, DryRun, Why, login_name, print_json
from gateway.administration.texts import cause
from gateway.administration.views import list_table, show
from gateway.model.history import Cause
from gateway.model.pseudonym_key import KeyState, RegisteredKey

app = typer.Typer(no_args_is_help=True, help="The keys that pseudonyms are made with. No command shows a key.")

PROGRESS_SECONDS = 2.0
"""Between two lines that say how far it is."""

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether every replica has the key file.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the keys: which is current, how many case groups are stored under each, and whether this file has it."""

    async def look_up(desk: KeyDesk) -> tuple[list[Json], str | None]:
        return keys.views(desk, dict(await desk.keys.group_counts())), desk.pseudonyms.problem

    found, problem = with_keys(look_up)
    if as_json:
        print_json(found)
    else:
        show(list_table(found, ["id", "number", "state", "since", "caseGroups", "inThisFile"]))
    if problem is not None:
        typer.echo(f"Beware: a gateway with this file would not serve: {problem}.", err=True)


@app.command("add")
def add(
    why: Why,
    id_: Annotated[str | None, typer.Option("--id", help="What to call it; unset: k2, k3 and so on.")] = None,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a new key and add it to the key file. Nothing is stored under it until `gateway keys rekey`."""

    async def work(desk: KeyDesk) -> tuple[list[str], str]:
        added = await keys.add(desk, id_, _cause(desk, by, why), dry_run=dry_run)
        return added, str(desk.file)

    added, file = with_keys(work)
    what = f"register {', '.join(added)} from the key file {file}"
    if as_json:
        print_json({"done": not dry_run, "what": what, "keys": added, "file": file})
    elif dry_run:
        show(f"Dry run, nothing was changed. This would {what}, and make what is not in it yet.")
    else:
        show(
            f"Done: {what}.",
            "Keep a copy of the file, and not where the database's backups are. Bring it to every replica and restart "
            "them one by one; then: gateway keys rekey",
        )


@app.command("rekey")
def rekey(
    why: Why,
    yes: Yes = False,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make the newest key current, and store every case group under it. Can be broken off with Ctrl-C, and repeated."""

    async def work(desk: KeyDesk) -> tuple[RegisteredKey, int, bool]:
        to = keys.newest(desk)
        left, is_current = await keys.to_raise(desk, to), to.state is KeyState.CURRENT
        if dry_run or (is_current and not left):
            return to, left, is_current
        if not is_current:
            confirmed(
                f"About to make {to.id} the current key, in place of {keys.current_id(desk)}. Every replica must have "
                f"been started with a key file that holds {to.id}: one that was not refuses everything from then on.",
                yes=yes,
            )
        return to, await keys.rekey(desk, to, _cause(desk, by, why), _Lines()), is_current

    to, groups, was_current = with_keys(work)
    what = f"store {groups} case groups under the key {to.id}"
    if as_json:
        print_json({"done": not dry_run, "what": what, "key": to.id, "caseGroups": groups})
    elif dry_run:
        show(f"Dry run, nothing was changed. This would make {to.id} the current key, and {what}.")
    elif was_current and not groups:
        show(f"Nothing to do: {to.id} is the current key, and no case group is stored under another.")
    else:
        show(f"Done: {what}, which is the current one.")


@app.command("retire")
def retire(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The key's id.")],
    why: Why,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Retire a key under which no case group is stored any more. Its secret stays in the file: it is still needed."""

    async def work(desk: KeyDesk) -> RegisteredKey:
        return await keys.retire(desk, id_, _cause(desk, by, why), dry_run=dry_run)

    key = with_keys(work)
    needed = (
        f"Keep {key.id} in the key file: the pseudonyms under every later key are made from those under it, and what "
        "is recorded under it is found with it alone."
    )
    if as_json:
        print_json({"done": not dry_run, "what": f"retire the key {key.id}", "key": key.id, "note": needed})
    elif dry_run:
        show(f"Dry run, nothing was changed. This would retire the key {key.id}. {needed}")
    else:
        show(f"Done: retire the key {key.id}. {needed}")


class _Lines:
    """Says on standard error how far it is, every PROGRESS_SECONDS."""

    def __init__(self) -> None:
        self._next = monotonic() + PROGRESS_SECONDS

    def __call__(self, done: int, total: int) -> None:
        if monotonic() >= self._next:
            typer.echo(f"{done} of {total} case groups. Ctrl-C breaks it off; the same command goes on.", err=True)
            self._next = monotonic() + PROGRESS_SECONDS


def _cause(desk: KeyDesk, by: str | None, why: str) -> Cause:
    return cause(by or login_name(), why, desk.moment)
