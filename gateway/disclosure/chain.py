"""How records are linked into a stream: each holds the hash of its canonical form (RFC 8785) and of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.model.record import Entry

Document = dict[str, Any]

BEFORE_THE_FIRST = "0" * 64
"""What the first record of a stream, and the first seal, name as the hash before them."""

NOT_HASHED = frozenset({"_id", "hash"})


def canonical(document: Mapping[str, Any]) -> bytes:
    """The canonical JSON of a record: everything but `_id` and `hash`, moments as text.

    RFC 8785 orders keys by UTF-16 and prescribes how numbers are written. The keys of a record are ASCII and its
    numbers whole, for which sorted JSON without white space is the same.
    """
    return orjson.dumps(
        {name: value for name, value in document.items() if name not in NOT_HASHED},
        default=_moment,
        option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME,
    )


def hash_of(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a record's canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def record_id(stream: str, sequence: int) -> str:
    """A record's `_id`: records of a stream sort by it."""
    return f"{stream}/{sequence:012d}"


def linked(entry: Entry, *, stream: str, sequence: int, at: datetime, previous: str) -> Document:
    """The document of `entry` as number `sequence` of `stream`, at `at` (UTC, to the millisecond).

    `previous` is the hash of the record before it, BEFORE_THE_FIRST for the first.
    """
    document = _said(entry)
    document["stream"] = stream
    document["sequence"] = sequence
    document["at"] = at
    document["previous"] = previous
    document["hash"] = hash_of(document)
    document["_id"] = record_id(stream, sequence)
    return document


def _said(entry: Entry) -> Document:
    document: Document = {"kind": entry.kind.value}
    if entry.subject is not None:
        document["subject"] = entry.subject.digest
        document["subjectKey"] = entry.subject.key_id
    for name, value in (
        ("requestId", entry.request_id),
        ("consumer", entry.consumer),
        ("actors", entry.actors),
        ("group", entry.group),
        ("producer", entry.producer),
        ("caseType", entry.case_type),
        ("reference", entry.reference),
        ("fields", entry.fields),
        ("withheld", entry.withheld),
        ("purpose", entry.purpose),
        ("grants", entry.grants),
        ("legalBasis", entry.legal_basis),
        ("outcome", entry.outcome),
    ):
        if value:
            document[name] = list(value) if isinstance(value, tuple) else value
    if entry.details:
        document["details"] = {
            name: value if isinstance(value, str | int) else list(value) for name, value in entry.details.items()
        }
    return document


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(f"A record holds no {type(value).__name__}")
