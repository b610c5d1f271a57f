"""Scalars beyond GraphQL's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.errors import BadUserInput

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _read(text: object) -> datetime:
    """The moment in UTC. Raises BadUserInput for all that is none, and for a time without its offset."""
    try:
        if isinstance(text, str) and RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadUserInput("A DateTime must be a moment with its offset, such as 2026-03-01T08:30:00Z.")


def _in_utc(moment: datetime) -> datetime:
    """What stands in the answer, which is written as RFC 3339 with all the rest of it."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


DATE_TIME: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="A moment in RFC 3339, `2026-03-01T08:30:00Z`: given always in UTC, taken with any offset.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=_in_utc,
    parse_value=_read,
)
