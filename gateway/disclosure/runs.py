"""A run of one stream's records, held against what its seal says of it (docs/algorithms.md, "Verifying the record")."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.disclosure.chain import record_id
from gateway.disclosure.faults import Fault

Document = dict[str, Any]

RECORD_ID = re.compile(r"([0-9a-f]{16})/([0-9]{12})")


@dataclass(frozen=True, slots=True)
class Run:
    """The records `first` to `last` of `stream`, following the one whose hash is `before`.

    `head` is the hash that the last one must have; None where nothing says it, since it is not sealed yet. `seal` is
    the number of the seal that covers them.
    """

    stream: str
    first: int
    last: int
    before: str
    head: str | None
    seal: int | None = None

    @property
    def length(self) -> int:
        """How many records it should have."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a run: how many records were there, which were missing (runs of sequences), and what is wrong.

    `head` is the hash that what follows must name.
    """

    head: str
    present: int
    missing: Sequence[tuple[int, int]] = ()
    faults: Sequence[Fault] = field(default_factory=tuple)


def moment_text(moment: datetime) -> str:
    """A moment as the canonical form has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def digest(document: Document) -> str | None:
    """The hash that a record should have, from what it says; None for what cannot be a record.

    As `chain.hash_of`, but nothing except `at` may be a moment: one that stands for a text is another record.
    """
    at = document.get("at")
    if type(at) is not datetime:
        return None
    said = {**document, "at": moment_text(at)}
    del said["_id"]
    said.pop("hash", None)
    try:
        return hashlib.sha256(
            orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)
        ).hexdigest()
    except TypeError:
        return None


def place_of(document: Document) -> tuple[str, int] | None:
    """The stream and sequence that a record's `_id` says; None where it says none."""
    match = RECORD_ID.fullmatch(document["_id"]) if isinstance(document["_id"], str) else None
    return None if match is None else (match[1], int(match[2]))


def is_whole(run: Run, documents: Sequence[Document]) -> bool:
    """Whether `documents`, in order of `_id`, are exactly the run's records, unchanged."""
    if len(documents) != run.length:
        return False
    previous, stream = run.before, run.stream
    for sequence, document in enumerate(documents, run.first):
        found = digest(document)
        if (
            found is None
            or found != document.get("hash")
            or document.get("previous") != previous
            or document.get("sequence") != sequence
            or document.get("stream") != stream
            or document["_id"] != record_id(stream, sequence)
        ):
            return False
        previous = found
    return run.head in (None, previous)
