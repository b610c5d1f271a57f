"""Removing records at the end of their retention: the one thing that is ever done to what stands in the record."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.store.driver import Database, translated

Range = tuple[str, str]
"""The `_id` of the first record, and what comes after the last."""


class RecordRemoval:
    """Removes whole ranges of records. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._records = database["disclosures"]

    async def remain(self, ranges: Sequence[Range]) -> bool:
        """Whether anything is there in any of the ranges."""
        any_of = {"$or": [{"_id": {"$gte": start, "$lt": end}} for start, end in ranges]}
        with translated():
            return await self._records.find_one(any_of, {"_id": 1}) is not None

    async def count(self, range_: Range) -> int:
        """How many records there are in a range."""
        with translated():
            return await self._records.count_documents({"_id": {"$gte": range_[0], "$lt": range_[1]}})

    async def remove(self, range_: Range) -> int:
        """Removes all in a range; how many there were."""
        with translated():
            removed = await self._records.delete_many({"_id": {"$gte": range_[0], "$lt": range_[1]}})
        return removed.deleted_count
