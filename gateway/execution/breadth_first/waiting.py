"""A batch: what is awaited for one field of all objects of a level. Nothing goes on before all of it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from gateway.execution.breadth_first.places import is_held
from gateway.execution.breadth_first.plan import Places
from gateway.execution.breadth_first.problems import Problems
from gateway.execution.breadth_first.strands import Strand, start_all

if TYPE_CHECKING:
    from gateway.execution.breadth_first.completing import Then


class Batch:
    """Awaitables that are under way side by side, the places their outcomes are for, and what becomes of them then."""

    def __init__(
        self,
        awaitables: list[Awaitable[Any]],
        places: Places,
        then: Then,
        problems: Problems,
        complete: Callable[[Batch], None],
    ) -> None:
        self._places = places
        self._then = then
        self._problems = problems
        self._complete = complete
        self._came_of_it: list[Any] = [None] * len(awaitables)
        loop = asyncio.get_running_loop()
        self._under_way = {
            number: Strand(awaitable, number, self._ended, loop) for number, awaitable in enumerate(awaitables)
        }

    def start(self) -> None:
        """Runs each until it first waits: what they ask dataloaders for, they all ask in this turn of the loop."""
        start_all(list(self._under_way.values()))

    def cancel(self) -> None:
        """Cancels what is under way. The batch is complete when all of it has ended."""
        for strand in list(self._under_way.values()):
            strand.cancel()

    def cancel_unheld(self) -> None:
        """Cancels what is under way for a place that is no longer part of the answer."""
        for number, strand in list(self._under_way.items()):
            if not is_held(self._places.at(number).above):
                strand.cancel()

    def finish(self) -> None:
        """Completes the outcomes, and sets them.

        Raises what is no field's error: CancelledError, where one was cancelled by somebody else, and the like.
        """
        outcomes = self._outcomes()
        held = self._held(len(outcomes))
        if len(held) < len(outcomes):
            # What was under way for the others has been cancelled.
            _raise_what_is_no_fields(outcomes, but=asyncio.CancelledError)
            outcomes = [outcomes[number] for number in held]
        _raise_what_is_no_fields(outcomes)
        self._places.put(held, self._then(held, outcomes))

    def _outcomes(self) -> list[Any]:
        """What came of it, for each of the places."""
        return self._came_of_it

    def _held(self, count: int) -> list[int]:
        """Those of the `count` places that are still part of the answer."""
        if not self._problems.deaths:
            return list(range(count))
        return [number for number, place in enumerate(self._places.every()) if is_held(place.above)]

    def _ended(self, number: int, outcome: Any) -> None:
        del self._under_way[number]
        self._came_of_it[number] = outcome
        if not self._under_way:
            self._complete(self)


class Column(Batch):
    """The same where one awaitable is for all of `count` places: a list of their outcomes comes of it."""

    def __init__(
        self,
        awaitable: Awaitable[list[Any]],
        count: int,
        places: Places,
        then: Then,
        problems: Problems,
        complete: Callable[[Batch], None],
    ) -> None:
        super().__init__([awaitable], places, then, problems, complete)
        self._count = count

    def cancel_unheld(self) -> None:
        """Cancels it where none of the places is part of the answer any more."""
        if not self._held(self._count):
            self.cancel()

    def _outcomes(self) -> list[Any]:
        """The list; or in each place what it failed with, where no list came of it with a value for each."""
        (outcome,) = self._came_of_it
        if isinstance(outcome, list) and len(outcome) == self._count:
            return outcome
        if not isinstance(outcome, BaseException):
            outcome = TypeError(f"A list of {self._count} values was to come of {self._places.field.name}.")
        return [outcome] * self._count


def _raise_what_is_no_fields(outcomes: Iterable[Any], but: type[BaseException] = Exception) -> None:
    """Raises the first of `outcomes` that is an exception but no field's error, nor one of `but`."""
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, (Exception, but)):
            raise outcome
