"""Case groups in MongoDB: every query names the subject, so that each goes to one shard (DESIGN §13)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from gateway.model.caller import ConsumerId, SubjectKey, SubjectKeys
from gateway.model.case_group import CaseGroup, CaseGroupFilter, GroupId, IdempotencyKey
from gateway.model.page import Page, Window, page_read
from gateway.model.producer import ProducerId
from gateway.store.case_group_documents import change_to, changeable, fixed, given, group_of, shared
from gateway.store.driver import Database, Document, found_at_once, translated

WITHOUT_CASES = {"cases": False}


class CaseGroupStore:
    """Reads and changes case groups. Every method raises StoreUnavailable when MongoDB is out of reach.

    What a consumer may see is asked for here already (`gateway.policy.visibility` says it): its own groups, and those
    that it has a read permission for at the moment; none that has lapsed. Groups come whole; what of one a reader sees
    is not decided here.
    """

    def __init__(self, database: Database) -> None:
        # Dates without their zone, which `group_of` gives them: the driver takes as long for that as for all the rest.
        options = database.codec_options.with_options(tz_aware=False)
        self._groups = database.get_collection("caseGroups", codec_options=options)
        self._seconds = database.client.options.timeout

    async def by_ids(
        self, subject: SubjectKeys, consumer: ConsumerId, ids: Sequence[GroupId], moment: datetime
    ) -> dict[GroupId, CaseGroup]:
        """The groups among `ids` that are this subject's and that `consumer` may see, by id; others are absent.

        One indexed read, whatever the number of ids.
        """
        query = {**_seen_by(subject, consumer, moment), "_id": {"$in": [ObjectId(id_) for id_ in ids]}}
        return {group.id: group for group in await self._found(query)}

    async def page(
        self,
        subject: SubjectKeys,
        consumer: ConsumerId,
        wanted: CaseGroupFilter,
        window: Window[NewestFirst],
        moment: datetime,
        *,
        with_cases: bool = True,
    ) -> Page[CaseGroup]:
        """One page of the subject's groups that `consumer` may see, the newest first. One indexed read.

        Without `with_cases` the groups have none: a list of titles does not read hundreds of cases.
        """
        query = {**_seen_by(subject, consumer, moment, wanted.producer), **_filtered(wanted, moment)}
        bounds = {
            operator: ObjectId(bound.id)
            for operator, bound in (("$lt", window.after), ("$gt", window.before))
            if bound is not None
        }
        if bounds:
            query["_id"] = bounds
        order = ASCENDING if window.backward else DESCENDING
        projection = None if with_cases else WITHOUT_CASES
        cursor = self._groups.find(query, projection).sort("_id", order).limit(window.size + 1)
        with translated():
            found = [group_of(document) async for document in cursor]
        return page_read(found, window)

    async def holding(
        self, subject: SubjectKeys, consumer: ConsumerId, producers: Collection[ProducerId], moment: datetime
    ) -> list[CaseGroup]:
        """The subject's groups that `consumer` may see and that have a case at one of `producers`, the newest first.

        One indexed read. What of a group a reader may see is not looked at here.
        """
        query = {**_seen_by(subject, consumer, moment), "cases.producer": {"$in": sorted(producers)}}
        return sorted(await self._found(query), key=lambda group: NewestFirst(group.id))

    async def count(self, subject: SubjectKeys, consumer: ConsumerId, wanted: CaseGroupFilter, moment: datetime) -> int:
        """How many of the subject's groups `consumer` may see, as far as `wanted` shows them."""
        query = {**_seen_by(subject, consumer, moment, wanted.producer), **_filtered(wanted, moment)}
        with translated():
            return await self._groups.count_documents(query)

    async def count_owned(self, subject: SubjectKeys, owner: ConsumerId, moment: datetime) -> int:
        """How many of the subject's groups `owner` has."""
        with translated():
            return await self._groups.count_documents({**_of(subject, owner), **_kept(moment)})

    async def retain(
        self, subject: SubjectKeys, owner: ConsumerId, ids: Sequence[GroupId], moment: datetime, until: datetime
    ) -> None:
        """Has those of `owner`'s groups among `ids` that have not lapsed kept `until` then. One write.

        What is kept for longer already stays so. It is no change: neither the revision nor `updatedAt` tells of it.
        """
        with translated():
            await self._groups.update_many(
                {
                    **_of(subject, owner),
                    "_id": {"$in": [ObjectId(id_) for id_ in ids]},
                    "retainUntil": {"$gt": moment, "$lt": until},
                },
                {"$set": {"retainUntil": until}},
            )

    async def offered(
        self, subject: SubjectKeys, to: ConsumerId, gone: Collection[ConsumerId], moment: datetime
    ) -> list[CaseGroup]:
        """The subject's groups that stand offered to `to` or that one of `gone` owns, newest first, without cases."""
        found = await self._found(_offered(subject, to, gone, moment), WITHOUT_CASES)
        return sorted(found, key=lambda group: NewestFirst(group.id))

    async def offered_by_id(
        self, subject: SubjectKeys, to: ConsumerId, gone: Collection[ConsumerId], moment: datetime, id_: GroupId
    ) -> CaseGroup | None:
        """The group with this id if it is among those `offered`, without cases, or None."""
        query = {**_offered(subject, to, gone, moment), "_id": ObjectId(id_)}
        return next(iter(await self._found(query, WITHOUT_CASES)), None)

    async def by_idempotency_key(
        self, subject: SubjectKeys, owner: ConsumerId, key: str, moment: datetime
    ) -> tuple[CaseGroup, str] | None:
        """The group that was created with this key, and the fingerprint of the input it came with."""
        with translated():
            document = await self._groups.find_one({**_of(subject, owner), **_kept(moment), "idempotency.key": key})
        return None if document is None else (group_of(document), document["idempotency"]["fingerprint"])

    async def insert(self, subject: SubjectKey, group: CaseGroup, idempotency: IdempotencyKey | None) -> bool:
        """Stores a new group; False, and nothing stored, when its idempotency key is taken."""
        document = {
            "_id": ObjectId(group.id),
            "subject": subject.digest,
            "subjectKey": subject.key_id,
            "owner": group.owner,
            "revision": group.revision,
            **fixed(group),
            **given(changeable(group)),
        }
        if idempotency is not None:
            document["idempotency"] = {"key": idempotency.key, "fingerprint": idempotency.fingerprint}
        try:
            with translated():
                await self._groups.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def replace(self, subject: SubjectKeys, group: CaseGroup) -> CaseGroup | None:
        """Stores a changed group if the stored one still has the owner and revision that `group` was read with.

        Returns the group as stored, one revision on, or None, and nothing changed, when another change won.
        """
        return await self._changed(subject, group, change_to(changeable(group)))

    async def hand_over(self, subject: SubjectKeys, group: CaseGroup, to: ConsumerId) -> CaseGroup | None:
        """Makes `to` the owner of the group, with the read permissions that `group` has, as `replace` does it.

        The offer goes, and so does the key that the former owner created the group with: it replays nothing for
        either. Title and cases stay as they are stored, whether `group` was read with cases or not.
        """
        return await self._changed(subject, group, change_to(shared(group), owner=to, transfer=None, idempotency=None))

    async def delete(self, subject: SubjectKeys, owner: ConsumerId, id_: GroupId, revision: int) -> bool:
        """Removes a group that still has this revision; False, and nothing removed, otherwise."""
        with translated():
            result = await self._groups.delete_one(_at_revision(subject, owner, id_, revision))
        return result.deleted_count == 1

    async def _found(self, query: Document, projection: Document | None = None) -> list[CaseGroup]:
        with translated():
            found = await found_at_once(self._groups, query, projection, seconds=self._seconds)
        return list(map(group_of, found))

    async def _changed(self, subject: SubjectKeys, group: CaseGroup, update: Document) -> CaseGroup | None:
        with translated():
            document = await self._groups.find_one_and_update(
                _at_revision(subject, group.owner, group.id, group.revision),
                update,
                return_document=ReturnDocument.AFTER,
            )
        return None if document is None else group_of(document)


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


