"""Moments as the rules of case groups count them."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime


def in_milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC, as precise as the database keeps it."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def this_moment() -> datetime:
    """The present moment in UTC, as precise as the database keeps it."""
    return in_milliseconds(datetime.now(UTC))


def months_later(moment: datetime, months: int) -> datetime:
    """The same time of the same day `months` calendar months later, or of that month's last day if it has no such."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
