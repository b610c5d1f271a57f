"""`gateway audit prune`: the end of the records' retention."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.administration.auditing import BrokenOff, audited, progress, seal_keys
from gateway.administration.ending import BROKEN_OFF
from gateway.administration.keyed import confirmed
from gateway.administration.plans import Refused
from gateway.administration.recorded import recorded
from gateway.administration.running import AsJson, By, DryRun, Why, login_name, print_json
from gateway.administration.texts import cause
from gateway.administration.views import show
from gateway.disclosure.pruning import Lapsed, SealNotBelieved, lapsed
from gateway.groups.moments import this_moment
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.record_reading import RecordReading
from gateway.store.record_removal import RecordRemoval


def prune(
    why: Why,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A public JWK that seals are checked with. Several times; unset: the gateway's own."
        ),
    ] = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before records are removed.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove the records whose retention is over, in whole sealed segments. Can be broken off, and run again."""

    async def work(settings: Settings, database: Database) -> tuple[int, int]:
        moment = this_moment()
        reason = cause(by or login_name(), why, moment)
        keys = seal_keys(settings, key)
        removal = RecordRemoval(database)
        try:
            there = [one async for one in lapsed(RecordReading(database), removal, keys, moment)]
        except SealNotBelieved as exc:
            raise Refused(str(exc)) from exc
        records = sum(one.records for one in there)
        if dry_run or not there:
            return len(there), records
        confirmed(f"About to remove {_said(len(there), records)} for good.", yes=yes)
        of_them = {"segments": len(there), "firstSeal": there[0].seal, "lastSeal": there[-1].seal}
        async with recorded(database, "prune", reason, details=of_them) as found:
            found["records"] = await _remove(removal, there)
        return len(there), int(str(found["records"]))

    try:
        segments, records = audited(work)
    except BrokenOff as exc:
        typer.echo("Broken off. Run it again: until then `gateway audit verify` may miss part of a segment.", err=True)
        raise typer.Exit(BROKEN_OFF) from exc
    if as_json:
        print_json({"done": not dry_run, "segments": segments, "records": records})
    elif dry_run:
        show(f"Dry run, nothing was removed. This would remove {_said(segments, records)}.")
    else:
        show(f"Done: removed {_said(segments, records)}." if segments else "There is nothing whose retention is over.")


async def _remove(removal: RecordRemoval, there: list[Lapsed]) -> int:
    removed = 0
    with progress("Segments removed") as tell:
        for place, one in enumerate(there, 1):
            removed += await removal.remove(one.range)
            tell(place, len(there))
    return removed


def _said(segments: int, records: int) -> str:
    return f"{records:,} {'record' if records == 1 else 'records'} in {segments:,} whole segments"
