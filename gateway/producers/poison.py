"""One poisoned case in a batch: many federation servers fail the whole batch for it, so it is asked in halves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from gateway.model.status import StatusOutcome
from gateway.producers.answers import Answer

log = structlog.get_logger(__name__)

Ask = Callable[[Sequence[str]], Awaitable[Answer]]


async def outcomes_in_halves(
    ask: Ask, references: Sequence[str], answer: Answer, may_ask: Callable[[int], bool]
) -> list[StatusOutcome]:
    """The outcomes of `references`, in their order, `answer` being what came for them together.

    An answer that failed as a whole is asked for again in halves, side by side, and so on until the case at fault
    stands alone, or until `may_ask` (for so many more requests) says no. Where both halves fail as a whole, it is not
    one case that is at fault, and each half is looked into only while there is leave.
    """
    if not answer.is_poisoned or len(references) == 1 or not may_ask(2):
        return answer.outcomes
    middle = len(references) // 2
    halves = references[:middle], references[middle:]
    answers = await asyncio.gather(*(ask(half) for half in halves))
    parts = [await outcomes_in_halves(ask, half, part, may_ask) for half, part in zip(halves, answers, strict=True)]
    return [outcome for part in parts for outcome in part]


class SplitLeave:
    """How many more requests one batch may cost: enough to find one poisoned case, as far as the budget has them."""

    def __init__(self, cases: int, take: Callable[[int], bool], is_time_left: Callable[[], bool]) -> None:
        self._left = 2 * max(1, (cases - 1).bit_length())
        self._take = take
        self._is_time_left = is_time_left

    def __call__(self, requests: int) -> bool:
        """Whether `requests` more may be sent; they count as sent then."""
        if requests > self._left or not self._is_time_left() or not self._take(requests):
            return False
        self._left -= requests
        return True
