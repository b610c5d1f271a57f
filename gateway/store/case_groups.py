"""Case groups in MongoDB: every query names the subject, so that each goes to one shard (DESIGN §13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.case_group import Case, CaseGroup, CaseGroupFilter, CaseKey, GroupId, IdempotencyKey
from gateway.model.page import Page, Window
from gateway.model.producer import ProducerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.store.driver import Database, Document, translated


class CaseGroupStore:
    """Reads and changes case groups. Every method raises StoreUnavailable when MongoDB is out of reach."""

    def __init__(self, database: Database) -> None:
        self._groups = database["caseGroups"]

    async def by_ids(self, subject: SubjectKey, owner: ConsumerId, ids: Sequence[GroupId]) -> dict[GroupId, CaseGroup]:
        """The groups among `ids` that are this subject's and owned by `owner`, by id; others are absent.

        One indexed read, whatever the number of ids.
        """
        query = {**_of(subject, owner), "_id": {"$in": [ObjectId(id_) for id_ in ids]}}
        with translated():
            groups = [_group(document) async for document in self._groups.find(query)]
        return {group.id: group for group in groups}

    async def page(
        self,
        subject: SubjectKey,
        owner: ConsumerId,
        wanted: CaseGroupFilter,
        window: Window[NewestFirst],
        *,
        with_cases: bool = True,
    ) -> Page[CaseGroup]:
        """One page of the subject's groups owned by `owner`, the newest first. One indexed read.

        Without `with_cases` the groups have none: a list of titles does not read hundreds of cases.
        """
        query = {**_of(subject, owner), **_filtered(wanted)}
        bounds = {
            operator: ObjectId(bound.id)
            for operator, bound in (("$lt", window.after), ("$gt", window.before))
            if bound is not None
        }
        if bounds:
            query["_id"] = bounds
        order = ASCENDING if window.backward else DESCENDING
        projection = None if with_cases else {"cases": False}
        cursor = self._groups.find(query, projection).sort("_id", order).limit(window.size + 1)
        with translated():
            found = [_group(document) async for document in cursor]
        more = len(found) > window.size
        found = found[: window.size]
        if window.backward:
            found.reverse()
        # Beyond a bound that was given there is at least the item it names.
        return Page(
            found,
            has_previous=window.after is not None or (more and window.backward),
            has_next=window.before is not None or (more and not window.backward),
        )

    async def count(self, subject: SubjectKey, owner: ConsumerId, wanted: CaseGroupFilter) -> int:
        """How many of the subject's groups `owner` has, as far as `wanted` shows them."""
        with translated():
            return await self._groups.count_documents({**_of(subject, owner), **_filtered(wanted)})

    async def by_idempotency_key(
        self, subject: SubjectKey, owner: ConsumerId, key: str
    ) -> tuple[CaseGroup, str] | None:
        """The group that was created with this key, and the fingerprint of the input it came with."""
        with translated():
            document = await self._groups.find_one({**_of(subject, owner), "idempotency.key": key})
        return None if document is None else (_group(document), document["idempotency"]["fingerprint"])

    async def insert(self, subject: SubjectKey, group: CaseGroup, idempotency: IdempotencyKey | None) -> bool:
        """Stores a new group; False, and nothing stored, when its idempotency key is taken."""
        document = {
            "_id": ObjectId(group.id),
            "subject": subject.digest,
            "subjectKey": subject.key_id,
            "owner": group.owner,
            "purpose": {"informationArea": group.purpose.information_area.value, "event": group.purpose.event},
            "createdAt": group.created_at,
            "revision": group.revision,
            **_changeable(group),
        }
        if idempotency is not None:
            document["idempotency"] = {"key": idempotency.key, "fingerprint": idempotency.fingerprint}
        try:
            with translated():
                await self._groups.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def replace(self, subject: SubjectKey, group: CaseGroup) -> CaseGroup | None:
        """Stores a changed group if the stored one still has the revision that `group` was read with.

        Returns the group as stored, one revision on, or None, and nothing changed, when another change won.
        """
        with translated():
            document = await self._groups.find_one_and_update(
                _at_revision(subject, group.owner, group.id, group.revision),
                {"$set": _changeable(group), "$inc": {"revision": 1}},
                return_document=ReturnDocument.AFTER,
            )
        return None if document is None else _group(document)

    async def delete(self, subject: SubjectKey, owner: ConsumerId, id_: GroupId, revision: int) -> bool:
        """Removes a group that still has this revision; False, and nothing removed, otherwise."""
        with translated():
            result = await self._groups.delete_one(_at_revision(subject, owner, id_, revision))
        return result.deleted_count == 1


class NewestFirst:
    """A group's place in the list, the newest first: ids ascend with time of creation."""

    __slots__ = ("id",)

    def __init__(self, id_: GroupId) -> None:
        self.id = id_

    def __lt__(self, other: NewestFirst) -> bool:
        return self.id > other.id


def new_group_id() -> GroupId:
    """An id for a new group; ids ascend with time."""
    return GroupId(str(ObjectId()))


def is_group_id(text: str) -> bool:
    """Whether `text` has the form of a group's id."""
    return ObjectId.is_valid(text)


def _of(subject: SubjectKey, owner: ConsumerId) -> Document:
    return {"subject": subject.digest, "owner": owner}


def _at_revision(subject: SubjectKey, owner: ConsumerId, id_: GroupId, revision: int) -> Document:
    return {**_of(subject, owner), "_id": ObjectId(id_), "revision": revision}


def _filtered(wanted: CaseGroupFilter) -> Document:
    conditions = {
        "purpose.informationArea": wanted.information_area and wanted.information_area.value,
        "purpose.event": wanted.event,
        "cases.producer": wanted.producer,
    }
    return {name: value for name, value in conditions.items() if value is not None}


def _changeable(group: CaseGroup) -> Document:
    return {
        "title": group.title,
        "cases": [
            {
                "number": case.number,
                "producer": case.key.producer,
                "caseType": case.case_type,
                "reference": case.key.reference,
                "note": case.note,
                "addedAt": case.added_at,
            }
            for case in group.cases
        ],
        "nextCaseNumber": group.next_case_number,
        "updatedAt": group.updated_at,
        "retainUntil": group.retain_until,
    }


def _group(document: Document) -> CaseGroup:
    purpose = document["purpose"]
    return CaseGroup(
        id=GroupId(str(document["_id"])),
        owner=ConsumerId(document["owner"]),
        title=document["title"],
        purpose=Purpose(InformationArea(purpose["informationArea"]), purpose["event"]),
        cases=tuple(_case(case) for case in document.get("cases", ())),
        next_case_number=document["nextCaseNumber"],
        revision=document["revision"],
        created_at=_moment(document["createdAt"]),
        updated_at=_moment(document["updatedAt"]),
        retain_until=_moment(document["retainUntil"]),
    )


def _case(document: Document) -> Case:
    return Case(
        number=document["number"],
        key=CaseKey(ProducerId(document["producer"]), document["reference"]),
        case_type=document["caseType"],
        note=document["note"],
        added_at=_moment(document["addedAt"]),
    )


def _moment(value: Any) -> datetime:
    return cast(datetime, value).astimezone(UTC)
