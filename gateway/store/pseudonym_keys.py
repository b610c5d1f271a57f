"""The pseudonym keys in MongoDB: which there are and which is current, and what is stored under each. Never a key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from gateway.model.caller import SubjectKey
from gateway.model.history import Cause
from gateway.model.pseudonym_key import KeyState, RegisteredKey
from gateway.store.driver import Database, Document, translated
from gateway.store.histories import change, entry
from gateway.store.records import BadRecord, RecordRefused, all_understood, refusals_told

DUPLICATE_KEY = 11000

Raise = Callable[[SubjectKey], SubjectKey]
"""What a pseudonym is under a later key."""


class PseudonymKeys:
    """The registered keys. Every method raises StoreUnavailable when MongoDB is out of reach."""

    def __init__(self, database: Database) -> None:
        self._keys = database["pseudonymKeys"]
        self._groups = database["caseGroups"]

    async def all(self) -> tuple[list[RegisteredKey], list[BadRecord]]:
        """The keys in the chain's order, and what is wrong with those that cannot be understood."""
        with translated():
            documents = [document async for document in self._keys.find().sort("number", 1)]
        return all_understood("pseudonymKeys", documents, registered_key)

    async def register(self, key: RegisteredKey, cause: Cause) -> bool:
        """Adds a key; False, and nothing added, where its id or its place in the chain is taken."""
        document = {
            "_id": key.id,
            "number": key.number,
            "check": key.check,
            "state": key.state.value,
            "addedAt": key.added_at,
            "revision": key.revision,
            "history": [entry("add", {}, cause)],
        }
        try:
            with refusals_told():
                await self._keys.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def move(self, key: RegisteredKey, to: KeyState, cause: Cause) -> bool:
        """Gives a key another state, as it was read; False, and nothing changed, where another change won."""
        fields = {"state": to.value}
        return await change(self._keys, key.id, key.revision, action=to.value, fields=fields, cause=cause)

    async def group_counts(self) -> Mapping[str, int]:
        """How many case groups are stored under each key that any is stored under, by the key's id."""
        counted = [{"$group": {"_id": "$subjectKey", "count": {"$sum": 1}}}]
        with translated():
            return {one["_id"]: one["count"] async for one in await self._groups.aggregate(counted)}

    async def raise_groups(self, key_id: str, raised: Raise, *, batch: int) -> AsyncIterator[int]:
        """Stores every case group that is under the key `key_id` under the pseudonym that `raised` gives.

        After each `batch` it says how many that were. Nothing else of a group changes, its revision neither: a change
        that somebody makes at the same moment finds it under either pseudonym. It can be broken off at any moment and
        begun again; until then each group is under the one or the other.
        """
        wanted = {"subjectKey": key_id}
        while True:
            with translated():
                found = await self._groups.find(wanted, {"subject": True}).sort("_id", 1).limit(batch).to_list(batch)
            if not found:
                return
            yield await self._raise([_lift(document, key_id, raised) for document in found])

    async def _raise(self, lifts: Sequence[tuple[Document, Document]]) -> int:
        """Makes the updates, each to what its filter finds. Returns how many that were."""
        try:
            with refusals_told():
                done = await self._groups.bulk_write([UpdateOne(*lift) for lift in lifts], ordered=False)
        except BulkWriteError as exc:
            errors = exc.details["writeErrors"]
            if any(error["code"] != DUPLICATE_KEY for error in errors):
                raise RecordRefused(f"MongoDB refused to change a case group: {errors[0]['errmsg']}") from exc
            # Two replicas that were not yet at one about the current key each made a group with the same idempotency
            # key. Both stay; the key replays the one that was stored under the later pseudonym.
            twice = [lifts[error["index"]] for error in errors]
            for as_read, update in twice:
                with refusals_told():
                    await self._groups.update_one(as_read, {**update, "$unset": {"idempotency": ""}})
            return int(exc.details["nModified"]) + len(twice)
        return done.modified_count


def _lift(document: Document, key_id: str, raised: Raise) -> tuple[Document, Document]:
    before = SubjectKey(document["subject"], key_id)
    after = raised(before)
    # Under one key a group has one pseudonym for as long as it is there: the key alone says whether it is as read.
    as_read = {"_id": document["_id"], "subjectKey": key_id}
    return as_read, {"$set": {"subject": after.digest, "subjectKey": after.key_id}}


def registered_key(document: Document) -> RegisteredKey:
    """A key. Raises KeyError, TypeError or ValueError where the document does not fit."""
    added_at = document["addedAt"]
    if not isinstance(added_at, datetime) or not isinstance(document["number"], int):
        raise TypeError("number is no whole number, or addedAt no date")
    return RegisteredKey(
        id=str(document["_id"]),
        number=document["number"],
        check=str(document["check"]),
        state=KeyState(document["state"]),
        added_at=added_at.astimezone(UTC),
        revision=int(document["revision"]),
    )
