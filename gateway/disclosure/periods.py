"""Calendar periods, in UTC: the months, quarters or years that a stretch of days falls into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum


class Every(Enum):
    """How long a period is, by name."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months it has."""
        return {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}[self]

    def label(self, day: date) -> str:
        """The name of the period that `day` is in: `2026-11`, `2026 Q4` or `2026`."""
        match self:
            case Every.MONTH:
                return f"{day:%Y-%m}"
            case Every.QUARTER:
                return f"{day.year:04} Q{(day.month + 2) // 3}"
            case _:
                return f"{day.year:04}"


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both in it. Incomplete where the calendar's period has more, or is not over."""

    label: str
    first: date
    last: date
    is_complete: bool

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return beginning(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return beginning(self.last + timedelta(days=1))


def beginning(day: date) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), UTC)


def periods(first: date, last: date, every: Every, now: datetime) -> Iterator[Period]:
    """The periods that the days from `first` to `last` fall into, in order; none that begins after `now`.

    The first and the last hold those days alone. `last` is before the year 9999.
    """
    natural = _start(first, every)
    while natural <= last and beginning(max(natural, first)) <= now:
        following = _months_on(natural, every.months)
        begins, ends = max(natural, first), min(following - timedelta(days=1), last)
        is_whole = begins == natural and ends + timedelta(days=1) == following
        yield Period(every.label(natural), begins, ends, is_whole and beginning(following) <= now)
        natural = following


def _start(day: date, every: Every) -> date:
    return day.replace(month=(day.month - 1) // every.months * every.months + 1, day=1)


def _months_on(start: date, months: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    return start.replace(year=start.year + years, month=month + 1)
