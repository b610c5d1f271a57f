"""The record, kept for as long as a process runs: opened with it, sealed in the background, closed at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from time import monotonic

import structlog

from gateway.disclosure.recorder import MOST_IN_A_WRITE, Recorder
from gateway.disclosure.sealing import SealChain, SealedByAnother
from gateway.disclosure.seals import SealingKey
from gateway.disclosure.streams import Writer, now
from gateway.disclosure.takeover import Takeover
from gateway.errors import StoreUnavailable
from gateway.metrics import RecordMetrics
from gateway.model.replica import ReplicaId
from gateway.store.background import in_the_background
from gateway.store.disclosures import Disclosures
from gateway.store.driver import Database
from gateway.store.record_streams import RecordSeals, RecordStreams

log = structlog.get_logger(__name__)

DEAD_AFTER_SEALINGS = 3
"""A record that is not sealed after three times as long as that takes has nobody who will."""

LOOKS_EACH_SECONDS = 1.0
"""How often the background task looks whether there is something to seal."""

PACKAGE = "mina-arenden-gateway"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a gateway keeps the record.

    `write_seconds` is what one write may take. A segment is sealed with so many records, or so many seconds after its
    first; the records must be there for `retention` after its last.
    """

    key: SealingKey
    write_seconds: float
    seal_records: int
    seal_seconds: float
    retention: timedelta


@asynccontextmanager
async def gateway_record(
    database: Database, keeping: Keeping, replica: ReplicaId, metrics: RecordMetrics | None = None
) -> AsyncIterator[Recorder]:
    """The recorder of a replica: its stream is sealed, and it takes over streams whose writers are gone.

    At the end what is under way is recorded, and the stream closed and sealed. What cannot be done then, since the
    database is away, another replica or the next start does.
    """
    records, streams, seals = Disclosures(database), RecordStreams(database), RecordSeals(database)
    recorder = Recorder(
        records,
        streams,
        Writer("gateway", version(PACKAGE), {"replica": replica}),
        write_seconds=keeping.write_seconds,
        segment_records=keeping.seal_records,
        metrics=metrics,
    )
    chain = SealChain(seals, keeping.key, keeping.retention)
    takeover = Takeover(
        records,
        streams,
        seals,
        chain,
        dead_after=timedelta(seconds=DEAD_AFTER_SEALINGS * keeping.seal_seconds),
        segment_records=keeping.seal_records,
    )
    sealer = Sealer(recorder, chain, takeover, keeping.seal_seconds)
    try:
        async with in_the_background(sealer.keep_sealing()):
            try:
                yield recorder
            finally:
                await recorder.close()
    finally:
        await sealer.seal_the_rest(keeping.write_seconds)


@asynccontextmanager
async def command_record(
    database: Database, writer: str = "command", *, write_seconds: float = 5.0
) -> AsyncIterator[Recorder]:
    """The recorder of one command. Its stream begins with its first entry and is closed at the end.

    A gateway seals it then: those who run commands have no key to seal with, and need no right but to insert.
    """
    recorder = Recorder(
        Disclosures(database),
        RecordStreams(database),
        Writer(writer, version(PACKAGE)),
        write_seconds=write_seconds,
        segment_records=MOST_IN_A_WRITE,
    )
    try:
        yield recorder
    finally:
        await recorder.close()


class Sealer:
    """Seals what a recorder writes, and what others left, for as long as it runs."""

    def __init__(self, recorder: Recorder, chain: SealChain, takeover: Takeover, seal_seconds: float) -> None:
        self._recorder = recorder
        self._chain = chain
        self._takeover = takeover
        self._seal_seconds = seal_seconds
        self._failing = False

    async def keep_sealing(self) -> None:
        """Until it is cancelled. While the database is away it goes on trying, and says so once."""
        next_check = monotonic()
        while True:
            with self._told_once():
                await self._seal_own(cut_after=timedelta(seconds=self._seal_seconds))
                if monotonic() >= next_check:
                    await self._takeover.check(own=self._recorder.stream, left_behind=self._recorder.left_behind)
                    next_check = monotonic() + self._seal_seconds
                self._failing = False
            await asyncio.sleep(min(LOOKS_EACH_SECONDS, self._seal_seconds / 2))

    async def seal_the_rest(self, seconds: float) -> None:
        """Seals all that was written, as far as that goes within so many seconds."""
        with self._told_once():
            try:
                async with asyncio.timeout(seconds):
                    await self._seal_own(cut_after=timedelta())
            except TimeoutError as exc:
                raise StoreUnavailable(f"no answer within {seconds:.1f} s") from exc

    async def _seal_own(self, *, cut_after: timedelta) -> None:
        """Seals the recorder's segments in order; what is in none yet is made one when it began that long ago."""
        stream = self._recorder.stream
        if stream is None:
            return
        if stream.unsealed_since is not None and now() - stream.unsealed_since >= cut_after:
            stream.cut()
        try:
            while stream.segments:
                await self._chain.add(stream.segments[0])
                del stream.segments[0]
        except SealedByAnother:
            # Taken for gone, and closed. What is not sealed yet is for them to seal.
            self._recorder.leave(stream)

    @contextmanager
    def _told_once(self) -> Iterator[None]:
        """Logs what keeps the record from being sealed, and not again until something was."""
        try:
            yield
        except StoreUnavailable as exc:
            if not self._failing:
                log.warning("record.not_sealed", problem=exc.problem)
            self._failing = True
        except Exception:
            if not self._failing:
                log.exception("record.sealing_failed")
            self._failing = True
