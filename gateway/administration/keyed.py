"""What the commands that work with the pseudonym keys have in common: the keys, the database, and the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import typer

from gateway.administration.database import administered_database, pseudonym_key_file
from gateway.administration.ending import BROKEN_OFF, NOT_CONFIRMED, ended_plainly
from gateway.administration.plans import Refused
from gateway.administration.running import is_somebody_there
from gateway.groups.moments import this_moment
from gateway.identity.pseudonym_key_file import FiledKey, read_keys
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.pseudonym_key import RegisteredKey
from gateway.settings import Settings, load_settings
from gateway.store.driver import Database
from gateway.store.pseudonym_keys import PseudonymKeys

READ_SECONDS = 600.0
"""One operation may take so long: they count and read what no index brings together."""

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class KeyDesk:
    """What a command works with: the keys in the file, those that are registered, and the moment it began."""

    settings: Settings
    database: Database
    keys: PseudonymKeys
    file: Path
    filed: tuple[FiledKey, ...]
    registered: tuple[RegisteredKey, ...]
    moment: datetime

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Pseudonyms under the keys in the file, of which the database says which is current."""
        return Pseudonyms([filed.key for filed in self.filed], lambda: self.registered, told=_in_its_answer)

    async def again(self) -> KeyDesk:
        """The same, with what is registered now."""
        return await _desk(self.settings, self.database, self.file, self.filed)


def with_keys(work: Callable[[KeyDesk], Awaitable[AnswerT]]) -> AnswerT:
    """What `work` gives. What a person can mend ends the program: a sentence on standard error, exit code 1."""

    async def run() -> AnswerT:
        settings = load_settings()
        file, key_id = pseudonym_key_file(settings)
        filed = read_keys(file, key_id)
        async with administered_database(settings, read_seconds=READ_SECONDS) as database:
            return await work(await _desk(settings, database, file, filed))

    try:
        return ended_plainly(run)
    except KeyboardInterrupt as exc:
        raise typer.Exit(BROKEN_OFF) from exc


def confirmed(question: str, *, yes: bool) -> None:
    """Returns when somebody said yes to `question`, or the command's `--yes` did.

    Where there is nobody to ask, the program ends with exit code 2. Raises Refused at a no.
    """
    if yes:
        return
    typer.echo(question, err=True)
    if not is_somebody_there():
        typer.echo("Nothing was done: there is nobody to ask. Repeat it with --yes if that is meant.", err=True)
        raise typer.Exit(NOT_CONFIRMED)
    if not typer.confirm("Do it?", err=True):
        raise Refused("Nothing was done.")


def _in_its_answer(_: str) -> None:
    """A command says it itself, and has no log."""


async def _desk(settings: Settings, database: Database, file: Path, filed: tuple[FiledKey, ...]) -> KeyDesk:
    keys = PseudonymKeys(database)
    registered, bad = await keys.all()
    if bad:
        raise Refused(*map(str, bad))
    return KeyDesk(settings, database, keys, file, filed, tuple(registered), this_moment())
