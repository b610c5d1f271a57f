"""A stream: the records that one process writes one after the other, each linked to the one before."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.disclosure.chain import BEFORE_THE_FIRST, Document, all_linked
from gateway.disclosure.seals import Segment
from gateway.model.record import DetailValue, Entry, RecordKind

Moments = Callable[[], datetime]


def now() -> datetime:
    """The present moment in UTC, to the millisecond: MongoDB keeps no more of it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes a stream: `gateway` or `command`, in which version; `details` stand in its first record beside."""

    kind: str
    version: str
    details: Mapping[str, DetailValue] = field(default_factory=dict)

    def opening(self) -> Entry:
        """The first entry of a stream."""
        return Entry(RecordKind.OPENED, details={"writer": self.kind, "version": self.version, **self.details})


class Stream:
    """One stream, as far as it is known to be written. What is linked counts only once `wrote` says that it stands.

    Every `segment_records` records make a segment, which is ready to be sealed; `cut` makes one of what there is.
    """

    def __init__(self, *, segment_records: int, moments: Moments = now) -> None:
        self.id = secrets.token_hex(8)
        self.sequence = 0
        self.segments: list[Segment] = []
        """Ready to be sealed, in order; who seals them takes them out."""
        self._segment_records = segment_records
        self._moments = moments
        self._head = BEFORE_THE_FIRST
        self._at = datetime.min.replace(tzinfo=UTC)
        self._closed = False
        self._first, self._before = 1, BEFORE_THE_FIRST
        self._first_at: datetime | None = None

    def link(self, entries: Sequence[Entry]) -> list[Document]:
        """The documents of `entries` as the next of this stream, at the present moment or the last one's, if later.

        Raises CannotBeLinked.
        """
        at = max(self._moments(), self._at)
        return all_linked(entries, stream=self.id, first=self.sequence + 1, at=at, previous=self._head)

    def wrote(self, documents: Sequence[Document]) -> None:
        """These, which `link` made as the next, stand in the database."""
        while documents:
            fitting = documents[: self._first + self._segment_records - 1 - self.sequence]
            documents = documents[len(fitting) :]
            if self._first_at is None:
                self._first_at = fitting[0]["at"]
            last = fitting[-1]
            self.sequence, self._head, self._at = last["sequence"], last["hash"], last["at"]
            self._closed = last["kind"] == RecordKind.CLOSED.value
            if self.sequence - self._first + 1 == self._segment_records:
                self.cut()

    @property
    def unsealed_since(self) -> datetime | None:
        """The moment of the first record that is in no segment yet; None when all are."""
        return self._first_at

    def cut(self) -> None:
        """Makes a segment of the records that are in none yet, if there are any."""
        if self._first_at is None:
            return
        self.segments.append(
            Segment(
                self.id, self._first, self.sequence, self._before, self._head, self._first_at, self._at, self._closed
            )
        )
        self._first, self._before, self._first_at = self.sequence + 1, self._head, None
