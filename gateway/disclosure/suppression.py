"""Which figures about people may be shown, so that nobody is singled out, nor can be by reckoning.

The rule has three parts:

1. A figure of one period is shown when at least `least` people are behind it, or nobody. Otherwise only that it is few.
2. A total is the true one, but never more than the periods that are shown come to together.
3. In a break-down, a line is shown when at least `least` people are behind it. It, too, is never more than the total
   that is shown; and how many lines are not shown, and what they come to, is not said.

Why nothing that is hidden follows from what is shown: what is shown of one period depends on that period alone. Of the
total T that is shown, all that follows is that there are at least T in all, and that many are in the periods shown
already: so the hidden ones may be any number below `least`, whether they are the same people as in other periods or
others. The same holds for each line of a break-down, which is no more than T. docs/benefits.md says it at length, and
tests/disclosure/test_suppression.py tries every small table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Hidden(Enum):
    """What stands in the place of a figure that is not shown."""

    FEW = "few"
    """There are people behind it, and fewer than `least`."""
    WITHHELD = "withheld"
    """A total of figures of which none is shown."""


Shown = int | Hidden


@dataclass(frozen=True, slots=True)
class Count:
    """How many were counted, and how many people are behind them."""

    counted: int
    people: int


@dataclass(frozen=True, slots=True)
class Row:
    """One figure by period and in total, as it is shown. `is_at_least`: the total may be more than is shown."""

    cells: tuple[Shown, ...]
    total: Shown
    is_at_least: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a break-down, as it is shown."""

    key: str
    people: int


def row(cells: Sequence[Count], total: int, least: int) -> Row:
    """What is shown of a figure by period, and of its `total` over all of them."""
    shown = tuple(_cell(cell, least) for cell in cells)
    known = sum(cell for cell in shown if isinstance(cell, int))
    hidden = sum(cell is Hidden.FEW for cell in shown)
    if known == 0 and hidden == 1:
        return Row(shown, Hidden.FEW)
    if known == 0 and hidden:
        return Row(shown, Hidden.WITHHELD)
    return Row(shown, min(total, known), is_at_least=hidden > 0)


def lines(people: Mapping[str, int], total: Shown, least: int) -> tuple[Line, ...]:
    """What is shown of a break-down of `total` people who may be in several lines: the largest first, then by key."""
    if not isinstance(total, int):
        return ()
    shown = (Line(key, min(count, total)) for key, count in people.items() if count >= least)
    return tuple(sorted(shown, key=lambda line: (-line.people, line.key)))


def large_enough(people: Iterable[int], least: int) -> int:
    """How many of several groups of people are large enough to be told of."""
    return sum(count >= least for count in people)


def _cell(cell: Count, least: int) -> Shown:
    return Hidden.FEW if 0 < cell.people < least else cell.counted
