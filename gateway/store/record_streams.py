"""The streams of the record and their seals: inserted, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from gateway.errors import StoreUnavailable
from gateway.store.driver import Database, Document, ended_within

LASTING = ReadConcern("majority")


class RecordStreams:
    """Every stream that there is. Every method raises StoreUnavailable when MongoDB is out of reach."""

    def __init__(self, database: Database) -> None:
        self._streams = database["recordStreams"]
        self._lasting = self._streams.with_options(read_concern=LASTING)

    async def register(self, stream: str, *, opened_at: datetime, writer: str, version: str, within: float) -> None:
        """Adds a stream, within so many seconds; one that is there already stays as it is."""
        document = {"_id": stream, "openedAt": opened_at, "writer": writer, "version": version}
        try:
            async with ended_within(within):
                await self._streams.insert_one(document)
        except DuplicateKeyError:
            return
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc

    async def opened_since(self, moment: datetime | None) -> list[Document]:
        """The `_id` and `openedAt` of the streams opened at `moment` or later; None: of all."""
        when = {} if moment is None else {"openedAt": {"$gte": moment}}
        try:
            return await self._lasting.find(when, {"openedAt": 1}).to_list(None)
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc


class RecordSeals:
    """The chain of seals. Every method raises StoreUnavailable when MongoDB is out of reach."""

    def __init__(self, database: Database) -> None:
        self._seals = database["recordSeals"]
        self._lasting = self._seals.with_options(read_concern=LASTING)

    async def add(self, seal: Document) -> bool:
        """Adds `seal`; False, and nothing added, when its number is taken or its records are sealed already.

        Where the answer got lost, StoreUnavailable leaves open whether it was added.
        """
        try:
            await self._seals.insert_one(seal)
        except DuplicateKeyError:
            return False
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc
        return True

    async def newest(self) -> Document | None:
        """The last seal of the chain; None when there is none yet. What has no number is none."""
        try:
            # Not of a majority alone: a seal that is on its way there has taken its number, too.
            return await self._seals.find_one({"_id": {"$gt": 0}}, sort=[("_id", -1)])
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc

    async def beginning_at(self, stream: str, first: int) -> Document | None:
        """The seal whose first record is number `first` of `stream`."""
        try:
            return await self._lasting.find_one({"stream": stream, "first": first})
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc

    async def last_of(self, stream: str) -> Document | None:
        """The last seal of `stream`; None when nothing of it is sealed."""
        try:
            return await self._lasting.find_one({"stream": stream}, sort=[("first", -1)])
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc

    async def closed_streams(self) -> Sequence[str]:
        """The streams that are closed and sealed to their end."""
        try:
            closing = await self._lasting.find({"closes": True}, {"_id": 0, "stream": 1}).to_list(None)
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc
        return [seal["stream"] for seal in closing]
