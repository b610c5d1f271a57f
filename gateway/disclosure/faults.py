"""What can be wrong with the record: codes that stay, and what is said of each fault that is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

MOST_TOLD = 100
"""Faults that are told one by one; the rest are counted."""


class FaultCode(Enum):
    """What kind of fault it is. Programs may rely on these; docs/operations.md lists them."""

    RECORD_CHANGED = "RECORD_CHANGED"
    RECORD_REMOVED = "RECORD_REMOVED"
    RECORD_INSERTED = "RECORD_INSERTED"
    RECORDS_SWAPPED = "RECORDS_SWAPPED"
    TAIL_CUT_OFF = "TAIL_CUT_OFF"
    STREAM_REPLACED = "STREAM_REPLACED"
    STREAM_NOT_REGISTERED = "STREAM_NOT_REGISTERED"
    SEAL_CHANGED = "SEAL_CHANGED"
    SEAL_REMOVED = "SEAL_REMOVED"
    SEAL_WRONG = "SEAL_WRONG"
    ANCHOR_NOT_MET = "ANCHOR_NOT_MET"
    CHECKPOINT_NOT_MET = "CHECKPOINT_NOT_MET"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its code, where it is, and in plain words `what` is wrong.

    `records` are the first and the last sequence in `stream` that it is about, `seal` a seal's number.
    """

    code: FaultCode
    what: str
    stream: str | None = None
    records: tuple[int, int] | None = None
    seal: int | None = None

    def as_json(self) -> dict[str, object]:
        """The fault as JSON; what does not apply is left out."""
        places: dict[str, object] = {"stream": self.stream, "records": self.records, "seal": self.seal}
        return {
            "code": self.code.value,
            **{name: value for name, value in places.items() if value is not None},
            "what": self.what,
        }


class Faults:
    """The faults found so far: the first hundred, and how many of each code."""

    def __init__(self) -> None:
        self.told: list[Fault] = []
        self.counts: Counter[FaultCode] = Counter()

    def __bool__(self) -> bool:
        return bool(self.counts)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()

    def add(self, faults: Iterable[Fault]) -> None:
        """Adds faults."""
        for fault in faults:
            self.counts[fault.code] += 1
            if len(self.told) < MOST_TOLD:
                self.told.append(fault)


def numbers(first: int, last: int) -> str:
    """The records from `first` to `last`, in words."""
    return f"record {first}" if first == last else f"records {first} to {last}"
