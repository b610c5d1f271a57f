"""All that is kept about one subject, whoever owns it: read whole, and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bson import ObjectId

from gateway.model.caller import SubjectKeys
from gateway.store.driver import Database, Document, translated

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed: the case groups' ids and how many notices."""

    groups: Sequence[str]
    notices: int


class SubjectData:
    """Reads and removes by a subject's pseudonyms, all of them. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._groups = database["caseGroups"]
        self._notices = database["notices"]
        self._records = database["disclosures"]

    async def groups(self, subject: SubjectKeys) -> list[Json]:
        """The subject's case groups as they are stored, the oldest first."""
        with translated():
            return [_plain(one) async for one in self._groups.find(_subject(subject)).sort("_id", 1)]

    async def notices(self, groups: Sequence[str]) -> list[Json]:
        """The notices about these groups, the oldest first."""
        with translated():
            return [_plain(one) async for one in self._notices.find({"group": {"$in": list(groups)}}).sort("at", 1)]

    async def records(self, subject: SubjectKeys, until: datetime) -> list[Json]:
        """The records of what was done until then with what is the subject's, the oldest first."""
        return await self._read_records({**_subject(subject), "at": {"$lte": until}})

    async def records_as_actor(self, subject: SubjectKeys, until: datetime) -> list[Json]:
        """The records of what the subject did until then for others, the oldest first."""
        return await self._read_records({"actors": {"$in": [key.digest for key in subject]}, "at": {"$lte": until}})

    async def counts(self, subject: SubjectKeys) -> tuple[int, int, int]:
        """How many case groups, records about the subject, and records of what it did for others there are."""
        actor = {"actors": {"$in": [key.digest for key in subject]}}
        with translated():
            return (
                await self._groups.count_documents(_subject(subject)),
                await self._records.count_documents(_subject(subject)),
                await self._records.count_documents(actor),
            )

    async def remove(self, subject: SubjectKeys) -> Removed:
        """Removes the subject's case groups, and the notices about them, until there are none.

        Whatever becomes of a group meanwhile (a change, another owner, another pseudonym), it goes.
        """
        groups: list[str] = []
        notices = 0
        while True:
            with translated():
                found = [one["_id"] async for one in self._groups.find(_subject(subject), {"_id": True})]
                if found:
                    groups += [str(id_) for id_ in found if str(id_) not in groups]
                    await self._groups.delete_many({**_subject(subject), "_id": {"$in": found}})
                # After the groups: a claim that is under way leaves its notice first.
                notices += (await self._notices.delete_many({"group": {"$in": groups}})).deleted_count
            if not found:
                return Removed(groups, notices)

    async def _read_records(self, query: Document) -> list[Json]:
        with translated():
            return [_plain(one) async for one in self._records.find(query).sort([("at", 1), ("_id", 1)])]


def _subject(subject: SubjectKeys) -> Document:
    return {"subject": {"$in": [key.digest for key in subject]}}


def _plain(document: Mapping[str, object]) -> Json:
    """A document as JSON has it: moments as text in UTC, ids as text, `_id` as `id`."""
    return {"id" if name == "_id" else name: _value(value) for name, value in document.items()}


def _value(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case ObjectId():
            return str(value)
        case dict():
            return {name: _value(part) for name, part in value.items()}
        case list():
            return [_value(part) for part in value]
        case _:
            return value
