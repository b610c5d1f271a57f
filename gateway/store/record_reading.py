"""The record as those read it who verify, export or look into it: in order, a batch at a time, and nothing kept."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from itertools import pairwise
from typing import Any

from pymongo.read_concern import ReadConcern

from gateway.store.driver import Database, Document, translated

BATCH = 5_000
"""Records that are read at a time: some 5 MB."""

SEALS_BATCH = 1_000
MOST_PLACES = 100
"""Ranges that are asked about at a time."""

LASTING = ReadConcern("majority")
Filter = Mapping[str, Any]


class RecordReading:
    """Reads records, streams and seals, as a majority has them. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._records = database["disclosures"].with_options(read_concern=LASTING)
        self._streams = database["recordStreams"].with_options(read_concern=LASTING)
        self._seals = database["recordSeals"].with_options(read_concern=LASTING)

    async def streams(self) -> frozenset[str]:
        """The streams that are registered."""
        with translated():
            return frozenset([str(one["_id"]) async for one in self._streams.find({}, {"_id": 1})])

    async def newest_seal(self) -> Document | None:
        """The seal with the greatest number; None where there is none. What has no number is no seal."""
        with translated():
            return await self._seals.find_one({"_id": {"$gt": 0}}, sort=[("_id", -1)])

    async def seals_without_a_number(self, most: int) -> list[Document]:
        """What stands among the seals and has no number, at most so many."""
        with translated():
            return await self._seals.find({"_id": {"$not": {"$gt": 0}}}, {"_id": 1}, limit=most).to_list(None)

    async def seals(self, newest: int) -> AsyncIterator[list[Document]]:
        """The seals up to number `newest`, in order, some at a time."""
        after = 0
        while True:
            within = {"_id": {"$gt": after, "$lte": newest}}
            with translated():
                found = await self._seals.find(within, sort=[("_id", 1)], limit=SEALS_BATCH).to_list(None)
            if not found:
                return
            yield found
            after = found[-1]["_id"]

    @asynccontextmanager
    async def run(self, start: str, end: str) -> AsyncIterator[RecordCursor]:
        """The records whose `_id` is `start` or after and before `end`, to be taken in order."""
        cursor = RecordCursor(self._records.find({"_id": {"$gte": start, "$lt": end}}, sort=[("_id", 1)]))
        try:
            yield cursor
        finally:
            await cursor.close()

    async def outside(self, places: Sequence[tuple[str, str]], most: int) -> list[Document]:
        """At most about `most` records whose `_id` lies in none of `places`: each from its first id to before its end.

        The places are in order, and none reaches into the next.
        """
        edges = [("", ""), *places]
        gaps: list[dict[str, Any]] = [
            {"_id": {"$gte": before[1], "$lt": after[0]}} for before, after in pairwise(edges) if before[1] < after[0]
        ]
        gaps.append({"_id": {"$gte": edges[-1][1]}})
        gaps.append({"_id": {"$not": {"$type": "string"}}})
        found: list[Document] = []
        for start in range(0, len(gaps), MOST_PLACES):
            with translated():
                cursor = self._records.find({"$or": gaps[start : start + MOST_PLACES]}, limit=most)
                found += await cursor.to_list(None)
            if len(found) >= most:
                break
        return found

    async def found(self, wanted: Filter, sort: str) -> AsyncIterator[list[Document]]:
        """The records that `wanted` finds, in order of `sort`, a batch at a time."""
        cursor = RecordCursor(self._records.find(dict(wanted), sort=[(sort, 1)]))
        try:
            while batch := await cursor.batch():
                yield batch
        finally:
            await cursor.close()

    async def count(self, wanted: Filter) -> int:
        """How many records `wanted` finds."""
        with translated():
            return await self._records.count_documents(dict(wanted))

    async def lapsed(self, moment: datetime, after: int) -> list[Document]:
        """Seals with a number above `after` whose records may be gone at `moment`, in order, some at a time."""
        wanted = {"_id": {"$gt": after}, "retainUntil": {"$lte": moment}}
        with translated():
            return await self._seals.find(wanted, sort=[("_id", 1)], limit=SEALS_BATCH).to_list(None)


class RecordCursor:
    """Records in order of their `_id`. While one batch is worked on, the next is on its way."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor.batch_size(BATCH)
        self._held: list[Document] = []
        self._coming: asyncio.Task[list[Document]] | None = None
        self._is_over = False

    async def take(self, end: str) -> list[Document]:
        """The records not taken yet whose `_id` comes before `end`."""
        taken: list[Document] = []
        while True:
            if not self._held and not await self._fill():
                return taken
            count = bisect_left(self._held, end, key=_id)
            taken += self._held[:count]
            self._held = self._held[count:]
            if self._held:
                return taken

    async def next(self) -> Document | None:
        """The record that would be taken next; None at the end. It stays."""
        return self._held[0] if self._held or await self._fill() else None

    async def batch(self) -> list[Document]:
        """Some records not taken yet; none at the end."""
        if not self._held:
            await self._fill()
        held, self._held = self._held, []
        return held

    async def close(self) -> None:
        """Ends reading."""
        if self._coming is not None:
            self._coming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._coming
        await self._cursor.close()

    async def _fill(self) -> bool:
        if self._is_over:
            return False
        coming, self._coming = self._coming or asyncio.ensure_future(self._read()), None
        self._held = await coming
        self._is_over = not self._held
        if self._held:
            self._coming = asyncio.ensure_future(self._read())
        return bool(self._held)

    async def _read(self) -> list[Document]:
        with translated():
            found: list[Document] = await self._cursor.to_list(BATCH)
        return found


def _id(document: Document) -> str:
    return str(document["_id"])