def _one_of(subject: SubjectKeys) -> object:
    """The subject under whichever of its pseudonyms a group is stored."""
    return subject[0].digest if len(subject) == 1 else {"$in": [key.digest for key in subject]}


def _of(subject: SubjectKeys, owner: ConsumerId) -> Document:
    return {"subject": _one_of(subject), "owner": owner}


def _kept(moment: datetime) -> Document:
    """Groups that have not lapsed: MongoDB removes one that has within about a minute; nobody sees it until then."""
    return {"retainUntil": {"$gt": moment}}


def _at_revision(subject: SubjectKeys, owner: ConsumerId, id_: GroupId, revision: int) -> Document:
    return {**_of(subject, owner), "_id": ObjectId(id_), "revision": revision}


def _seen_by(
    subject: SubjectKeys, consumer: ConsumerId, moment: datetime, producer: ProducerId | None = None
) -> Document:
    """The subject's groups that `consumer` owns, or may read at `moment`.

    Where groups with a case at `producer` are looked for, a permission that does not show that producer's cases does
    not count: the group would be found by what its reader may not know of it.
    """
    permission: Document = {
        "consumer": consumer,
        "permittedAt": {"$lte": moment},
        "validUntil": {"$gt": moment},
    }
    if producer is not None:
        permission["producers"] = {"$in": [None, producer]}
    return {
        "subject": _one_of(subject),
        **_kept(moment),
        "$or": [{"owner": consumer}, {"readPermissions": {"$elemMatch": permission}}],
    }


def _offered(subject: SubjectKeys, to: ConsumerId, gone: Collection[ConsumerId], moment: datetime) -> Document:
    return {
        "subject": _one_of(subject),
        **_kept(moment),
        "$or": [
            {"transfer.to": to, "transfer.validUntil": {"$gt": moment}},
            {"owner": {"$in": sorted(gone)}},
        ],
    }


def _filtered(wanted: CaseGroupFilter, moment: datetime) -> Document:
    before = wanted.lapsing_before
    conditions = {
        "purpose.informationArea": wanted.information_area and wanted.information_area.value,
        "purpose.event": wanted.event,
        "cases.producer": wanted.producer,
        "retainUntil": None if before is None else {**_kept(moment)["retainUntil"], "$lt": before},
    }
    return {name: value for name, value in conditions.items() if value is not None}
