"""The one chain of seals: whoever inserts a number first has it, and nobody seals a record twice."""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway.disclosure.chain import BEFORE_THE_FIRST, Document
from gateway.disclosure.seals import SealingKey, Segment, legible, seal
from gateway.disclosure.streams import Moments, now
from gateway.store.record_streams import RecordSeals

log = structlog.get_logger(__name__)


class SealedByAnother(Exception):
    """Somebody else has sealed records of the segment: what is theirs is sealed, and the rest is theirs to seal."""


class SealChain:
    """Adds seals to the chain that all replicas add to."""

    def __init__(self, seals: RecordSeals, key: SealingKey, retention: timedelta, *, moments: Moments = now) -> None:
        self._seals = seals
        self._key = key
        self._retention = retention
        self._moments = moments

    async def add(self, segment: Segment) -> None:
        """Seals `segment`; it must be the next of its stream. Nothing is done when it has just this seal already.

        Raises SealedByAnother, and StoreUnavailable: then it may or may not be sealed, and is to be added once more.
        """
        while True:
            newest = await self._seals.newest()
            document = self._next(segment, newest)
            if await self._seals.add(document):
                # The log is kept elsewhere than the database: every line of it is an anchor.
                log.info(
                    "record.sealed",
                    number=document["_id"],
                    hash=legible(document["hash"]),
                    stream=legible(segment.stream),
                    records=segment.last - segment.first + 1,
                )
                return
            there = await self._seals.beginning_at(segment.stream, segment.first)
            if there is not None:
                if there["last"] == segment.last and there["head"] == segment.head:
                    return
                raise SealedByAnother

    def _next(self, segment: Segment, newest: Document | None) -> Document:
        number, previous = (1, BEFORE_THE_FIRST) if newest is None else (newest["_id"] + 1, newest["hash"])
        # Not by this replica's clock alone: one that is years behind would have its records removed at once.
        since = segment.last_at if newest is None else max(segment.last_at, newest["sealedAt"])
        return seal(
            segment,
            number=number,
            previous=previous,
            sealed_at=self._moments(),
            retain_until=since + self._retention,
            key=self._key,
        )
