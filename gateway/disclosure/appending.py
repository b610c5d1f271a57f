"""Appends linked documents to the database so that each stands there once, whatever became of an answer on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from time import monotonic

from gateway.disclosure.chain import Document
from gateway.errors import StoreUnavailable
from gateway.store.disclosures import Disclosures, DocumentRefused, PlaceTaken

ATTEMPT_SHARE = 0.4
"""Of the time there is, for one attempt: a server that does not answer is asked twice, and half a time more."""

PAUSE_SECONDS = 0.05
"""Between two attempts."""


class NotInTime(Exception):
    """It is not known in time whether all of it was written; `problem` says why, for the log."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class End(Enum):
    """Why no more was written."""

    COMPLETE = auto()
    """There is no more."""
    TAKEN = auto()
    """The next place has a record of somebody else's: they have closed the stream."""
    REFUSED = auto()
    """The database refuses one of them, and always will."""


@dataclass(frozen=True, slots=True)
class Appended:
    """How many of the documents stand in the database, each once, and why not more; `refused` is a position."""

    written: int
    end: End
    problem: str = ""
    refused: int = 0


async def append(records: Disclosures, documents: Sequence[Document], *, within: float) -> Appended:
    """Writes `documents`, which follow one another in a stream, within so many seconds.

    After a failure that leaves open what was written the same documents are sent again, under the same ids. The hash
    of what then stands in a place says whose it is. Raises NotInTime.
    """
    give_up, written, problem = monotonic() + within, 0, "no time was left"
    while (left := give_up - monotonic()) > 0:
        attempt = min(left, within * ATTEMPT_SHARE)
        try:
            try:
                await records.append(documents[written:], within=attempt)
            except PlaceTaken as exc:
                written += exc.written
            else:
                return Appended(len(documents), End.COMPLETE)
            hashes = await records.hashes([document["_id"] for document in documents[written:]], within=attempt)
        except DocumentRefused as exc:
            return Appended(written + exc.written, End.REFUSED, exc.problem, refused=written + exc.position)
        except StoreUnavailable as exc:
            problem = exc.problem
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        while written < len(documents) and hashes.get(documents[written]["_id"]) == documents[written]["hash"]:
            written += 1
        if written == len(documents):
            return Appended(written, End.COMPLETE)
        if documents[written]["_id"] in hashes:
            return Appended(written, End.TAKEN)
        # Ours so far, and the next place is free; or a majority does not have what is there yet, which takes a moment.
        problem = "a majority did not confirm the write in time"
    raise NotInTime(problem)
