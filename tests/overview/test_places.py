"""Paging across producers, as arithmetic: everybody has a turn, nobody twice, and it ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.overview import AvailableCase, CasesOutcome, CasesPage, CasesUnavailable, CasesUnavailableReason
from gateway.model.overview_place import MOST_FAILED, Part, Place, parts_of_page
from gateway.model.producer import ProducerId

A, B, C = map(ProducerId, "abc")
DOWN = CasesUnavailable(CasesUnavailableReason.PRODUCER_UNAVAILABLE)


def answered(part: Part, has: int) -> CasesPage:
    """What a producer with so many cases answers; its cursors are numbers."""
    start = int(part.after or 0)
    end = min(start + part.first, has)
    cases = tuple(AvailableCase(f"{part.producer}-{number}", "T", str(number + 1)) for number in range(start, end))
    return CasesPage(cases, str(end) if end < has else None)


@given(st.dictionaries(st.sampled_from([ProducerId(one) for one in "abcdefgh"]), st.integers(0, 9)), st.integers(1, 12))
def test_every_case_comes_once_and_paging_ends(has: dict[ProducerId, int], size: int) -> None:
    producers = sorted(has)
    place, seen, more = Place(), list[str](), bool(producers)
    while more:
        found = list[str]()
        for part in parts_of_page(place, producers, producers, size):
            page = answered(part, has[part.producer])
            found += [case.reference for case in page.cases]
            place = place.after(part.producer, part.after, page)
        assert len(found) <= size
        seen += found
        more = place.has_more(producers)

    assert sorted(seen) == sorted(f"{one}-{number}" for one in producers for number in range(has[one]))


def test_a_page_is_shared_out_to_the_last_case_among_those_that_are_asked() -> None:
    parts = parts_of_page(Place(), [A, B, C], {A, C}, 5)

    assert parts == [Part(A, 3, None), Part(B, 0, None), Part(C, 2, None)]


def test_with_more_producers_than_cases_the_others_have_their_turn_later() -> None:
    parts = parts_of_page(Place(), [A, B, C], {A, B, C}, 2)
    assert parts == [Part(A, 1, None), Part(B, 1, None)]

    place = Place().after(A, None, CasesPage((), None)).after(B, None, CasesPage((), "1"))

    assert place.has_more([A, B, C])
    assert parts_of_page(place, [A, B, C], {A, B, C}, 2) == [Part(B, 1, "1"), Part(C, 1, None)]


def test_who_failed_is_asked_again_where_it_was_but_does_not_keep_paging_from_its_end() -> None:
    place = Place().after(A, None, CasesPage((), "1")).after(A, "1", DOWN)

    assert not place.has_more([A])
    assert parts_of_page(place, [A], {A}, 9) == [Part(A, 9, "1")]
    assert Place().after(A, None, DOWN).after(A, None, CasesPage((), None)).failed == {}


def test_who_failed_comes_after_those_who_have_had_no_turn() -> None:
    place = Place().after(A, None, DOWN)

    assert parts_of_page(place, [A, B], {A, B}, 1) == [Part(B, 1, None)]


def test_who_refuses_is_not_asked_again() -> None:
    for reason in set(CasesUnavailableReason):
        outcome: CasesOutcome = CasesUnavailable(reason)
        is_asked_again = bool(parts_of_page(Place().after(A, None, outcome), [A], {A}, 1))
        assert is_asked_again == (reason.name in PASSING), reason


PASSING = {"DEADLINE_EXCEEDED", "PRODUCER_TIMEOUT", "PRODUCER_UNAVAILABLE", "PRODUCER_FAULT", "NOT_RECORDED"}


def test_a_place_keeps_no_more_failures_than_it_may() -> None:
    place = Place()
    for number in range(MOST_FAILED + 5):
        place = place.after(ProducerId(f"p{number:04}"), None, DOWN)

    assert len(place.failed) == MOST_FAILED
