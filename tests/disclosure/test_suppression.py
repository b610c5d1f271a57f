"""What is shown of figures about people, and that nothing that is hidden can be worked out from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.suppression import Count, Hidden, Line, Row, lines, row

LEAST = 5
FEW = Hidden.FEW


def people(*counts: int) -> list[Count]:
    """Figures that count people themselves."""
    return [Count(count, count) for count in counts]


@pytest.mark.parametrize(
    ("counts", "total", "shown"),
    [
        ((12, 7), 15, Row((12, 7), 15)),
        ((12, 0), 12, Row((12, 0), 12)),
        ((0, 0), 0, Row((0, 0), 0)),
        ((5,), 5, Row((5,), 5)),
        ((4,), 4, Row((FEW,), FEW)),
        ((12, 4), 16, Row((12, FEW), 12, is_at_least=True)),
        ((12, 4), 12, Row((12, FEW), 12, is_at_least=True)),
        ((12, 9, 4), 14, Row((12, 9, FEW), 14, is_at_least=True)),
        ((3, 0), 3, Row((FEW, 0), FEW)),
        ((3, 4), 7, Row((FEW, FEW), Hidden.WITHHELD)),
        ((3, 4), 4, Row((FEW, FEW), Hidden.WITHHELD)),
    ],
)
def test_few_people_are_not_shown_and_a_total_is_never_more_than_what_is_shown(
    counts: Sequence[int], total: int, shown: Row
) -> None:
    assert row(people(*counts), total, LEAST) == shown


def test_a_figure_is_hidden_for_the_people_behind_it_however_large_it_is() -> None:
    assert row([Count(400, people=2), Count(30, people=9)], 430, LEAST) == Row((FEW, 30), 30, is_at_least=True)


def test_a_break_down_leaves_out_small_lines_and_shows_no_more_than_the_total() -> None:
    counts = {"TAXES": 14, "GOODS": 4, "SERVICES": 5, "EMPLOYEES": 12}

    assert lines(counts, 12, LEAST) == (Line("EMPLOYEES", 12), Line("TAXES", 12), Line("SERVICES", 5))
    assert lines(counts, Hidden.WITHHELD, LEAST) == lines(counts, FEW, LEAST) == ()


def tables(periods: int, most: int) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Every table: people by period, distinct people in total, and those in one line of a break-down."""
    for counts in product(range(most + 1), repeat=periods):
        for total in range(max(counts), sum(counts) + 1):
            for line in range(total + 1):
                yield counts, total, line


@pytest.mark.parametrize(("periods", "most", "least"), [(1, 9, 4), (2, 9, 4), (3, 6, 3), (4, 4, 3)])
def test_whatever_is_shown_every_hidden_figure_may_be_any_number_below_the_least(
    periods: int, most: int, least: int
) -> None:
    """Tries every small table: of all that look the same, some have each possible number in each hidden place."""
    looking_alike: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts, total, line in tables(periods, most):
        shown = row(people(*counts), total, least)
        looking_alike[shown, lines({"TAXES": line}, shown.total, least)].append(counts)

    for (shown, _), alike in looking_alike.items():  # type: ignore[misc]
        for place, cell in enumerate(shown.cells):
            if cell is FEW:
                assert {counts[place] for counts in alike} == set(range(1, least)), shown


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 50)), min_size=1, max_size=8),
    st.integers(2, 8),
    st.data(),
)
def test_how_much_few_people_did_changes_nothing_of_what_is_shown(
    counted: list[tuple[int, int]], least: int, data: st.DataObject
) -> None:
    """Of what adds up: statuses, and groups created."""
    counts = [Count(behind * each, behind) for behind, each in counted]
    others = [
        Count(data.draw(st.integers(1, 500)), data.draw(st.integers(1, least - 1))) if 0 < one.people < least else one
        for one in counts
    ]

    shown, other = (row(some, sum(one.counted for one in some), least) for some in (counts, others))

    assert shown == other


@given(st.lists(st.sets(st.integers(0, 30), max_size=12), min_size=1, max_size=6), st.integers(2, 6), st.data())
def test_for_every_hidden_number_of_people_there_is_another_one_that_looks_the_same(
    present: list[set[int]], least: int, data: st.DataObject
) -> None:
    """Builds it: who is in the periods that are shown stays as many, and all together make the total that is shown."""
    shown = shown_of(present, least)
    hidden = [place for place, cell in enumerate(shown.cells) if cell is FEW]
    if not hidden:
        return
    place, number = data.draw(st.sampled_from(hidden)), data.draw(st.integers(1, least - 1))

    others = rebuilt(present, shown)
    others[place] = set(range(number))

    assert shown_of(others, least) == shown


def shown_of(present: Sequence[set[int]], least: int) -> Row:
    """What is shown of who was present in each period."""
    return row(people(*map(len, present)), len(set().union(*present)), least)


def rebuilt(present: Sequence[set[int]], shown: Row) -> list[set[int]]:
    """Other people: as many in each period that is shown, together as many as the total, and one of them elsewhere."""
    together = shown.total if isinstance(shown.total, int) else 0
    others: list[set[int]] = []
    begun = 0
    for one, cell in zip(present, shown.cells, strict=True):
        new = 0 if cell is FEW else min(len(one), together - begun)
        others.append({0} if cell is FEW else {*range(begun, begun + new), *range(len(one) - new)})
        begun += new
    return others
