"""Whether an export is whole and unmixed, and each record in it the one that its hash is of."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.disclosure.exports import COLUMNS, END, IN_JSON, Csv, Format

MOST_TOLD = 100


@dataclass
class CheckedExport:
    """What came of it: the format, how many records there are, and what is wrong, a sentence each."""

    format: Format
    records: int = 0
    faults: list[str] = field(default_factory=list)

    def tell(self, fault: str) -> None:
        """Adds what is wrong, up to a hundred."""
        if len(self.faults) < MOST_TOLD:
            self.faults.append(fault)


class _Lines:
    """The lines of a file but its last, each hashed when the next one is there."""

    def __init__(self, lines: Iterable[bytes], first: bytes) -> None:
        self._lines = iter(lines)
        self._sha256 = hashlib.sha256()
        self.last = first

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self._sha256.update(self.last)
            before, self.last = self.last, line
            yield before

    @property
    def sha256(self) -> str:
        """Of all lines that were given."""
        return self._sha256.hexdigest()


def check_lines(lines: Iterable[bytes]) -> CheckedExport | None:
    """Checks an export, given with its line ends; None for what is none at all."""
    lines = iter(lines)
    first = next(lines, b"")
    read = _Lines(lines, first)
    if first == Csv().head():
        checked = CheckedExport(Format.CSV)
        records = _of_csv(read)
    elif first.startswith(b'{"'):
        checked = CheckedExport(Format.JSONL)
        records = _of_json(read)
    else:
        return None
    while True:
        try:
            said = next(records)
        except StopIteration:
            break
        except ValueError as exc:
            checked.tell(f"What stands after record {checked.records} cannot be read: {exc}.")
            for _ in read:
                pass  # the rest is hashed
            break
        checked.records += 1
        if not has_its_hash(said):
            where = f"record {said.get('sequence')} of the stream {said.get('stream')}"
            checked.tell(f"Record {checked.records} of the export ({where}) is not the one that its hash is of.")
    _check_end(checked, read)
    return checked


def has_its_hash(said: Mapping[str, Any]) -> bool:
    """Whether a record, as an export has it, is the one that its hash is of."""
    hashed = {name: value for name, value in said.items() if name != "hash"}
    return hashlib.sha256(orjson.dumps(hashed, option=orjson.OPT_SORT_KEYS)).hexdigest() == said.get("hash")


def _check_end(checked: CheckedExport, read: _Lines) -> None:
    end = _end(checked.format, read.last)
    if end is None:
        checked.tell("It has no last line that says how many records there are: it was cut off.")
        return
    records, sha256 = end
    if records != checked.records:
        checked.tell(f"Its last line says that it has {records} records; it has {checked.records}.")
    if sha256 != read.sha256:
        checked.tell("It is not as it was written: lines were changed, removed, added or mixed from another export.")


def _end(format_: Format, line: bytes) -> tuple[object, object] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        if format_ is Format.CSV:
            ((mark, records, sha256),) = csv.reader([line.decode()])
            return (int(records), sha256) if mark == END else None
        said = orjson.loads(line)
        return (said["records"], said["sha256"]) if said["end"] is True else None
    except (ValueError, KeyError, TypeError):
        return None


def _of_json(read: _Lines) -> Iterator[Mapping[str, Any]]:
    for line in read:
        said = orjson.loads(line)
        if not isinstance(said, dict) or "end" in said:
            raise ValueError("a line is no record")
        yield said


def _of_csv(read: _Lines) -> Iterator[Mapping[str, Any]]:
    try:
        for place, cells in enumerate(csv.reader((line.decode() for line in read), strict=True)):
            if len(cells) != len(COLUMNS):
                raise ValueError("a line has another number of columns")
            if place:
                yield _said(cells)
    except csv.Error as exc:
        raise ValueError(str(exc)) from exc


def _said(cells: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, cell in zip(COLUMNS, cells, strict=True):
        text = cell.removeprefix("'")
        if text:
            said[name] = orjson.loads(text) if name in IN_JSON else int(text) if name == "sequence" else text
    return said
