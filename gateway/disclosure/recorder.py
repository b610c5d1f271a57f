"""Writes the record: what happened, linked into a stream, before anybody is told of it (docs/algorithms.md)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import monotonic

import structlog

from gateway.disclosure.appending import PAUSE_SECONDS, End, NotInTime, append
from gateway.disclosure.chain import CannotBeLinked
from gateway.disclosure.seals import legible
from gateway.disclosure.streams import Stream, Writer, now
from gateway.errors import NotRecorded, StoreUnavailable
from gateway.metrics import RecordMetrics
from gateway.model.record import Entry, RecordKind
from gateway.store.disclosures import Disclosures
from gateway.store.record_streams import RecordStreams

log = structlog.get_logger(__name__)

MOST_IN_A_WRITE = 1_000
"""Records of one write, which are linked at one go: some two milliseconds of the event loop."""

MOST_WAITING = 50_000
"""Records that may wait for their write; with more the database is too slow for what is asked, and no more is taken.

Each is some 70 bytes as long as it waits; only those of one write are documents.
"""


class Recorder:
    """The one writer of a stream. What arrives while one write is under way goes with the next one, all together.

    `write_seconds` is what one write may take, with everything that is tried again. The stream begins with the first
    entry, and ends with `close`.
    """

    def __init__(
        self,
        records: Disclosures,
        streams: RecordStreams,
        writer: Writer,
        *,
        write_seconds: float,
        segment_records: int,
        metrics: RecordMetrics | None = None,
    ) -> None:
        self.stream: Stream | None = None
        """What is written to right now; None before the first entry, and after one that could not be written."""
        self.left_behind: set[str] = set()
        """Streams that were written to and never will be again, and that somebody has to close."""
        self._records = records
        self._streams = streams
        self._writer = writer
        self._write_seconds = write_seconds
        self._segment_records = segment_records
        self._metrics = metrics
        self._waiting: deque[_Waiting] = deque()
        self._records_waiting = 0
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def record(self, entries: Sequence[Entry]) -> None:
        """Returns when all of `entries`, in order, are in the journals of a majority.

        Raises NotRecorded when they could not be written in time: then nothing that they tell of may be told. Some or
        all of them may be in the record even so.
        """
        if not entries:
            return
        # Whoever finds nobody waiting is let in, however much it is: it would not be less another time.
        is_too_much = self._records_waiting and self._records_waiting + len(entries) > MOST_WAITING
        if self._closed or is_too_much:
            problem = "the recorder is closed" if self._closed else f"{self._records_waiting} records are waiting"
            self._tell_not_written(len(entries), problem)
            raise NotRecorded
        if self._task is None:
            self._task = asyncio.create_task(self._write_what_arrives())
        waiting = _Waiting(entries)
        self._waiting.append(waiting)
        self._records_waiting += len(entries)
        self._arrived.set()
        await waiting.done

    async def close(self) -> None:
        """Writes what is waiting, and the end of the stream if there is one. Takes nothing more."""
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self.stream is not None:
            await self._end(self.stream)

    def leave(self, stream: Stream) -> None:
        """Never writes to `stream` again, nor seals it: what comes next begins another."""
        self.left_behind.add(stream.id)
        if self.stream is stream:
            self.stream = None

    async def _write_what_arrives(self) -> None:
        while self._waiting or not self._closed:
            self._arrived.clear()
            if not self._waiting:
                await self._arrived.wait()
                continue
            # In a call of its own, which leaves nothing behind while the next is waited for.
            await self._write_next()

    async def _write_next(self) -> None:
        parts = self._next_parts()
        try:
            await self._write(parts)
        except NotInTime as exc:
            self._give_up(parts, exc.problem)
        except Exception as exc:
            log.exception("record.failed")
            self._give_up(parts, type(exc).__name__)

    def _next_parts(self) -> deque[_Part]:
        """What goes with the next write: all that waits, as far as one write goes.

        Who waits for more than a write takes what room there is, and queues again with the rest: so nobody waits
        until the whole of it is written. Who has gone away is told nothing, so there is nothing more to record.
        """
        parts: deque[_Part] = deque()
        room = MOST_IN_A_WRITE
        while room and self._waiting and (self._waiting[0].to_go <= room or self._waiting[0].to_go > MOST_IN_A_WRITE):
            waiting = self._waiting.popleft()
            if waiting.done.done():
                self._records_waiting -= waiting.to_go
                continue
            part = waiting.next_part(room)
            room -= len(part.entries)
            self._records_waiting -= len(part.entries)
            parts.append(part)
            if waiting.to_go:
                self._waiting.append(waiting)
        return parts

    async def _write(self, parts: deque[_Part]) -> None:
        """Writes `parts`, and tells those who wait for them; what is left of them is not written.

        Raises NotInTime.
        """
        give_up = monotonic() + self._write_seconds
        while parts:
            stream = self.stream or await self._begin(give_up)
            opening = 0 if stream.sequence else 1
            entries = [self._writer.opening()] * opening
            for part in parts:
                entries += part.entries
            try:
                documents = stream.link(entries)
            except CannotBeLinked as exc:
                self._refuse(parts, exc.position - opening, exc.problem)
                continue
            began = monotonic()
            appended = await append(self._records, documents, within=give_up - began)
            stream.wrote(documents[: appended.written])
            done = max(appended.written - opening, 0)
            if self._metrics is not None:
                self._metrics.written.inc(done)
                self._metrics.writes.observe(monotonic() - began)
            _take_written(parts, done)
            if appended.end is End.TAKEN:
                log.warning("record.stream_lost", stream=legible(stream.id))
                self.leave(stream)
            elif appended.end is End.REFUSED:
                self._refuse(parts, appended.refused - opening - done, appended.problem)

    async def _begin(self, give_up: float) -> Stream:
        """A new stream, registered before anything is written to it. Raises NotInTime."""
        stream = Stream(segment_records=self._segment_records)
        while True:
            try:
                await self._streams.register(
                    stream.id,
                    opened_at=now(),
                    writer=self._writer.kind,
                    version=self._writer.version,
                    within=max(give_up - monotonic(), PAUSE_SECONDS),
                )
            except StoreUnavailable as exc:
                if monotonic() + PAUSE_SECONDS >= give_up:
                    raise NotInTime(exc.problem) from exc
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self.stream = stream
                return stream

    async def _end(self, stream: Stream) -> None:
        documents = stream.link([Entry(RecordKind.CLOSED, details={"by": "its writer"})])
        try:
            appended = await append(self._records, documents, within=self._write_seconds)
        except NotInTime as exc:
            log.warning("record.stream_not_closed", stream=legible(stream.id), problem=exc.problem)
        else:
            stream.wrote(documents[: appended.written])
            stream.cut()

    def _refuse(self, parts: deque[_Part], position: int, problem: str) -> None:
        """Takes out the part with the entry at `position`, and tells who waits for it that it cannot be written.

        Raises NotInTime for an entry before them all: then nothing can be.
        """
        if position < 0:
            raise NotInTime(problem)
        ends = accumulate(len(part.entries) for part in parts)
        place = next(place for place, end in enumerate(ends) if position < end)
        self._tell_none_of(problem, [parts[place].waiting])
        del parts[place]

    def _give_up(self, parts: Iterable[_Part], problem: str) -> None:
        """Nobody who waits is told anything. What became of the last write is unknown, so its stream is left."""
        if self.stream is not None:
            self.leave(self.stream)
        self._tell_none_of(problem, [*(part.waiting for part in parts), *self._waiting])
        self._waiting.clear()
        self._records_waiting = 0

    def _tell_none_of(self, problem: str, several: Iterable[_Waiting]) -> None:
        """Those of `several` who still wait are told that not all of theirs is written, and will not be."""
        records = 0
        for waiting in several:
            if not waiting.done.done():
                records += waiting.unwritten
                waiting.done.set_exception(NotRecorded())
        self._tell_not_written(records, problem)

    def _tell_not_written(self, records: int, problem: str) -> None:
        log.error("record.not_written", records=records, problem=problem)
        if self._metrics is not None:
            self._metrics.not_written.inc(records)


class _Waiting:
    """Somebody who waits until all of `entries` are written: `to_go` go with no write yet, `unwritten` are not yet."""

    __slots__ = ("done", "entries", "to_go", "unwritten")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.to_go = self.unwritten = len(entries)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next_part(self, most: int) -> _Part:
        """The next of the entries, at most so many, to go with a write."""
        first = len(self.entries) - self.to_go
        entries = self.entries[first : first + most]
        self.to_go -= len(entries)
        return _Part(self, entries)

    def wrote(self, records: int) -> None:
        """So many more of them are."""
        self.unwritten -= records
        if not self.unwritten and not self.done.done():
            self.done.set_result(None)


@dataclass(slots=True)
class _Part:
    """Entries that go with one write, and who waits for them."""

    waiting: _Waiting
    entries: Sequence[Entry]


def _take_written(parts: deque[_Part], records: int) -> None:
    """Takes the first `records` entries, which are written, out of `parts`, and tells those who wait for them."""
    while records:
        part = parts[0]
        written = min(records, len(part.entries))
        records -= written
        part.waiting.wrote(written)
        if written == len(part.entries):
            parts.popleft()
        else:
            part.entries = part.entries[written:]
