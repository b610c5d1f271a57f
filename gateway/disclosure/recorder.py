"""Writes the record: what happened, linked into a stream, before anybody is told of it (docs/algorithms.md)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from time import monotonic

import structlog

from gateway.disclosure.appending import PAUSE_SECONDS, End, NotInTime, append
from gateway.disclosure.seals import legible
from gateway.disclosure.streams import CannotBeLinked, Stream, Writer, now
from gateway.errors import NotRecorded, StoreUnavailable
from gateway.metrics import RecordMetrics
from gateway.model.record import Entry, RecordKind
from gateway.store.disclosures import Disclosures
from gateway.store.record_streams import RecordStreams

log = structlog.get_logger(__name__)

MOST_IN_A_WRITE = 1_000
"""Records of one write, which are linked at one go: some ten milliseconds of the event loop."""

MOST_WAITING = 20_000
"""Records that may wait to be written; with more the database is too slow for what is asked, and no more is taken."""


class Recorder:
    """The one writer of a stream. What arrives while one write is under way goes with the next one, all together.

    `write_seconds` is what one write may take, with everything that is tried again: nobody waits for longer than two.
    The stream begins with the first entry, and ends with `close`.
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
        if self._closed or self._records_waiting + len(entries) > MOST_WAITING:
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
            await self._write_next_group()

    async def _write_next_group(self) -> None:
        group = self._next_group()
        try:
            await self._write(group)
        except NotInTime as exc:
            self._give_up(group, exc.problem)
        except Exception as exc:
            log.exception("record.failed")
            self._give_up(group, type(exc).__name__)

    def _next_group(self) -> list[_Waiting]:
        """Those who go with the next write: all who wait, as far as one write goes, and at least one.

        Who has gone away in the meantime is told nothing, so there is nothing to record.
        """
        group: list[_Waiting] = []
        records = 0
        while self._waiting and (not group or records + self._waiting[0].left <= MOST_IN_A_WRITE):
            waiting = self._waiting.popleft()
            self._records_waiting -= waiting.left
            if not waiting.done.done():
                group.append(waiting)
                records += waiting.left
        return group

    async def _write(self, group: Sequence[_Waiting]) -> None:
        """Writes what `group` waits for, and tells those of it whose records are written or refused.

        Raises NotInTime.
        """
        give_up = monotonic() + self._write_seconds
        pieces = [(entry, waiting) for waiting in group for entry in waiting.entries]
        while pieces:
            stream = self.stream or await self._begin(give_up)
            opening = 0 if stream.sequence else 1
            entries = [self._writer.opening()] * opening + [entry for entry, _ in islice(pieces, MOST_IN_A_WRITE)]
            try:
                documents = stream.link(entries)
            except CannotBeLinked as exc:
                pieces = self._without(pieces, exc.position - opening, exc.problem)
                continue
            began = monotonic()
            appended = await append(self._records, documents, within=give_up - began)
            stream.wrote(documents[: appended.written])
            done = max(appended.written - opening, 0)
            if self._metrics is not None:
                self._metrics.written.inc(done)
                self._metrics.writes.observe(monotonic() - began)
            for _, waiting in pieces[:done]:
                waiting.one_written()
            pieces = pieces[done:]
            if appended.end is End.TAKEN:
                log.warning("record.stream_lost", stream=legible(stream.id))
                self.leave(stream)
            elif appended.end is End.REFUSED:
                pieces = self._without(pieces, appended.refused - opening - done, appended.problem)

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

    def _without(self, pieces: Sequence[_Piece], position: int, problem: str) -> list[_Piece]:
        """The pieces without those of him who waits for the one at `position`, who is told that it cannot be written.

        Raises NotInTime for a piece before them all: then nothing can be.
        """
        if position < 0:
            raise NotInTime(problem)
        refused = pieces[position][1]
        self._tell_not_written(refused.left, problem)
        refused.not_written()
        return [piece for piece in pieces if piece[1] is not refused]

    def _tell_not_written(self, records: int, problem: str) -> None:
        log.error("record.not_written", records=records, problem=problem)
        if self._metrics is not None:
            self._metrics.not_written.inc(records)

    def _give_up(self, group: Sequence[_Waiting], problem: str) -> None:
        """Nobody who waits is told anything. What became of the last write is unknown, so its stream is left."""
        if self.stream is not None:
            self.leave(self.stream)
        unwritten = [waiting for waiting in (*group, *self._waiting) if not waiting.done.done()]
        self._tell_not_written(sum(waiting.left for waiting in unwritten), problem)
        for waiting in unwritten:
            waiting.not_written()
        self._waiting.clear()
        self._records_waiting = 0


class _Waiting:
    """Somebody who waits until all of `entries` are written; `left` of them are not yet."""

    __slots__ = ("done", "entries", "left")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.left = len(entries)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one_written(self) -> None:
        """One more of them is."""
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def not_written(self) -> None:
        """Not all of them are, and they will not be."""
        if not self.done.done():
            self.done.set_exception(NotRecorded())


_Piece = tuple[Entry, _Waiting]
