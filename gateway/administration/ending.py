"""How a command ends that cannot do what it is asked: with a sentence that says why, and an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import typer

from gateway.administration.plans import Refused
from gateway.disclosure.anchors import AnchorError
from gateway.disclosure.seal_keys import SealKeyError
from gateway.errors import NotRecorded, StoreUnavailable
from gateway.identity.pseudonyms import KeysDiffer
from gateway.key_files import KeyFileError
from gateway.settings import SettingsError
from gateway.store.records import RecordRefused

AnswerT = TypeVar("AnswerT")

REFUSED = 1
NOT_CONFIRMED = 2
BROKEN_OFF = 130
"""As a shell has it of a program that Ctrl-C ended."""

MENDABLE = (
    StoreUnavailable,
    KeysDiffer,
    NotRecorded,
    Refused,
    RecordRefused,
    SettingsError,
    KeyFileError,
    SealKeyError,
    AnchorError,
)
"""What a person can mend: it ends a command with REFUSED and a sentence on standard error, without a traceback."""


def ended_plainly(work: Callable[[], Coroutine[Any, Any, AnswerT]]) -> AnswerT:
    """What `work` gives. What a person can mend ends the program: a sentence on standard error, and REFUSED."""
    try:
        return asyncio.run(work())
    except MENDABLE as exc:
        typer.echo(in_a_sentence(exc), err=True)
        raise typer.Exit(REFUSED) from exc


def in_a_sentence(problem: Exception) -> str:
    """What is wrong, for the person who gave the command."""
    match problem:
        case StoreUnavailable():
            return f"MongoDB cannot be used: {problem.problem}"
        case KeysDiffer():
            return f"The key file does not fit the database: {problem.problem}."
        case NotRecorded():
            return "It could not be recorded. What is to be recorded first was not done then."
        case _:
            return str(problem)
