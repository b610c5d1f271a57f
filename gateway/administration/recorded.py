"""What a command does, in the record: before it is done, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from gateway.disclosure.keeping import command_record
from gateway.model.caller import SubjectKey
from gateway.model.history import Cause
from gateway.model.identity_numbers import without_numbers
from gateway.model.record import DetailValue, Entry, Outcome, RecordKind
from gateway.store.driver import Database

Details = dict[str, DetailValue]


@asynccontextmanager
async def recorded(
    database: Database,
    action: str,
    cause: Cause,
    *,
    kind: RecordKind = RecordKind.AUDIT,
    subject: SubjectKey | None = None,
    details: Mapping[str, DetailValue] | None = None,
) -> AsyncIterator[Details]:
    """Records `action` before what is done in the context, and after it how it ended.

    What is put into the details that the context gives stands in the record of the end. Raises NotRecorded: before
    anything is done, or when it is done and only its end could not be recorded; that it was intended stands then.
    """
    # What people write of their reasons may name somebody by number.
    by, why = without_numbers(cause.by), without_numbers(cause.why)
    known: Details = {"action": action, "by": by, "why": why, **(details or {})}
    async with command_record(database) as recorder:

        async def write(outcome: Outcome, found: Details) -> None:
            entry = Entry(kind, subject=subject, outcome=outcome.value, details={**known, **found})
            await recorder.record([entry])

        await write(Outcome.INTENDED, {})
        found: Details = {}
        try:
            yield found
        except BaseException:
            await write(Outcome.FAILED, found)
            raise
        await write(Outcome.MADE, found)
