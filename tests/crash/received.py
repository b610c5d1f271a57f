"""What portals received in full, held against the record: each status stands there once, and nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from gateway.model.record import Outcome, RecordKind
from gateway.store.driver import Database


@dataclass(frozen=True, slots=True)
class Received:
    """One status that a portal has in full: of which request and case, and which fields of it."""

    request_id: str
    reference: str
    fields: tuple[str, ...]
    """As a record has them: sorted."""

    def __str__(self) -> str:
        return f"{', '.join(self.fields)} of {self.reference} in request {self.request_id}"


async def problems(database: Database, received: Collection[Received]) -> list[str]:
    """What is wrong with the record, in words: a status in `received` without one, and whatever is there twice.

    All that was recorded of the same requests is looked at, also what never reached a portal.
    """
    wanted = {"kind": RecordKind.STATUS.value, "requestId": {"$in": sorted({one.request_id for one in received})}}
    counts = Counter([_recorded(document) async for document in database["disclosures"].find(wanted)])
    return [
        *(f"delivered without a record: {one}" for one in received if counts[one] == 0),
        *(f"recorded {count} times: {one}" for one, count in counts.items() if count > 1),
    ]


async def recorded_twice(database: Database) -> list[str]:
    """Every disclosure that stands in the record more than once, whoever received it or did not."""
    seen: set[Received] = set()
    twice = []
    async for document in database["disclosures"].find({"kind": RecordKind.STATUS.value}):
        one = _recorded(document)
        if one in seen:
            twice.append(str(one))
        seen.add(one)
    return twice


def _recorded(document: dict[str, Any]) -> Received:
    fields = document["fields"] if document["outcome"] == Outcome.DISCLOSED.value else [document["outcome"]]
    return Received(document["requestId"], document["reference"], tuple(fields))
