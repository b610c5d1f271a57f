"""The registry: with which consumers and producers there are agreements, what is granted, and which keys are in use.

Read whole and kept in memory. Routing is by data (DESIGN §3): a new producer is a record, with no restart; so is a
withdrawn grant. A change takes effect within seconds: MongoDB tells of it, or the registry is read again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from types import MappingProxyType

import structlog
from pymongo.read_preferences import ReadPreference

from gateway.errors import StoreUnavailable
from gateway.model.caller import ConsumerId
from gateway.model.connection import Environment
from gateway.model.consumer import Consumer
from gateway.model.producer import Producer, ProducerId
from gateway.model.pseudonym_key import RegisteredKey
from gateway.model.registry import Agreements, Records
from gateway.store.changes import ChangesNotTold, changes_of
from gateway.store.driver import Database, translated
from gateway.store.pseudonym_keys import registered_key
from gateway.store.records import RecordT, all_understood, consumer, grant, producer

log = structlog.get_logger(__name__)

COLLECTIONS = ("producers", "consumers", "grants", "pseudonymKeys")

MOST_STALE_SECONDS = 90.0
"""After this long without a read that succeeded, what was last read counts no more: a withdrawal may be unseen."""

PEEK_SECONDS = 0.25
"""Between two looks at whether the database has told of a change."""

READ_ANYWAY_SECONDS = 60.0
"""After this long the registry is read although no change was told of, and telling of changes is asked for again."""


def _now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """What is agreed, as last read. When MongoDB is out of reach, that stays for MOST_STALE_SECONDS."""

    def __init__(self, database: Database, environment: Environment, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        self._agreements = Agreements.at(clock(), environment, Records(), version=0)
        self._pseudonym_keys: tuple[RegisteredKey, ...] = ()
        self._are_changes_told: bool | None = None
        self._read_at: float | None = None

    @property
    def is_read(self) -> bool:
        """Whether what is agreed is known, and not too old to be relied on."""
        return self._read_at is not None and monotonic() - self._read_at < MOST_STALE_SECONDS

    @property
    def age(self) -> float | None:
        """Seconds since what is agreed was last read; None: it never was."""
        return None if self._read_at is None else monotonic() - self._read_at

    @property
    def agreements(self) -> Agreements:
        """What holds right now. Costs no read: where time has changed it since it was asked for, it is worked out."""
        now = self._clock()
        if now >= self._agreements.until:
            self._hold(self._agreements.records, now)
        return self._agreements

    @property
    def pseudonym_keys(self) -> tuple[RegisteredKey, ...]:
        """The pseudonym keys that the database knows; the same tuple for as long as nothing in it is other."""
        return self._pseudonym_keys

    def producer(self, id_: ProducerId) -> Producer | None:
        """The producer with this id, connected or not, or None."""
        return self._agreements.records.producers.get(id_)

    def connected_producer(self, id_: ProducerId) -> Producer | None:
        """The producer with this id if it is connected now, or None."""
        return self.agreements.producers.get(id_)

    def producers(self) -> list[Producer]:
        """The connected producers, by id."""
        return list(self.agreements.producers.values())

    def consumer(self, id_: ConsumerId) -> Consumer | None:
        """The consumer with this id, connected or not, or None."""
        return self._agreements.records.consumers.get(id_)

    def connected_consumer(self, id_: ConsumerId) -> Consumer | None:
        """The consumer with this id if it is connected now, or None."""
        return self.agreements.consumers.get(id_)

    def consumers(self) -> list[Consumer]:
        """The connected consumers, by id."""
        return list(self.agreements.consumers.values())

    async def read(self) -> None:
        """Reads everything. Raises StoreUnavailable; a record that cannot be understood is logged and left out.

        Where nothing is other than it was, the agreements keep their version.
        """
        began = monotonic()
        producers, consumers, grants, pseudonym_keys = await asyncio.gather(
            self._read("producers", producer),
            self._read("consumers", consumer),
            self._read("grants", grant),
            self._read("pseudonymKeys", registered_key),
        )
        records = Records(
            producers=MappingProxyType({one.id: one for one in producers}),
            consumers=MappingProxyType({one.id: one for one in consumers}),
            grants=tuple(grants),
        )
        if records != self._agreements.records:
            self._hold(records, self._clock())
        if tuple(pseudonym_keys) != self._pseudonym_keys:
            self._pseudonym_keys = tuple(pseudonym_keys)
        self._read_at = began

    async def keep_reading(self, interval: float) -> None:
        """Reads whenever the database tells of a change; every `interval` seconds where it does not. Until cancelled.

        A read that fails is logged and tried again.
        """
        while True:
            try:
                await self._read_at_changes()
            except ChangesNotTold as exc:
                self._tell(changes_told=False, problem=str(exc))
            except StoreUnavailable as exc:
                self._tell(changes_told=False, problem=exc.problem)
            except Exception:
                log.exception("registry.not_read", retry_in_seconds=interval)
            await self._read_at_intervals(interval)

    async def _read_at_changes(self) -> None:
        async with changes_of(self._database, COLLECTIONS) as changed:
            self._tell(changes_told=True)
            read_anyway = monotonic()
            while True:
                if await changed() or monotonic() >= read_anyway:
                    await self.read()
                    read_anyway = monotonic() + READ_ANYWAY_SECONDS
                await asyncio.sleep(PEEK_SECONDS)

    async def _read_at_intervals(self, interval: float) -> None:
        """For as long as until the database is asked again to tell of changes; the first read is due at once."""
        ask_again = monotonic() + READ_ANYWAY_SECONDS
        while monotonic() < ask_again:
            try:
                await self.read()
            except StoreUnavailable as exc:
                log.warning("registry.not_read", problem=exc.problem, retry_in_seconds=interval)
            except Exception:
                log.exception("registry.not_read", retry_in_seconds=interval)
            await asyncio.sleep(interval)

    def _tell(self, *, changes_told: bool, **problem: str) -> None:
        if changes_told is self._are_changes_told:
            return
        self._are_changes_told = changes_told
        if changes_told:
            log.info("registry.changes_told")
        else:
            log.warning("registry.changes_not_told", **problem)

    def _hold(self, records: Records, moment: datetime) -> None:
        held = self._agreements
        self._agreements = Agreements.at(moment, held.environment, records, held.version + 1)

    async def _read(self, name: str, record: Callable[[dict[str, object]], RecordT]) -> list[RecordT]:
        # From the primary, whatever the address says: a withdrawal must not wait for a secondary that lags behind.
        collection = self._database.get_collection(name, read_preference=ReadPreference.PRIMARY)
        with translated():
            documents = [document async for document in collection.find({}, {"history": False}).sort("_id", 1)]
        records, bad = all_understood(name, documents, record)
        for one in bad:
            log.error("registry.bad_record", collection=name, id=one.id, problem=one.problem)
        return records
