"""Scalars beyond GraphQL's own."""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry
from strawberry.types.scalar import ScalarDefinition


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


DATE_TIME: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="A moment in RFC 3339, always in UTC: `2026-03-01T08:30:00Z`.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=_written,
    parse_value=datetime.fromisoformat,
)
