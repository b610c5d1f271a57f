"""Exports of the record: a line a record, and a last line that says how many there are and what all of it hashes to.

A file that was cut off has no such last line; one that was changed, or mixed from two, has another hash. Each record
in it has its own hash, too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

import orjson

from gateway.disclosure.runs import Document, moment_text

LISTS = ("actors", "fields", "withheld", "grants", "legalBasis")
COLUMNS = (
    *("at", "kind", "outcome", "requestId", "consumer", "subject", "subjectKey", "actors", "group", "producer"),
    *("caseType", "reference", "fields", "withheld", "purpose", "grants", "legalBasis", "details"),
    *("stream", "sequence", "previous", "hash"),
)
"""Of a CSV file. Lists and details stand as JSON."""

IN_JSON = frozenset({*LISTS, "details"})
END = "#end"

BEGINS_A_FORMULA = re.compile(r"[\s']*[=+\-@＝＋－＠]|[\t\r\n']")
"""Cells that a spreadsheet would take for a formula, or that begin with the sign that keeps it from doing so."""


class Format(Enum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


class Form(Protocol):
    """One way to write records as text."""

    def head(self) -> bytes:
        """What comes first."""

    def record(self, said: Mapping[str, Any]) -> bytes:
        """A record, whose moments are text."""

    def end(self, records: int, sha256: str) -> bytes:
        """What comes last."""


class JsonLines:
    """A JSON object a line; the last is `{"end": true, "records": …, "sha256": …}`."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def record(self, said: Mapping[str, Any]) -> bytes:
        """The record in canonical form, with its hash."""
        return orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)

    def end(self, records: int, sha256: str) -> bytes:
        """The last line."""
        return orjson.dumps({"end": True, "records": records, "sha256": sha256}, option=orjson.OPT_APPEND_NEWLINE)


class Csv:
    """RFC 4180, UTF-8, with a line of column names; the last line is `#end`, the number of records and the hash."""

    def head(self) -> bytes:
        """The names of the columns."""
        return _csv_line(COLUMNS)

    def record(self, said: Mapping[str, Any]) -> bytes:
        """A record as a line."""
        return _csv_line([_cell(name, said.get(name)) for name in COLUMNS])

    def end(self, records: int, sha256: str) -> bytes:
        """The last line."""
        return _csv_line([END, str(records), sha256])


FORMS: Mapping[Format, type[JsonLines | Csv]] = {Format.JSONL: JsonLines, Format.CSV: Csv}


class Exporting:
    """Turns records into the bytes of an export, and counts them."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._sha256 = hashlib.sha256()
        self.records = 0

    @property
    def sha256(self) -> str:
        """The hash of all that was given so far."""
        return self._sha256.hexdigest()

    def head(self) -> bytes:
        """What comes first."""
        return self._counted(self._form.head())

    def batch(self, documents: list[Document]) -> bytes:
        """Some records."""
        self.records += len(documents)
        return self._counted(b"".join(self._form.record(_said(document)) for document in documents))

    def end(self) -> bytes:
        """The last line."""
        return self._form.end(self.records, self.sha256)

    def _counted(self, content: bytes) -> bytes:
        self._sha256.update(content)
        return content


def _said(document: Document) -> dict[str, Any]:
    said = {name: value for name, value in document.items() if name != "_id"}
    if isinstance(said.get("at"), datetime):
        said["at"] = moment_text(said["at"])
    return said


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    text = orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode() if name in IN_JSON else str(value)
    return f"'{text}" if BEGINS_A_FORMULA.match(text) else text


def _csv_line(cells: list[str] | tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
