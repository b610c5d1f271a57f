"""Counts of the last so many seconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.producers.rolling import SLICES, RollingCounts
from tests.producers.clock import Clock

WINDOW = 10.0


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 4)), max_size=60))
def test_what_is_counted_is_what_happened_in_the_window_give_or_take_a_slice(events: list[tuple[int, float]]) -> None:
    clock = Clock()
    counts = RollingCounts(3, WINDOW, clock)
    happened: list[tuple[int, float]] = []
    for kind, pause in events:
        clock.after(pause)
        counts.add(kind)
        happened.append((kind, clock.now))

    totals = counts.totals()

    for kind in range(3):
        within = [moment for of, moment in happened if of == kind and clock.now - moment < WINDOW - WINDOW / SLICES]
        at_most = [moment for of, moment in happened if of == kind and clock.now - moment <= WINDOW]
        assert len(within) <= totals[kind] <= len(at_most)


def test_it_keeps_no_more_than_its_slices_however_much_is_counted() -> None:
    clock = Clock()
    counts = RollingCounts(1, WINDOW, clock)

    for _ in range(1_000):
        clock.after(0.13)
        counts.add(0)

    assert len(counts._slices) <= SLICES
    counts.clear()
    assert counts.totals() == (0,)
