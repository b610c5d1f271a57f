"""What the validators let in and what they refuse."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from bson import ObjectId
from pymongo.errors import WriteError

from gateway.store.definitions import Definitions
from gateway.store.driver import Database, Document
from gateway.store.initialise import apply_collections

DOCUMENT_VALIDATION_FAILURE = 121
NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONNECTION: Document = {
    "state": "active",
    "environment": "test",
    "contact": {"name": "Kim Berg", "email": "kim.berg@example.com"},
    "validFrom": NOW,
    "validUntil": None,
}
HISTORY = [{"at": NOW, "by": "kim", "action": "suspend", "why": "Asked to.", "changes": {"state": "suspended"}}]
READ_PERMISSION: Document = {
    "consumer": "portal-2",
    "permittedAt": NOW,
    "validUntil": NOW + timedelta(days=30),
    "producers": ["tax-agency"],
    "fields": ["title"],
}
TRANSFER: Document = {
    "to": "portal-2",
    "keepReadPermissions": True,
    "offeredAt": NOW,
    "validUntil": NOW + timedelta(days=30),
}
GOOD: dict[str, Document] = {
    "caseGroups": {
        "_id": ObjectId(),
        "subject": "A" * 43,
        "subjectKey": "k1",
        "owner": "business-portal",
        "title": "Starta kafé",
        "purpose": {"informationArea": "TAXES", "event": "filing-vat"},
        "cases": [
            {
                "number": 1,
                "producer": "tax-agency",
                "caseType": "MOMS",
                "reference": "SKV-2026-55811",
                "note": None,
                "addedAt": NOW,
            }
        ],
        "nextCaseNumber": 2,
        "revision": 1,
        "idempotency": {"key": "k", "fingerprint": "f"},
        "createdAt": NOW,
        "updatedAt": NOW,
        "retainUntil": NOW + timedelta(days=400),
    },
    "consumers": {
        "_id": "portal-1",
        "name": {"sv": "Portalen", "en": "The portal"},
        **CONNECTION,
        "endedAt": None,
        "representatives": False,
        "revision": 1,
        "history": HISTORY,
    },
    "grants": {
        "_id": ObjectId(),
        "consumer": "portal-1",
        "producer": "tax-agency",
        "caseTypes": ["MOMS"],
        "fields": ["title", "references.url"],
        "purposes": [{"informationArea": "TAXES", "event": "filing-vat"}],
        "environment": "test",
        "legalBasis": "Only for tests.",
        "validFrom": NOW,
        "validUntil": None,
        "withdrawnAt": None,
        "revision": 1,
        "history": HISTORY,
    },
    "notices": {
        "_id": f"{'a' * 24}:3:{'b' * 24}",
        "consumer": "portal-1",
        "kind": "CASE_GROUP_CLAIMED",
        "group": "a" * 24,
        "by": "portal-2",
        "at": NOW,
    },
    "replicas": {
        "_id": "abcdefghijklmnop",
        "environment": "test",
        "startedAt": NOW,
        "at": NOW,
        "producers": [
            {
                "producer": "tax-agency",
                "availability": "UNAVAILABLE",
                "breaker": "OPEN",
                "leftAloneUntil": NOW,
                "requests": 12,
                "failed": 10,
                "slow": 1,
            }
        ],
    },
    "pseudonymKeys": {
        "_id": "k1",
        "number": 1,
        "check": "A" * 22,
        "state": "current",
        "addedAt": NOW,
        "revision": 1,
        "history": HISTORY,
    },
    "producers": {
        "_id": "tax-agency",
        "name": {"sv": "Skatteverket", "en": "The tax agency"},
        "endpoint": "http://127.0.0.1:8101/graphql",
        "audience": "https://tax-agency.demo.example",
        "informationAreas": ["TAXES"],
        "caseTypes": [{"code": "F_SKATT-1.0", "name": {"sv": "F-skatt", "en": "F-tax"}, "state": "open"}],
        **CONNECTION,
    },
    "disclosures": {
        "_id": f"{'ab' * 8}/000000000002",
        "stream": "ab" * 8,
        "sequence": 2,
        "at": NOW,
        "kind": "status",
        "requestId": "r-1",
        "consumer": "portal-1",
        "subject": "A" * 43,
        "subjectKey": "k1",
        "actors": ["B" * 43],
        "group": "a" * 24,
        "producer": "tax-agency",
        "caseType": "MOMS",
        "reference": "SKV-2026-55811",
        "fields": ["title", "references.url"],
        "withheld": ["description"],
        "purpose": "TAXES:filing-vat",
        "grants": ["b" * 24],
        "legalBasis": ["Only for tests."],
        "outcome": "DISCLOSED",
        "details": {"action": "addCases", "revision": 3, "final": False, "codes": ["CONFLICT"]},
        "previous": "0" * 64,
        "hash": "1" * 64,
    },
    "recordStreams": {"_id": "ab" * 8, "openedAt": NOW, "writer": "gateway", "version": "0.1.0"},
    "recordSeals": {
        "_id": 1,
        "stream": "ab" * 8,
        "first": 1,
        "last": 2,
        "before": "0" * 64,
        "head": "1" * 64,
        "firstAt": NOW,
        "lastAt": NOW,
        "retainUntil": NOW + timedelta(days=1_826),
        "sealedAt": NOW,
        "closes": False,
        "previous": "0" * 64,
        "hash": "2" * 64,
        "signature": "e30.e30.e30",
    },
}

RECORD_KEYS = ("_id", "stream", "sequence", "at", "kind", "previous", "hash")
"""What every record has."""

ABSENT = object()
Change = tuple[str, str, Any]

ALLOWED: list[Change] = [
    *(("pseudonymKeys", "state", state) for state in ("added", "former", "retired")),
    ("caseGroups", "idempotency", ABSENT),
    ("caseGroups", "cases", []),
    ("caseGroups", "purpose.event", None),
    ("caseGroups", "cases.0.note", "Kommunen ringer."),
    ("caseGroups", "title", "å" * 200),
    ("caseGroups", "cases.0.reference", "r" * 100),
    ("producers", "caseTypes.0.state", "closed"),
    ("producers", "caseTypes.0.state", "pilot"),
    ("producers", "caseTypes.0.from", None),
    ("producers", "caseTypes.0.from", NOW),
    ("producers", "caseTypes.0.pilots", ["portal-1"]),
    ("producers", "organisation", {}),
    ("producers", "organisation", {"name": "Skatteverket"}),
    ("producers", "overrides", {}),
    ("producers", "overrides", {"connectTimeout": 0.5, "deadline": 3, "maxWait": 86_400, "maxBatch": 1}),
    ("producers", "overrides", {"maxConnections": 1, "maxResponseBytes": 2**40}),
    ("producers", "support", None),
    ("producers", "support", {"sv": "s" * 1000, "en": "s"}),
    ("producers", "incidents", None),
    ("producers", "incidents", {"name": "Kim", "email": "kim@example.com"}),
    ("producers", "offersCases", True),
    ("producers", "informationAreas", []),
    ("replicas", "producers", []),
    ("replicas", "producers.0.leftAloneUntil", None),
    *(("disclosures", field, ABSENT) for field in GOOD["disclosures"] if field not in RECORD_KEYS),
    ("disclosures", "kind", "opened"),
    ("disclosures", "purpose", "TAXES"),
    ("recordStreams", "writer", "command"),
    ("recordSeals", "closes", True),
    ("consumers", "state", "suspended"),
    ("consumers", "environment", "live"),
    ("consumers", "validUntil", NOW),
    ("consumers", "endedAt", NOW),
    ("consumers", "history", []),
    ("producers", "endedAt", NOW),
    ("producers", "revision", 2),
    ("producers", "history", HISTORY),
    ("grants", "purposes.0.event", None),
    ("grants", "validUntil", NOW),
    ("grants", "withdrawnAt", NOW),
    ("caseGroups", "cases.0.noteIsPrivate", True),
    ("caseGroups", "readPermissions", []),
    ("caseGroups", "readPermissions", [READ_PERMISSION]),
    ("caseGroups", "readPermissions", [{**READ_PERMISSION, "producers": None, "fields": None}]),
    ("caseGroups", "transfer", TRANSFER),
]

REFUSED: list[Change] = [
    *(("pseudonymKeys", field, ABSENT) for field in GOOD["pseudonymKeys"] if field != "_id"),
    ("pseudonymKeys", "_id", "k 1"),
    ("pseudonymKeys", "number", 0),
    ("pseudonymKeys", "check", "A" * 43),
    ("pseudonymKeys", "state", "lost"),
    ("pseudonymKeys", "key", "never stored"),
    ("caseGroups", "_id", "a string"),
    *(("caseGroups", field, ABSENT) for field in GOOD["caseGroups"] if field not in ("_id", "idempotency")),
    ("caseGroups", "status", "never stored"),
    ("caseGroups", "subject", "165599990010"),
    ("caseGroups", "subject", "A" * 42 + "="),
    ("caseGroups", "subject", "A" * 43 + "\n"),
    ("caseGroups", "subjectKey", ""),
    ("caseGroups", "owner", "Business Portal"),
    ("caseGroups", "owner", "a" * 65),
    ("caseGroups", "title", ""),
    ("caseGroups", "title", "å" * 201),
    ("caseGroups", "title", None),
    ("caseGroups", "purpose", {}),
    ("caseGroups", "purpose.informationArea", "SPACE_TRAVEL"),
    ("caseGroups", "purpose.informationArea", None),
    ("caseGroups", "purpose.event", "Filing VAT"),
    ("caseGroups", "purpose.event", "e" * 65),
    ("caseGroups", "purpose.event", 1),
    ("caseGroups", "purpose.why", "more"),
    ("caseGroups", "cases", {}),
    ("caseGroups", "cases", [GOOD["caseGroups"]["cases"][0]] * 1001),
    *(("caseGroups", f"cases.0.{field}", ABSENT) for field in GOOD["caseGroups"]["cases"][0]),
    ("caseGroups", "cases.0.status", {"title": "never stored"}),
    ("caseGroups", "cases.0.number", 0),
    ("caseGroups", "cases.0.number", "1"),
    ("caseGroups", "cases.0.producer", "Tax Agency"),
    ("caseGroups", "cases.0.caseType", "moms"),
    ("caseGroups", "cases.0.reference", ""),
    ("caseGroups", "cases.0.reference", "r" * 101),
    ("caseGroups", "cases.0.note", "n" * 1001),
    ("caseGroups", "cases.0.addedAt", "2026-03-01"),
    ("caseGroups", "nextCaseNumber", 0),
    ("caseGroups", "revision", 0),
    ("caseGroups", "revision", 1.5),
    ("caseGroups", "idempotency", None),
    ("caseGroups", "idempotency.key", ""),
    ("caseGroups", "idempotency.key", "k" * 101),
    ("caseGroups", "idempotency.fingerprint", ABSENT),
    ("caseGroups", "createdAt", 1),
    ("caseGroups", "updatedAt", "now"),
    ("caseGroups", "retainUntil", None),
    ("caseGroups", "cases.0.noteIsPrivate", "yes"),
    ("caseGroups", "readPermissions", None),
    ("caseGroups", "readPermissions", [READ_PERMISSION] * 101),
    *(
        (
            "caseGroups",
            "readPermissions",
            [{other: READ_PERMISSION[other] for other in READ_PERMISSION if other != name}],
        )
        for name in READ_PERMISSION
    ),
    ("caseGroups", "readPermissions", [{**READ_PERMISSION, "consumer": "Portal 2"}]),
    ("caseGroups", "readPermissions", [{**READ_PERMISSION, "validUntil": None}]),
    ("caseGroups", "readPermissions", [{**READ_PERMISSION, "fields": ["status"]}]),
    ("caseGroups", "readPermissions", [{**READ_PERMISSION, "why": "more"}]),
    ("caseGroups", "transfer", None),
    *(("caseGroups", "transfer", {other: TRANSFER[other] for other in TRANSFER if other != name}) for name in TRANSFER),
    ("caseGroups", "transfer", {**TRANSFER, "keepReadPermissions": None}),
    ("producers", "caseTypes.0.state", "piloted"),
    ("producers", "caseTypes.0.from", "2027-01-01"),
    ("producers", "caseTypes.0.pilots", ["Portal 1"]),
    ("producers", "caseTypes.0.pilots", ["portal-1", "portal-1"]),
    ("producers", "caseTypes.0.pilots", None),
    ("producers", "organisation", {"name": ""}),
    ("producers", "organisation", {"number": "165599990010"}),
    ("producers", "overrides", {"deadline": 0}),
    ("producers", "overrides", {"deadline": 86_401}),
    ("producers", "overrides", {"maxBatch": 0}),
    ("producers", "overrides", {"maxBatch": 1.5}),
    ("producers", "overrides", {"maxRetries": 1}),
    ("producers", "support", {"sv": "s"}),
    ("producers", "support", {"sv": "s" * 1001, "en": "s"}),
    ("producers", "incidents", {"name": "Kim"}),
    ("producers", "offersCases", "yes"),
    *(
        (name, field, ABSENT)
        for name in ("consumers", "grants", "notices", "replicas", "recordStreams", "recordSeals")
        for field in GOOD[name]
        if field != "_id"
    ),
    *(
        (name, field, value)
        for name in ("consumers", "producers")
        for field, value in (
            ("environment", "production"),
            ("contact", "Kim Berg"),
            ("contact.email", ABSENT),
            ("contact.email", "kim.berg"),
            ("contact.telephone", "1"),
            ("validFrom", None),
            ("validFrom", "2026-03-01"),
            ("validUntil", "2026-03-01"),
            ("endedAt", False),
            ("revision", 0),
            ("history", {}),
            ("history", [{**HISTORY[0], "why": ""}]),
            ("history", [{}]),
        )
    ),
    ("consumers", "representatives", "yes"),
    ("grants", "_id", "a string"),
    ("grants", "consumer", "Portal"),
    ("grants", "producer", None),
    ("grants", "caseTypes", []),
    ("grants", "caseTypes", ["MOMS", "MOMS"]),
    ("grants", "caseTypes", [f"T{number}" for number in range(101)]),
    ("grants", "caseTypes", ["moms"]),
    ("grants", "caseTypes", "MOMS"),
    ("grants", "fields", []),
    ("grants", "fields", ["title", "title"]),
    ("grants", "fields", ["references"]),
    ("grants", "fields", ["status"]),
    ("grants", "purposes", []),
    ("grants", "purposes.0", "TAXES"),
    ("grants", "purposes.0.event", ABSENT),
    ("grants", "purposes.0.event", "Filing VAT"),
    ("grants", "purposes.0.informationArea", "SPACE_TRAVEL"),
    ("grants", "environment", "both"),
    ("grants", "legalBasis", ""),
    ("grants", "legalBasis", "b" * 501),
    ("grants", "validFrom", None),
    ("grants", "withdrawnAt", True),
    ("grants", "revision", 0),
    ("grants", "subject", "never here"),
    ("replicas", "_id", "abcdefghijklmno1"),
    ("replicas", "_id", "a" * 17),
    ("replicas", "host", "never here"),
    ("replicas", "environment", "both"),
    ("replicas", "producers.0.producer", "Tax Agency"),
    ("replicas", "producers.0.breaker", "AJAR"),
    ("replicas", "producers.0.availability", "MAYBE"),
    ("replicas", "producers.0.requests", -1),
    ("replicas", "producers.0.leftAloneUntil", 7),
    ("replicas", "producers.0.slow", ABSENT),
    *(("disclosures", field, ABSENT) for field in RECORD_KEYS if field != "_id"),
    ("disclosures", "_id", f"{'ab' * 8}/2"),
    ("disclosures", "stream", "ab"),
    ("disclosures", "sequence", 0),
    ("disclosures", "at", "2026-03-01T00:00:00.000Z"),
    ("disclosures", "kind", "other"),
    ("disclosures", "subject", "165599990010"),
    ("disclosures", "actors", ["165599990010"]),
    ("disclosures", "actors", []),
    ("disclosures", "consumer", None),
    ("disclosures", "reference", "r" * 101),
    ("disclosures", "fields", []),
    ("disclosures", "fields", "title"),
    ("disclosures", "purpose", "P" * 130),
    ("disclosures", "outcome", "O" * 65),
    ("disclosures", "details", {"nested": {"text": "never here"}}),
    ("disclosures", "details", {"number": 1.5}),
    ("disclosures", "status", {"title": "never stored"}),
    ("disclosures", "title", "never stored"),
    ("disclosures", "previous", "0" * 63),
    ("disclosures", "hash", "1" * 65),
    ("recordStreams", "_id", "ab"),
    ("recordStreams", "writer", "somebody"),
    ("recordStreams", "host", "never here"),
    ("recordSeals", "_id", 0),
    ("recordSeals", "_id", "1"),
    ("recordSeals", "first", 0),
    ("recordSeals", "head", "1" * 65),
    ("recordSeals", "closes", 1),
    ("recordSeals", "signature", "e30.e30"),
    ("recordSeals", "subject", "never here"),
    ("notices", "_id", "a" * 24),
    ("notices", "kind", "OTHER"),
    ("notices", "subject", "never here"),
    ("consumers", "_id", "Portal"),
    ("consumers", "_id", ObjectId()),
    ("consumers", "name", "Portalen"),
    ("consumers", "name.en", ABSENT),
    ("consumers", "name.fi", "Portaali"),
    ("consumers", "name.sv", ""),
    ("consumers", "state", "paused"),
    ("consumers", "secret", "never here"),
    *(("producers", field, ABSENT) for field in GOOD["producers"] if field != "_id"),
    ("producers", "_id", ""),
    ("producers", "endpoint", "ftp://127.0.0.1/"),
    ("producers", "endpoint", "http://127.0.0.1/a b"),
    ("producers", "audience", ""),
    ("producers", "informationAreas", ["TAXES", "TAXES"]),
    ("producers", "informationAreas", ["SPACE_TRAVEL"]),
    ("producers", "caseTypes.0.code", "with space"),
    ("producers", "caseTypes.0.name", ABSENT),
    ("producers", "caseTypes.0.state", "ajar"),
    ("producers", "caseTypes.0.price", 1),
    ("producers", "state", None),
    ("producers", "caseTypes", "MOMS"),
]


@pytest_asyncio.fixture
async def ready(database: Database, definitions: Definitions) -> Database:
    """A database with the collections and nothing in them."""
    async for _ in apply_collections(database, definitions):
        pass
    return database


@pytest.mark.parametrize("collection", GOOD)
@pytest.mark.asyncio
async def test_a_good_document_is_let_in(ready: Database, collection: str) -> None:
    await ready[collection].insert_one(GOOD[collection])


@pytest.mark.parametrize(("collection", "path", "value"), ALLOWED)
@pytest.mark.asyncio
async def test_what_may_vary_may_vary(ready: Database, collection: str, path: str, value: object) -> None:
    await ready[collection].insert_one(_with(GOOD[collection], path, value))


@pytest.mark.parametrize(("collection", "path", "value"), REFUSED)
@pytest.mark.asyncio
async def test_a_fault_is_refused(ready: Database, collection: str, path: str, value: object) -> None:
    with pytest.raises(WriteError) as refused:
        await ready[collection].insert_one(_with(GOOD[collection], path, value))

    assert refused.value.code == DOCUMENT_VALIDATION_FAILURE


@pytest.mark.asyncio
async def test_a_change_is_checked_like_a_new_document(ready: Database) -> None:
    await ready["caseGroups"].insert_one(GOOD["caseGroups"])

    with pytest.raises(WriteError) as refused:
        await ready["caseGroups"].update_one({}, {"$set": {"title": ""}})

    assert refused.value.code == DOCUMENT_VALIDATION_FAILURE


def _with(document: Document, path: str, value: object) -> Document:
    """A copy of `document` where what is at `path` (`cases.0.note`) is `value`, or is not there at all."""
    changed = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = changed
    for parent in parents:
        place = place[parent]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return changed
