"""Grants in MongoDB, as the people who give and withdraw them see and change them."""

from __future__ import annotations

from datetime import UTC

from bson import ObjectId

from gateway.model.grant import Grant, GrantId
from gateway.model.history import Cause, KeptGrant
from gateway.store import records
from gateway.store.driver import Database, Document, translated
from gateway.store.histories import change, entry, history, revision
from gateway.store.records import BadRecord, refusals_told


class Grants:
    """Reads, gives and withdraws grants; none is ever removed. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._grants = database["grants"]

    async def all(self) -> tuple[list[KeptGrant], list[BadRecord]]:
        """All grants by id, the oldest first, and what is wrong with those that cannot be understood."""
        with translated():
            documents = await self._grants.find().sort("_id", 1).to_list(None)
        return records.all_understood("grants", documents, _kept)

    async def insert(self, grant: Grant, cause: Cause) -> None:
        """Stores a new grant. Raises RecordRefused."""
        with refusals_told():
            await self._grants.insert_one(
                {
                    "_id": ObjectId(grant.id),
                    "consumer": grant.consumer,
                    "producer": grant.producer,
                    "caseTypes": sorted(grant.case_types),
                    "fields": sorted(grant.fields),
                    "purposes": [
                        {"informationArea": purpose.information_area.value, "event": purpose.event}
                        for purpose in sorted(grant.purposes, key=str)
                    ],
                    "environment": grant.environment.value,
                    "legalBasis": grant.legal_basis,
                    "validFrom": grant.validity.start,
                    "validUntil": grant.validity.end,
                    "withdrawnAt": None,
                    "revision": 1,
                    "history": [entry("add", {}, cause)],
                }
            )

    async def withdraw(self, kept: KeptGrant, cause: Cause) -> bool:
        """Withdraws a grant that is as it was read; False, and nothing changed, when another change won."""
        return await change(
            self._grants,
            ObjectId(kept.grant.id),
            kept.revision,
            action="withdraw",
            fields={"withdrawnAt": cause.at},
            cause=cause,
        )


def new_grant_id() -> GrantId:
    """An id for a new grant; ids ascend with time."""
    return GrantId(str(ObjectId()))


def _kept(document: Document) -> KeptGrant:
    withdrawn_at = document["withdrawnAt"]
    return KeptGrant(
        grant=records.grant(document),
        withdrawn_at=None if withdrawn_at is None else withdrawn_at.astimezone(UTC),
        revision=revision(document),
        history=history(document),
    )
