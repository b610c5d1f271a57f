"""Months, quarters and years, and which of them are whole and over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.periods import Every, Period, periods

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)


def named(first: str, last: str, every: Every) -> list[tuple[str, bool]]:
    """The periods between two days by name, and whether each is complete."""
    found = periods(date.fromisoformat(first), date.fromisoformat(last), every, NOW)
    return [(period.label, period.is_complete) for period in found]


def test_a_period_is_complete_when_it_is_asked_for_whole_and_is_over() -> None:
    assert named("2026-08-02", "2026-12-31", Every.MONTH) == [
        ("2026-08", False),
        ("2026-09", True),
        ("2026-10", True),
        ("2026-11", False),
    ]
    assert named("2026-04-01", "2026-08-31", Every.QUARTER) == [("2026 Q2", True), ("2026 Q3", False)]
    assert named("2025-01-01", "2026-12-31", Every.YEAR) == [("2025", True), ("2026", False)]
    assert named("2026-11-23", "2026-11-23", Every.YEAR) == [("2026", False)]
    assert named("2026-11-24", "2026-11-30", Every.MONTH) == []


@given(st.dates(date(1, 1, 1), date(9998, 12, 31)), st.integers(0, 2_000), st.sampled_from(Every))
def test_the_periods_hold_every_day_once(first: date, days: int, every: Every) -> None:
    last = min(first + timedelta(days=days), date(9998, 12, 31))
    found = list(periods(first, last, every, datetime(9999, 1, 1, tzinfo=UTC)))

    assert (found[0].first, found[-1].last) == (first, last)
    assert [period.last + timedelta(days=1) for period in found[:-1]] == [period.first for period in found[1:]]
    assert all(_is_within_one(period, every) for period in found)


def _is_within_one(period: Period, every: Every) -> bool:
    return every.label(period.first) == every.label(period.last) == period.label
