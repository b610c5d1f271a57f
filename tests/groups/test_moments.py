"""Calendar months: the same day, or the month's last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.groups.moments import in_milliseconds, months_later


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-11-23T10:20:30+00:00", 13, "2027-12-23T10:20:30+00:00"),
        ("2026-01-31T00:00:00+00:00", 1, "2026-02-28T00:00:00+00:00"),
        ("2027-01-31T00:00:00+00:00", 13, "2028-02-29T00:00:00+00:00"),
        ("2026-01-31T00:00:00+00:00", 13, "2027-02-28T00:00:00+00:00"),
        ("2028-02-29T00:00:00+00:00", 12, "2029-02-28T00:00:00+00:00"),
        ("2028-02-29T00:00:00+00:00", 48, "2032-02-29T00:00:00+00:00"),
        ("2027-02-28T23:59:59+00:00", 12, "2028-02-28T23:59:59+00:00"),
        ("2026-12-31T00:00:00+00:00", 1, "2027-01-31T00:00:00+00:00"),
        ("2026-11-30T00:00:00+00:00", 13, "2027-12-30T00:00:00+00:00"),
        ("2026-10-31T00:00:00+00:00", 13, "2027-11-30T00:00:00+00:00"),
        ("2026-12-01T00:00:00+00:00", 12, "2027-12-01T00:00:00+00:00"),
        ("2099-01-31T00:00:00+00:00", 13, "2100-02-28T00:00:00+00:00"),
    ],
)
def test_months_are_counted_by_the_calendar(start: str, months: int, expected: str) -> None:
    assert months_later(datetime.fromisoformat(start), months) == datetime.fromisoformat(expected)


def test_a_moment_is_as_precise_as_the_database_keeps_it() -> None:
    moment = datetime(2026, 3, 1, 10, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))

    assert in_milliseconds(moment) == datetime(2026, 3, 1, 8, 0, 0, 123_000, tzinfo=UTC)
