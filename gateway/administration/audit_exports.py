"""`gateway audit export` and `check-export`: the record for oversight, as a file that shows itself to be whole."""

from __future__ import annotations

import re
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.administration.auditing import BrokenOff, audited, progress
from gateway.administration.database import pseudonym_key_file
from gateway.administration.ending import BROKEN_OFF
from gateway.administration.new_files import NewFile
from gateway.administration.plans import Refused
from gateway.administration.recorded import recorded
from gateway.administration.running import AsJson, By, Why, login_name, parse_moment, print_json
from gateway.administration.texts import cause, in_words, text_problems
from gateway.administration.views import show, timestamp
from gateway.disclosure.export_check import CheckedExport, check_lines
from gateway.disclosure.exports import FORMS, Exporting, Format
from gateway.groups.moments import this_moment
from gateway.identity.pseudonym_key_file import read_keys
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import SubjectKeys
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.pseudonym_keys import PseudonymKeys
from gateway.store.record_reading import RecordReading

FAULTY = 1
NUMBER = re.compile(r"[0-9]{12}")
LONGEST_ANSWER = 100
LONGEST_ID = 64


def export(
    why: Why,
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")],
    subject: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Only records about this subject; - reads its number from standard input."),
    ] = None,
    consumer: Annotated[str | None, typer.Option(help="Only what this consumer did or was told.")] = None,
    producer: Annotated[str | None, typer.Option(help="Only what is about this producer's cases.")] = None,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", parser=parse_moment, help="From when: a day, or a time with its zone."),
    ] = None,
    to: Annotated[datetime | None, typer.Option("--to", parser=parse_moment, help="Until (before) when.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file; unset: to standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file, if it is there.")] = False,
    by: By = None,
) -> None:
    """Write records to a file, one a line. That it is done is recorded before the first is written."""

    async def work(settings: Settings, database: Database) -> int:
        if from_ is not None and to is not None and to <= from_:
            raise Refused(f"--to ({in_words(to)}) is not after --from ({in_words(from_)}): there can be nothing.")
        reason = cause(by or login_name(), why, this_moment())
        _check_ids(("--consumer", consumer), ("--producer", producer))
        keys = None if subject is None else await _pseudonyms(settings, database, subject)
        wanted, sort = _wanted(keys, consumer, producer, from_, to)
        asked = {"format": format_.value, "forConsumer": consumer, "forProducer": producer}
        asked |= {"from": timestamp(from_), "to": timestamp(to)}
        reading = RecordReading(database)
        total = await reading.count(wanted)
        async with AsyncExitStack() as opened:
            file = opened.enter_context(NewFile(output, force=force))
            said = {name: value for name, value in asked.items() if value}
            found = await opened.enter_async_context(
                recorded(database, "export", reason, subject=keys[0] if keys else None, details=said)
            )
            tell = opened.enter_context(progress("Records exported"))
            exporting = Exporting(FORMS[format_]())
            file.write(exporting.head())
            async for documents in reading.found(wanted, sort):
                file.write(exporting.batch(documents))
                tell(exporting.records, total)
            file.write(exporting.end())
            file.sync()  # so that it is not recorded as made where the disk is full
            found |= {"records": exporting.records, "sha256": exporting.sha256}
        return exporting.records

    try:
        records = audited(work)
    except BrokenOff as exc:
        typer.echo("Broken off; nothing is left of the file." if output else "Broken off.", err=True)
        raise typer.Exit(BROKEN_OFF) from exc
    if output is not None:
        show(f"Done: {records:,} {'record' if records == 1 else 'records'} exported to {output}.")


def check_export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `gateway audit export` wrote.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Say whether an export is whole and unmixed, and whether each record's hash holds. Needs no database."""
    try:
        with file.open("rb") as lines:
            checked = check_lines(lines)
    except OSError as exc:
        typer.echo(f"{file} cannot be read: {exc.strerror}.", err=True)
        raise typer.Exit(FAULTY) from exc
    if checked is None:
        typer.echo(f"{file} is no export, such as `gateway audit export` writes.", err=True)
        raise typer.Exit(FAULTY)
    if as_json:
        print_json({"whole": not checked.faults, "records": checked.records, "faults": checked.faults})
    else:
        _show(file, checked)
    if checked.faults:
        raise typer.Exit(FAULTY)


def _show(file: Path, checked: CheckedExport) -> None:
    for fault in checked.faults:
        show(fault)
    whole = "is NOT whole" if checked.faults else "is whole, and each record is the one that its hash is of"
    show(f"{file}: {checked.records:,} {'record' if checked.records == 1 else 'records'}. The export {whole}.")


def _check_ids(*options: tuple[str, str | None]) -> None:
    """Raises Refused for what is no id: it would be recorded, and may be anybody's number."""
    problems = [one for option, id_ in options if id_ is not None for one in text_problems(option, id_, LONGEST_ID)]
    if problems:
        raise Refused(*problems)


async def _pseudonyms(settings: Settings, database: Database, subject: str) -> SubjectKeys:
    """The subject's pseudonyms. Its number is in no message."""
    number = sys.stdin.readline(LONGEST_ANSWER).strip() if subject == "-" else subject
    if NUMBER.fullmatch(number) is None:
        raise Refused("--subject is no identity number: it has 12 digits, and a company's begins with 16.")
    file, key_id = pseudonym_key_file(settings)
    registered, bad = await PseudonymKeys(database).all()
    if bad:
        raise Refused(*map(str, bad))
    known = tuple(registered)
    return Pseudonyms([filed.key for filed in read_keys(file, key_id)], lambda: known).all_of(number)


def _wanted(
    subject: SubjectKeys | None,
    consumer: str | None,
    producer: str | None,
    start: datetime | None,
    end: datetime | None,
) -> tuple[dict[str, Any], str]:
    """What is looked for, and in which order: by time where an index has it so, otherwise stream by stream."""
    wanted: dict[str, Any] = {}
    if subject is not None:
        wanted["subject"] = {"$in": [one.digest for one in subject]}
    if consumer is not None:
        wanted["consumer"] = consumer
    if producer is not None:
        wanted["producer"] = producer
    sort = "at" if wanted else "_id"
    if start is not None or end is not None:
        wanted["at"] = {**({"$gte": start} if start else {}), **({"$lt": end} if end else {})}
    return wanted, sort
