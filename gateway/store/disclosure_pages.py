"""The record as the end user reads it: pages of what was told of one subject, each one indexed read.

Whose records, and which consumer's alone, is decided by the caller of this module; nothing here asks for all subjects'.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pymongo import ASCENDING, DESCENDING

from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.case_group import GroupId
from gateway.model.disclosure import (
    Disclosure,
    DisclosureFilter,
    DisclosureId,
    DisclosureKind,
    DisclosureOutcome,
    LatestFirst,
)
from gateway.model.page import Page, Window, page_read
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose, read_purpose
from gateway.store.driver import Database, Document, translated

TOLD = [kind.value for kind in DisclosureKind]
"""The kinds of record that say what a consumer was told; of the others nothing is read."""

OUTCOMES = {outcome.value: outcome for outcome in DisclosureOutcome}

SHOWN = (
    *("at", "kind", "consumer", "actors", "producer", "caseType", "reference", "group", "fields", "withheld"),
    *("purpose", "legalBasis", "outcome", "requestId"),
)
"""What is read of a record; `actors` only to say whether there were any."""


class DisclosurePages:
    """Reads the record of disclosures. Every method raises StoreUnavailable when MongoDB is out of reach.

    `subject` is every pseudonym that one subject has had, and `consumer` the one whose disclosures alone are looked
    at; None: every consumer's.
    """

    def __init__(self, database: Database) -> None:
        self._records = database["disclosures"]

    async def page(
        self,
        subject: Sequence[SubjectKey],
        consumer: ConsumerId | None,
        wanted: DisclosureFilter,
        window: Window[LatestFirst],
    ) -> Page[Disclosure]:
        """One page of what was told of the subject, the newest first. One read."""
        query = _within(_wanted(subject, consumer, wanted), window)
        order = ASCENDING if window.backward else DESCENDING
        cursor = self._records.find(query, SHOWN).sort([("at", order), ("_id", order)]).limit(window.size + 1)
        with translated():
            found = [_disclosure(document) async for document in cursor]
        return page_read(found, window)

    async def count(self, subject: Sequence[SubjectKey], consumer: ConsumerId | None, wanted: DisclosureFilter) -> int:
        """How many entries all pages have. One read."""
        with translated():
            return await self._records.count_documents(_wanted(subject, consumer, wanted))

    async def by_id(
        self, subject: Sequence[SubjectKey], consumer: ConsumerId | None, id_: DisclosureId
    ) -> Disclosure | None:
        """The entry with this id if it would stand on a page, or None."""
        query = {**_wanted(subject, consumer, DisclosureFilter()), "_id": id_}
        with translated():
            document = await self._records.find_one(query, SHOWN)
        return None if document is None else _disclosure(document)


def _wanted(subject: Sequence[SubjectKey], consumer: ConsumerId | None, wanted: DisclosureFilter) -> Document:
    """The records of the subject that are looked for; `consumer` narrows whatever `wanted` asks for."""
    query: Document = {"subject": {"$in": [key.digest for key in subject]}, "kind": {"$in": TOLD}}
    conditions = {
        "group": wanted.group,
        "producer": wanted.producer,
        "outcome": wanted.outcome and wanted.outcome.value,
    }
    query.update({name: value for name, value in conditions.items() if value is not None})
    consumers = [one for one in (consumer, wanted.consumer) if one is not None]
    if consumers:
        # Another's than one's own is nobody's.
        query["consumer"] = consumers[0] if len(set(consumers)) == 1 else {"$in": []}
    bounds = {name: bound for name, bound in (("$gte", wanted.start), ("$lt", wanted.end)) if bound is not None}
    if bounds:
        query["at"] = bounds
    return query


def _within(query: Document, window: Window[LatestFirst]) -> Document:
    """The query with the window's bounds: on `at`, by which the index is entered, and for entries of one moment."""
    within: list[Document] = []
    for place, outer, inner in ((window.after, "$lte", "$lt"), (window.before, "$gte", "$gt")):
        if place is not None:
            same = {"at": place.at, "_id": {inner: place.id}}
            within += [{"at": {outer: place.at}}, {"$or": [{"at": {inner: place.at}}, same]}]
    return {**query, "$and": within} if within else query


def _disclosure(document: Document) -> Disclosure:
    group = document.get("group")
    return Disclosure(
        id=DisclosureId(document["_id"]),
        at=_moment(document["at"]),
        kind=DisclosureKind(document["kind"]),
        consumer=ConsumerId(document["consumer"]),
        by_representative=bool(document.get("actors")),
        producer=ProducerId(document["producer"]),
        case_type=document.get("caseType"),
        reference=document.get("reference"),
        group=None if group is None else GroupId(group),
        fields=tuple(document.get("fields", ())),
        withheld=tuple(document.get("withheld", ())),
        purpose=_purpose(document.get("purpose")),
        legal_basis=tuple(document.get("legalBasis", ())),
        outcome=OUTCOMES.get(document.get("outcome", "")),
        request_id=document.get("requestId"),
    )


def _purpose(text: str | None) -> Purpose | None:
    """The purpose; None where there is none, or one that only another version of the gateway knows."""
    try:
        return None if text is None else read_purpose(text)
    except ValueError:
        return None


def _moment(stored: datetime) -> datetime:
    return stored.astimezone(UTC)
