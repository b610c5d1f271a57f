"""Records of what is agreed with consumers and producers, as they stand in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from gateway.model.purpose import InformationArea
from gateway.model.status import GRANTABLE_FIELDS

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_AREA: tuple[tuple[str, str | None], ...] = tuple((area.value, None) for area in InformationArea)


def connection(**changes: Any) -> dict[str, Any]:
    """What the records of consumers and producers have in common: connected, in the test environment."""
    return {
        "contact": {"name": "Kim Berg", "email": "kim.berg@example.com"},
        "environment": "test",
        "validFrom": SINCE,
        "validUntil": None,
        "state": "active",
        **changes,
    }


def consumer_record(id_: str, **changes: Any) -> dict[str, Any]:
    """A consumer that is connected, also for representatives."""
    return {
        "_id": id_,
        "name": {"sv": f"{id_} (sv)", "en": f"{id_} (en)"},
        **connection(),
        "endedAt": None,
        "representatives": True,
        "revision": 1,
        "history": [],
        **changes,
    }


def producer_record(id_: str, case_types: Sequence[str] = ("PERMIT",), **changes: Any) -> dict[str, Any]:
    """A producer that is connected, with open case types and one that is `CLOSED`."""
    return {
        "_id": id_,
        "name": {"sv": f"{id_} på svenska", "en": f"{id_} in English"},
        "endpoint": "http://127.0.0.1:1/graphql",
        "audience": f"https://{id_}.example",
        "informationAreas": ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS", "TAXES"],
        "caseTypes": [
            *(
                {"code": code, "name": {"sv": code.title(), "en": f"{code} (en)"}, "state": "open"}
                for code in case_types
            ),
            {"code": "CLOSED", "name": {"sv": "Stängd", "en": "Closed"}, "state": "closed"},
        ],
        **connection(),
        **changes,
    }


def grant_record(
    consumer: str,
    producer: str,
    case_types: Sequence[str],
    fields: Sequence[str] = GRANTABLE_FIELDS,
    purposes: Sequence[tuple[str, str | None]] = EVERY_AREA,
    **changes: Any,
) -> dict[str, Any]:
    """A grant that is in force; each purpose is an information area and an event, or None for every event."""
    return {
        "_id": ObjectId(),
        "consumer": consumer,
        "producer": producer,
        "caseTypes": list(case_types),
        "fields": list(fields),
        "purposes": [{"informationArea": area, "event": event} for area, event in purposes],
        "environment": "test",
        "legalBasis": "Only for tests.",
        "validFrom": SINCE,
        "validUntil": None,
        "withdrawnAt": None,
        "revision": 1,
        "history": [],
        **changes,
    }
