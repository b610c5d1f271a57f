"""How records are linked into a stream: each holds the hash of its canonical form (RFC 8785) and of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.model.record import Entry

Document = dict[str, Any]

BEFORE_THE_FIRST = "0" * 64
"""What the first record of a stream, and the first seal, name as the hash before them."""

NOT_HASHED = frozenset({"_id", "hash"})


CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME

SEQUENCE_DIGITS = 12


class CannotBeLinked(Exception):
    """The entry at `position` has something in it that no record can hold."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position, self.problem = position, problem


def canonical(document: Mapping[str, Any]) -> bytes:
    """The canonical JSON of a record: everything but `_id` and `hash`, moments as text.

    RFC 8785 orders keys by UTF-16 and prescribes how numbers are written. The keys of a record are ASCII and its
    numbers whole, for which sorted JSON without white space is the same.
    """
    return orjson.dumps(
        {name: value for name, value in document.items() if name not in NOT_HASHED}, default=_moment, option=CANONICAL
    )


def hash_of(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a record's canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def record_id(stream: str, sequence: int) -> str:
    """A record's `_id`: records of a stream sort by it."""
    return f"{stream}/{sequence:0{SEQUENCE_DIGITS}d}"


def linked(entry: Entry, *, stream: str, sequence: int, at: datetime, previous: str) -> Document:
    """The document of `entry` as number `sequence` of `stream`, at `at` (UTC, to the millisecond).

    `previous` is the hash of the record before it, BEFORE_THE_FIRST for the first. Raises CannotBeLinked.
    """
    return all_linked([entry], stream=stream, first=sequence, at=at, previous=previous)[0]


def all_linked(entries: Iterable[Entry], *, stream: str, first: int, at: datetime, previous: str) -> list[Document]:
    """The documents of `entries`, in order, as number `first` of `stream` and those after it, all at one moment.

    Each is put into canonical form before it gets what is not part of that, and with the moment as text. `hash_of`
    finds the same hash in what is stored, but needs a second document for it. Raises CannotBeLinked.
    """
    dumps, sha256 = orjson.dumps, hashlib.sha256
    text, ids = _moment(at), f"{stream}/"
    documents: list[Document] = []
    try:
        for sequence, entry in enumerate(entries, first):
            document: Document = {**entry.said}
            if entry.producer:
                document["producer"] = entry.producer
            if entry.case_type:
                document["caseType"] = entry.case_type
            if entry.reference:
                document["reference"] = entry.reference
            document["stream"] = stream
            document["sequence"] = sequence
            document["at"] = text
            document["previous"] = previous
            previous = sha256(dumps(document, option=CANONICAL)).hexdigest()
            document["at"] = at
            document["hash"] = previous
            document["_id"] = ids + str(sequence).zfill(SEQUENCE_DIGITS)
            documents.append(document)
    except (TypeError, ValueError) as exc:
        raise CannotBeLinked(len(documents), f"it cannot be put into canonical form: {exc}") from exc
    return documents


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(f"A record holds no {type(value).__name__}")
