"""Takes over streams whose writers are gone: closes each, and seals what is not sealed (docs/algorithms.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from gateway.disclosure.appending import End, NotInTime, append
from gateway.disclosure.chain import BEFORE_THE_FIRST, Document, hash_of, linked
from gateway.disclosure.sealing import SealChain, SealedByAnother
from gateway.disclosure.seals import Segment, legible
from gateway.disclosure.streams import Moments, Stream, now
from gateway.errors import StoreUnavailable
from gateway.model.record import Entry, RecordKind
from gateway.store.disclosures import Disclosures
from gateway.store.record_streams import RecordSeals, RecordStreams

log = structlog.get_logger(__name__)

CLOCKS_APART = timedelta(hours=1)
"""How far apart the clocks of writers may be for a new stream to be noticed before the next start."""

SILENT = timedelta(days=1)
"""A stream to which nothing was written for so long is closed although all of it is sealed: its writer may be gone.

One that is still there begins another stream with its next record.
"""

CLOSE_SECONDS = 2.0
"""What writing the end of a stream may take, before it is left to the next check."""


class Takeover:
    """Looks for dead streams. `dead_after` is the age of an unsealed record at which its writer is taken for gone."""

    def __init__(
        self,
        records: Disclosures,
        streams: RecordStreams,
        seals: RecordSeals,
        chain: SealChain,
        *,
        dead_after: timedelta,
        segment_records: int,
        moments: Moments = now,
    ) -> None:
        self._records = records
        self._streams = streams
        self._seals = seals
        self._chain = chain
        self._dead_after = dead_after
        self._segment_records = segment_records
        self._moments = moments
        self._open: dict[str, datetime] = {}
        """Streams that may not be sealed to their end yet, and when each was opened."""
        self._looked_until: datetime | None = None
        self._broken: set[str] = set()

    async def check(self, *, own: Stream | None, left_behind: set[str]) -> None:
        """Closes and seals the streams that are dead, or closed and not sealed; `own` is left alone.

        Those in `left_behind` are dead, whatever their age; they are taken out when that is done.
        Raises StoreUnavailable: then what is not done yet is done by the next check.
        """
        await self._notice_new_ones()
        for stream, opened_at in list(self._open.items()):
            if (own is None or stream != own.id) and await self._done_with(
                stream, opened_at, dead=stream in left_behind
            ):
                del self._open[stream]
                left_behind.discard(stream)

    async def _notice_new_ones(self) -> None:
        """Reads which streams there are: at first all, later those that are new."""
        opened = {stream["_id"]: stream["openedAt"] for stream in await self._streams.opened_since(self._looked_until)}
        if self._looked_until is None:
            for stream in await self._seals.closed_streams():
                opened.pop(stream, None)
        self._open.update(opened)
        self._looked_until = self._moments() - CLOCKS_APART

    async def _done_with(self, stream: str, opened_at: datetime, *, dead: bool) -> bool:
        """Whether `stream` needs no looking after any more, once what can be done for it is done."""
        seal = await self._seals.last_of(stream)
        if seal is not None and seal["closes"]:
            return True
        sealed, head = (0, BEFORE_THE_FIRST) if seal is None else (seal["last"], seal["head"])
        unsealed = await self._records.following(stream, sealed, most=1)
        since = unsealed[0]["at"] if unsealed else opened_at if seal is None else seal["lastAt"]
        dead = dead or self._moments() - since > (self._dead_after if unsealed else SILENT)
        last = await self._records.last(stream)
        if last is None:
            return dead  # registered, and nothing written before its writer was gone
        if last["kind"] != RecordKind.CLOSED.value:
            if not dead or not await self._close(last):
                return False
            log.warning("record.stream_taken_over", stream=legible(stream), records=last["sequence"] - sealed)
        return await self._seal(stream, sealed, head)

    async def _close(self, last: Document) -> bool:
        """Writes the end of a stream after its `last` record; False where something else was written in the meantime.

        Whoever still writes to it finds the place taken, and goes on in a stream of its own.
        """
        closing = linked(
            Entry(RecordKind.CLOSED, details={"by": "another"}),
            stream=last["stream"],
            sequence=last["sequence"] + 1,
            at=max(self._moments(), last["at"]),
            previous=last["hash"],
        )
        try:
            appended = await append(self._records, [closing], within=CLOSE_SECONDS)
        except NotInTime as exc:
            raise StoreUnavailable(exc.problem) from exc
        return appended.end is End.COMPLETE

    async def _seal(self, stream: str, sealed: int, head: str) -> bool:
        """Seals what of a closed stream follows record `sealed`, whose hash is `head`; False where not all of it is."""
        while records := await self._records.following(stream, sealed, most=self._segment_records):
            if not _are_linked(records, sealed, head):
                if stream not in self._broken:
                    self._broken.add(stream)
                    log.error("record.stream_broken", stream=legible(stream), after=sealed)
                return False
            try:
                await self._chain.add(_segment(records))
            except SealedByAnother:
                return False
            sealed, head = records[-1]["sequence"], records[-1]["hash"]
        return True


def _are_linked(records: Sequence[Document], sequence: int, head: str) -> bool:
    """Whether `records` follow number `sequence` with the hash `head` without a gap, each as it was written."""
    for record in records:
        sequence += 1
        if record["sequence"] != sequence or record["previous"] != head or record["hash"] != hash_of(record):
            return False
        head = record["hash"]
    return True


def _segment(records: Sequence[Document]) -> Segment:
    first, last = records[0], records[-1]
    return Segment(
        stream=first["stream"],
        first=first["sequence"],
        last=last["sequence"],
        before=first["previous"],
        head=last["hash"],
        first_at=first["at"],
        last_at=last["at"],
        closes=last["kind"] == RecordKind.CLOSED.value,
    )
