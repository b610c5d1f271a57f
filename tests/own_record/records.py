"""Entries of the record as its writer leaves them, and what the end user's portal asks about them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.disclosure.chain import BEFORE_THE_FIRST, linked
from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.record import Entry, RecordKind
from tests.gateway import Answer, Gateway
from tests.issuer import ALVA

PORTAL, PROGRAM = "business-portal", "accounting-program"
READ, EVERYTHING = "case-groups:read", "case-groups:read disclosures:read"

BEGAN = datetime(2026, 11, 1, 8, tzinfo=UTC)
STARTING = "STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company"
GROUP = "690000000000000000000001"

LIST = """
  query Record(
    $caseGroup: ID, $filter: DisclosureFilter, $first: Int, $after: String, $last: Int, $before: String
  ) {
    disclosures(
      caseGroup: $caseGroup, filter: $filter, first: $first, after: $after, last: $last, before: $before
    ) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id at reference } }
    }
  }
"""

OF_A_GROUP = """
  query RecordOfAGroup($id: ID!, $filter: DisclosureFilter, $first: Int, $after: String) {
    caseGroup(id: $id) {
      disclosures(filter: $filter, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { id at reference } }
      }
    }
  }
"""


Said = dict[str, Any]
"""The arguments of an entry."""


def told(**changes: Any) -> Said:
    """A status that the portal was told of a case of Alva's, but for what the arguments change; its subject is none."""
    return {
        "kind": RecordKind.STATUS,
        "request_id": "request-1",
        "consumer": ConsumerId(PORTAL),
        "group": GROUP,
        "producer": "tax-agency",
        "case_type": "FSKATT",
        "reference": "T-1",
        "fields": ("title", "updatedAt"),
        "purpose": STARTING,
        "grants": ("690000000000000000000101",),
        "legal_basis": ("Skatteförfarandelagen 66 kap.",),
        "outcome": "DISCLOSED",
        **changes,
    }


@dataclass
class Record:
    """The record of a gateway, written into by hand: one stream, an entry a minute from BEGAN on."""

    gateway: Gateway
    stream: str = field(default_factory=lambda: secrets.token_hex(8))
    written: int = 0
    _keys: dict[str, SubjectKey] = field(default_factory=dict)

    async def write(self, *entries: Said, subject: str = ALVA, at: datetime | None = None) -> None:
        """Adds entries about the subject, each a minute after the one before, or all `at` a moment.

        One that says another subject is about that.
        """
        key = await self.pseudonym(subject)
        documents = []
        for said in entries:
            self.written += 1
            moment = at or BEGAN + timedelta(minutes=self.written)
            documents.append(
                linked(
                    Entry(**{"subject": key, **said}),
                    stream=self.stream,
                    sequence=self.written,
                    at=moment,
                    previous=BEFORE_THE_FIRST,
                )
            )
        await self.gateway.database["disclosures"].insert_many(documents)

    async def pseudonym(self, subject: str) -> SubjectKey:
        """What the gateway stores the subject under."""
        if subject not in self._keys:
            token = self.gateway.token_for(subject)
            await self.gateway.a_group_with(token=token)
            document = await self.gateway.database["caseGroups"].find_one(sort=[("_id", -1)])
            assert document is not None
            self._keys[subject] = SubjectKey(document["subject"], document["subjectKey"])
        return self._keys[subject]

    async def asked(
        self,
        query: str = LIST,
        *,
        subject: str = ALVA,
        consumer: str = PORTAL,
        scope: str = EVERYTHING,
        language: str | None = None,
        **variables: Any,
    ) -> Answer:
        """The answer to a question about the record."""
        token = self.gateway.token_for(subject, consumer, scope=scope)
        return await self.gateway.query(query, variables, token=token, language=language)

    async def listed(self, **asked: Any) -> Any:
        """One page of `disclosures`."""
        return (await self.asked(**asked)).data["disclosures"]


def references(page: Any) -> list[str]:
    """Those of a page's entries, in order."""
    return [edge["node"]["reference"] for edge in page["edges"]]
