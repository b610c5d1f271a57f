"""A batch: what is awaited for one field of all objects of a level. Nothing goes on before all of it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from gateway.execution.breadth_first.places import Place, is_held
from gateway.execution.breadth_first.strands import Strand, start_all

if TYPE_CHECKING:
    from gateway.execution.breadth_first.completing import Then


class Batch:
    """Awaitables that are under way side by side, the places their outcomes are for, and what becomes of them then."""

    def __init__(
        self, awaitables: list[Awaitable[Any]], places: list[Place], then: Then, complete: Callable[[Batch], None]
    ) -> None:
        self._places = places
        self._then = then
        self._complete = complete
        self._outcomes: list[Any] = [None] * len(awaitables)
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
            if not is_held(self._places[number].above):
                strand.cancel()

    def finish(self) -> None:
        """Completes the outcomes, and sets them. Raises CancelledError where one was cancelled by somebody else."""
        held = [number for number, place in enumerate(self._places) if is_held(place.above)]
        outcomes = [self._outcomes[number] for number in held]
        for outcome in outcomes:
            if isinstance(outcome, asyncio.CancelledError):
                raise outcome
        for number, value in zip(held, self._then(held, outcomes), strict=True):
            place = self._places[number]
            place.container[place.key] = value

    def _ended(self, number: int, outcome: Any) -> None:
        del self._under_way[number]
        self._outcomes[number] = outcome
        if not self._under_way:
            self._complete(self)
