"""Paging across producers: where each of them has got to, whom the next page asks, and for how many cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from gateway.model.overview import CasesOutcome, CasesPage, CasesUnavailableReason
from gateway.model.producer import ProducerId

MOST_FAILED = 100
"""Producers that a place keeps for another try, so that it does not grow beyond bounds."""

MAY_PASS = frozenset(
    {
        CasesUnavailableReason.PRODUCER_TIMEOUT,
        CasesUnavailableReason.PRODUCER_UNAVAILABLE,
        CasesUnavailableReason.PRODUCER_FAULT,
        CasesUnavailableReason.DEADLINE_EXCEEDED,
        CasesUnavailableReason.NOT_RECORDED,
    }
)
"""Why a producer that did not answer is asked again by a later page."""

Cursors = Mapping[ProducerId, str | None]
"""By producer: its own cursor, after which to go on; None: from its first case."""

NONE: Cursors = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """Between two cases of an overview.

    Producers are begun in the order of their ids, up to `begun`. Of these `unfinished` have more cases, and `failed`
    did not answer; all others have no more.
    """

    begun: str = ""
    unfinished: Cursors = field(default_factory=lambda: NONE)
    failed: Cursors = field(default_factory=lambda: NONE)

    def has_more(self, producers: Collection[ProducerId]) -> bool:
        """Whether cases of `producers` follow, or may. Those that failed do not count: paging shall end."""
        return any(one in self.unfinished or one > self.begun for one in producers)

    def after(self, producer: ProducerId, start: str | None, outcome: CasesOutcome) -> Place:
        """The place after what `producer` answered to a question for its cases after `start`."""
        unfinished = {one: cursor for one, cursor in self.unfinished.items() if one != producer}
        failed = {one: cursor for one, cursor in self.failed.items() if one != producer}
        if isinstance(outcome, CasesPage):
            if outcome.continues_at is not None:
                unfinished[producer] = outcome.continues_at
        elif outcome.reason in MAY_PASS and len(failed) < MOST_FAILED:
            failed[producer] = start
        return Place(max(self.begun, producer), unfinished, failed)

    def within(self, producer: ProducerId, cursor: str) -> Place:
        """The place after the case of `producer` that has the producer's own `cursor`."""
        return self.after(producer, None, CasesPage((), cursor))


@dataclass(frozen=True, slots=True)
class Part:
    """What one page asks one producer for: `first` cases after the producer's own cursor `after`."""

    producer: ProducerId
    first: int
    after: str | None


def parts_of_page(
    place: Place, producers: Sequence[ProducerId], askable: Collection[ProducerId], size: int
) -> list[Part]:
    """Whom of `producers` (in order) the page of at most `size` cases after `place` is about, in order.

    Each part is independent of what the others bring, so that all can be asked at once and shown one by one: the size
    is shared out among the `askable`, and with more producers than that, some have their turn on a later page. First
    come those that have more, then those not begun, and last those that failed.
    """
    turns = (
        [one for one in producers if one in place.unfinished],
        [one for one in producers if one > place.begun],
        [one for one in producers if one in place.failed],
    )
    chosen = sorted([one for turn in turns for one in turn][:size])
    asked = [one for one in chosen if one in askable]
    share, over = divmod(size, len(asked)) if asked else (0, 0)
    sizes = {one: share + (index < over) for index, one in enumerate(asked)}
    cursors = {**place.failed, **place.unfinished}
    return [Part(one, sizes.get(one, 0), cursors.get(one)) for one in chosen]
