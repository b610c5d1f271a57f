"""What the commands of `gateway audit` have in common: the database, the keys of seals, the record, the progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.administration.database import administered_database, record_key_file
from gateway.administration.ending import ended_plainly
from gateway.administration.plans import Refused
from gateway.disclosure.seal_keys import SealKeys, read_seal_keys
from gateway.settings import PREFIX, Settings, load_settings
from gateway.store.driver import Database

READ_SECONDS = 300.0
"""What one read may take: much of the record may have to be looked through for it."""

SECONDS_BETWEEN_LINES = 5.0

AnswerT = TypeVar("AnswerT")


class BrokenOff(Exception):
    """Ctrl-C."""


def audited(work: Callable[[Settings, Database], Awaitable[AnswerT]]) -> AnswerT:
    """What `work` gives. What a person can mend ends the program: a sentence on standard error, exit code 1.

    Raises BrokenOff.
    """

    async def run() -> AnswerT:
        settings = load_settings()
        async with administered_database(settings, read_seconds=READ_SECONDS) as database:
            return await work(settings, database)

    try:
        return ended_plainly(run)
    except KeyboardInterrupt as exc:
        raise BrokenOff from exc


def seal_keys(settings: Settings, files: Sequence[Path] | None) -> SealKeys:
    """The public keys in `files`, or that of the gateway's own. Raises SealKeyError, and Refused: there is none."""
    if files:
        return read_seal_keys(files)
    own = record_key_file(settings)
    if own is None:
        raise Refused(
            f"No key to check seals with: give --key, a file with the public JWK, or set {PREFIX}RECORD_KEY_FILE."
        )
    return read_seal_keys([own])


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far something is, on standard error: a bar on a terminal, a line now and then elsewhere.

    Gives a function that takes how many of how many are done.
    """
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines(what)
        return
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=0)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int], None]:
    last = monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = monotonic()
            typer.echo(f"{what}: {done:,} of {total:,}", err=True)

    return tell
