"""The record, read for the benefit figures: pages of a few fields, day by day, from an index of kind and time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model.caller import SubjectKey
from gateway.model.record import Outcome, RecordKind
from gateway.store.driver import Database, Document, translated

PAGE_SIZE = 5_000
A_DAY = timedelta(days=1)
CREATES_A_GROUP = "createCaseGroup"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One status that was delivered."""

    at: datetime
    subject: SubjectKey
    consumer: str
    group: str
    producer: str
    case_type: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Made:
    """One change that a consumer made; `created` is the group that came of it, if one did."""

    at: datetime
    subject: SubjectKey
    consumer: str
    created: str | None


class BenefitFigures:
    """Reads what was delivered and changed. Every method raises StoreUnavailable.

    It reads day by day, each with a cursor of its own: a long time needs no long-lived cursor, and no more memory than
    a page. The outcome is looked at here, since the index is of kind and time alone, and most outcomes are wanted.
    """

    def __init__(self, database: Database) -> None:
        self._records = database["disclosures"]

    async def delivered(self, start: datetime, end: datetime) -> AsyncIterator[list[Delivered]]:
        """The statuses delivered from `start` until before `end`, one day after the other."""
        async for page in self._pages(RecordKind.STATUS, start, end, "group", "producer", "caseType", "purpose"):
            yield [
                Delivered(
                    at=document["at"],
                    subject=SubjectKey(document["subject"], document["subjectKey"]),
                    consumer=document["consumer"],
                    group=document["group"],
                    producer=document["producer"],
                    case_type=document["caseType"],
                    purpose=document["purpose"],
                )
                for document in page
                if document["outcome"] == Outcome.DISCLOSED.value
            ]

    async def made(self, start: datetime, end: datetime) -> AsyncIterator[list[Made]]:
        """The changes made from `start` until before `end`, one day after the other."""
        async for page in self._pages(RecordKind.CHANGE, start, end, "group", "details.action"):
            yield [
                Made(
                    at=document["at"],
                    subject=SubjectKey(document["subject"], document["subjectKey"]),
                    consumer=document["consumer"],
                    created=document.get("group") if document["details"]["action"] == CREATES_A_GROUP else None,
                )
                for document in page
                if document["outcome"] == Outcome.MADE.value
            ]

    async def _pages(
        self, kind: RecordKind, start: datetime, end: datetime, *names: str
    ) -> AsyncIterator[list[Document]]:
        wanted = {"_id": False, **dict.fromkeys(("at", "subject", "subjectKey", "consumer", "outcome", *names), True)}
        while start < end:
            following = min(start + A_DAY, end)
            found = self._records.find({"kind": kind.value, "at": {"$gte": start, "$lt": following}}, wanted)
            cursor = found.batch_size(PAGE_SIZE)
            while True:
                with translated():
                    page = await cursor.to_list(PAGE_SIZE)
                if not page:
                    break
                yield page
            start = following
