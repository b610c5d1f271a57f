"""`gateway audit`: whether the record is whole, and what is in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.administration.audit_exports import check_export, export
from gateway.administration.audit_pruning import prune
from gateway.administration.audit_stories import inspect
from gateway.administration.auditing import BrokenOff, audited, progress, seal_keys
from gateway.administration.ending import BROKEN_OFF
from gateway.administration.plans import Json, Refused
from gateway.administration.running import AsJson, print_json
from gateway.administration.views import list_table, show
from gateway.development.directory import write_private
from gateway.disclosure.anchors import anchor_of, read_anchor
from gateway.disclosure.verification import Checkpoint, Verification
from gateway.disclosure.verifying import verify
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.record_reading import RecordReading

FAULTY = 1

Keys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="A public JWK, or a set of them, that seals are checked with. Several times; unset: the gateway's own.",
        show_default=False,
    ),
]

app = typer.Typer(no_args_is_help=True, help="The record of who was told what about whom: whether it is whole.")
app.command("export")(export)
app.command("check-export")(check_export)
app.command("inspect")(inspect)
app.command("prune")(prune)


@app.command("verify")
def verify_(
    key: Keys = None,
    anchor: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="What `gateway audit anchor` gave earlier: up to there nothing may be another. Several times.",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep here how far the record was found whole, and go on from there next time."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole record and say what is wrong with it. Exit code 0: it is whole; 1: it is not, or is not read."""
    kept: list[Checkpoint] = []

    async def work(settings: Settings, database: Database) -> Verification:
        keys = seal_keys(settings, key)
        anchors = [read_anchor(file, keys) for file in anchor or []]
        verification = Verification(keys, datetime.now(UTC), anchors, _read_checkpoint(checkpoint))
        with progress("Seals verified") as tell:

            def watch(done: int, total: int) -> None:
                tell(done, total)
                _keep(checkpoint, verification, kept)

            await verify(RecordReading(database), verification, watch)
        _keep(checkpoint, verification, kept)
        return verification

    try:
        found = audited(work)
    except BrokenOff as exc:
        until = f" It goes on after seal {kept[-1].number}." if kept else ""
        typer.echo(f"Broken off.{until}", err=True)
        raise typer.Exit(BROKEN_OFF) from exc
    if as_json:
        print_json(_as_json(found))
    else:
        _show(found)
    if found.faults:
        raise typer.Exit(FAULTY)


@app.command("anchor")
def anchor_(
    key: Keys = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here, to a new file; unset: to standard output.")
    ] = None,
) -> None:
    """Print the newest seal, with its signature and the public key: to be kept where the operator cannot change it."""

    async def work(settings: Settings, database: Database) -> bytes:
        keys = seal_keys(settings, key)
        newest = await RecordReading(database).newest_seal()
        if newest is None:
            raise Refused("Nothing is sealed yet, so there is no anchor.")
        if isinstance(problem := keys.signed_by(str(newest.get("signature"))), str):
            raise Refused(f"Seal {newest['_id']} is no anchor: {problem}. `gateway audit verify` says more.")
        return orjson.dumps(anchor_of(newest, keys), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    content = audited(work)
    if output is None:
        typer.echo(content.decode(), nl=False)
        return
    try:
        with output.open("xb") as file:
            file.write(content)
    except FileExistsError as exc:
        typer.echo(f"{output} is there already; name a new file.", err=True)
        raise typer.Exit(1) from exc
    except OSError as exc:
        typer.echo(f"{output} cannot be written: {exc.strerror}.", err=True)
        raise typer.Exit(1) from exc


def _read_checkpoint(file: Path | None) -> Checkpoint:
    """Where to go on; from the beginning where there is no file. Raises Refused for one that is no checkpoint."""
    if file is None or not file.exists():
        return Checkpoint()
    try:
        said = orjson.loads(file.read_bytes())
        checkpoint = Checkpoint(said["number"], said["hash"])
    except OSError as exc:
        raise Refused(f"The checkpoint {file} cannot be read: {exc.strerror}.") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise Refused(f"{file} is no checkpoint. Remove it to begin from the beginning.") from exc
    if not (isinstance(checkpoint.number, int) and checkpoint.number >= 0 and isinstance(checkpoint.hash, str)):
        raise Refused(f"{file} is no checkpoint. Remove it to begin from the beginning.")
    return checkpoint


def _keep(file: Path | None, verification: Verification, kept: list[Checkpoint]) -> None:
    """Writes the checkpoint where it has moved."""
    now = verification.whole_until
    if file is None or now == (kept[-1] if kept else verification.since):
        return
    try:
        write_private(file, orjson.dumps({"number": now.number, "hash": now.hash}) + b"\n")
    except OSError as exc:
        raise Refused(f"The checkpoint {file} cannot be written: {exc.strerror}.") from exc
    kept.append(now)


def _as_json(found: Verification) -> Json:
    counts = found.counts
    return {
        "whole": not found.faults,
        "until": {"number": found.whole_until.number, "hash": found.whole_until.hash},
        "seals": counts.seals,
        "sealsBeforeCheckpoint": counts.skipped_seals,
        "streams": counts.streams,
        "records": counts.records,
        "unsealedRecords": counts.unsealed_records,
        "removedSegments": counts.removed_segments,
        "removedRecords": counts.removed_records,
        "faults": found.faults.total,
        "faultsByCode": {code.value: count for code, count in sorted(found.faults.counts.items(), key=str)},
        "told": [fault.as_json() for fault in found.faults.told],
    }


def _show(found: Verification) -> None:
    counts = found.counts
    looked_at = f"{counts.records:,} records of {counts.streams:,} streams under {counts.seals:,} seals"
    if counts.skipped_seals:
        looked_at += f" (the first {counts.skipped_seals:,} seals as they were found before, without their records)"
    if counts.unsealed_records:
        looked_at += f"; {counts.unsealed_records:,} of the records are not sealed yet"
    if counts.removed_segments:
        looked_at += (
            f"; {counts.removed_records:,} more, in {counts.removed_segments:,} whole segments, were removed at the "
            "end of their retention, as is right"
        )
    show(f"Looked at {looked_at}.")
    if not found.faults:
        show("The record is whole.")
        return
    told = [
        {
            "code": fault.code.value,
            "stream": fault.stream,
            "records": None if fault.records is None else "–".join(map(str, sorted(set(fault.records)))),
            "seal": fault.seal,
            "what is wrong": fault.what,
        }
        for fault in found.faults.told
    ]
    show(list_table(told, ["code", "stream", "records", "seal", "what is wrong"]))
    total, more = found.faults.total, found.faults.total - len(told)
    show(
        f"The record is NOT whole: {total:,} {'fault' if total == 1 else 'faults'}"
        + (f", of which {more:,} are not told one by one." if more else ".")
    )
