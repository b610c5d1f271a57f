"""Notices: what a consumer is to be told of although it is no longer there to see it. Operators read them."""

from __future__ import annotations

from datetime import datetime

from bson import ObjectId

from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseGroup
from gateway.store.driver import Database, translated


class Notices:
    """Leaves notices and takes them back. Every method raises StoreUnavailable when MongoDB is out of reach."""

    def __init__(self, database: Database) -> None:
        self._notices = database["notices"]

    async def claimed(self, group: CaseGroup, by: ConsumerId, at: datetime) -> str:
        """Tells the owner of `group` that `by` claimed it at this revision. Returns the notice's id.

        Each attempt leaves a notice of its own: of two at once, the one that loses takes back its own, not the other's.
        """
        id_ = f"{group.id}:{group.revision}:{ObjectId()}"
        with translated():
            await self._notices.insert_one(
                {
                    "_id": id_,
                    "consumer": group.owner,
                    "kind": "CASE_GROUP_CLAIMED",
                    "group": group.id,
                    "by": by,
                    "at": at,
                }
            )
        return id_

    async def take_back(self, id_: str) -> None:
        """Removes a notice of what did not come about."""
        with translated():
            await self._notices.delete_one({"_id": id_})
