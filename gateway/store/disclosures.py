"""The record's documents: appended in order, and never changed. No role may change or remove them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import bson
from bson.errors import BSONError
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError
from pymongo.read_concern import ReadConcern

from gateway.errors import StoreUnavailable
from gateway.store.driver import Database, Document, answer_at_once, ended_within

COLLECTION = "disclosures"

DUPLICATE_KEY = 11000
DOCUMENT_VALIDATION_FAILURE = 121


class PlaceTaken(Exception):
    """The `_id` of a document is taken. The first `written` were written, and none of the others."""

    def __init__(self, written: int) -> None:
        super().__init__("the place of a document is taken")
        self.written = written


class DocumentRefused(Exception):
    """MongoDB refused the document at `position`. The first `written` were written, and none of the others.

    MongoDB itself writes all up to that position; there are servers that then write none.
    """

    def __init__(self, position: int, problem: str, *, written: int) -> None:
        super().__init__(problem)
        self.position, self.problem, self.written = position, problem, written


class Disclosures:
    """Appends records and reads them back. Every method raises StoreUnavailable when MongoDB is out of reach.

    `within` is in seconds, and narrows what the client allows every operation.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records = database[COLLECTION]
        # A document, as a command has it; the driver adds it to what it makes itself alone.
        self._write_concern = database.write_concern.document
        # What is read to find out whether it was written must be what no change of primary takes back.
        self._lasting = self._records.with_options(read_concern=ReadConcern("majority"))

    async def append(self, documents: Sequence[Document], *, within: float) -> None:
        """Writes `documents` in order, by one command, to the journals of a majority.

        Raises PlaceTaken and DocumentRefused. StoreUnavailable leaves open which were written: none, some of the
        first, or all.
        """
        try:
            answer = await self._inserted(documents, within)
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc
        except (BSONError, OverflowError) as exc:
            raise DocumentRefused(_first_that_is_no_bson(documents), "it is no BSON", written=0) from exc
        if "writeErrors" in answer or "writeConcernError" in answer:
            raise _what_was_wrong(answer)

    async def _inserted(self, documents: Sequence[Document], within: float) -> Mapping[str, Any]:
        """What the server says of the command that inserts `documents`, which it gives up after so many seconds.

        A plain command takes less than `insert_many`, which looks at each document. What that does besides is not
        needed: to repeat a write whose answer got lost is done where it is known what was written. Only what is too
        large for one message is left to it.
        """
        command = {
            "insert": COLLECTION,
            "documents": documents,
            "ordered": True,
            "writeConcern": self._write_concern,
        }
        began = monotonic()
        try:
            return await answer_at_once(self._database, command, seconds=within)
        except DocumentTooLarge:
            async with ended_within(within - (monotonic() - began)):
                return await self._inserted_in_parts(documents)

    async def _inserted_in_parts(self, documents: Sequence[Document]) -> Mapping[str, Any]:
        try:
            await self._records.insert_many(documents, ordered=True)
        except BulkWriteError as exc:
            details = exc.details or {}
            several = details.get("writeConcernErrors") or ()
            told = {"n": details.get("nInserted", 0), "writeErrors": details.get("writeErrors") or []}
            return {**told, **({"writeConcernError": several[0]} if several else {})}
        return {}

    async def hashes(self, ids: Sequence[str], *, within: float) -> dict[str, str]:
        """The hashes of the records among `ids` that a majority has; those that are not there are absent."""
        try:
            async with ended_within(within):
                found = await self._lasting.find({"_id": {"$in": list(ids)}}, {"hash": 1}).to_list(None)
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc
        return {document["_id"]: document["hash"] for document in found}

    async def following(self, stream: str, sequence: int, *, most: int) -> list[Document]:
        """The records of a stream after `sequence`, in order, at most so many."""
        beyond = {"_id": {"$gt": f"{stream}/{sequence:012d}", "$lt": _end_of(stream)}}
        try:
            return await self._lasting.find(beyond, sort=[("_id", 1)], limit=most).to_list(most)
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc

    async def last(self, stream: str) -> Document | None:
        """The last record of a stream; None when it has none."""
        all_ = {"_id": {"$gt": f"{stream}/", "$lt": _end_of(stream)}}
        try:
            return await self._lasting.find_one(all_, sort=[("_id", -1)])
        except PyMongoError as exc:
            raise StoreUnavailable(str(exc)) from exc


def _end_of(stream: str) -> str:
    """What comes after the ids of a stream's records: `0` is the character after `/`."""
    return f"{stream}0"


def _first_that_is_no_bson(documents: Sequence[Document]) -> int:
    for position, document in enumerate(documents):
        try:
            bson.encode(document)
        except (BSONError, OverflowError):
            return position
    return 0


def _what_was_wrong(told: Mapping[str, Any]) -> Exception:
    """The one document at fault; where the write concern was not met, it is not known what will last."""
    if told.get("writeConcernError") or not told.get("writeErrors"):
        return StoreUnavailable("a majority did not confirm the write in time")
    (first, *_) = told["writeErrors"]
    if first["code"] == DUPLICATE_KEY:
        return PlaceTaken(told["n"])
    if first["code"] == DOCUMENT_VALIDATION_FAILURE:
        return DocumentRefused(first["index"], "it does not fit the validator", written=told["n"])
    return StoreUnavailable(f"MongoDB broke the write off with error {first['code']}")
