"""A request that brought no answer to read: what the cases' outcome is, and what follows for the producer."""

from __future__ import annotations

import math

from gateway.model.status import Unavailable, UnavailableReason
from gateway.producers.breaker import Verdict

COUNTED = frozenset({UnavailableReason.PRODUCER_TIMEOUT, UnavailableReason.PRODUCER_UNAVAILABLE})
"""What speaks for leaving a producer alone; one that refuses, or answers wrongly, is there."""


class Failed(Exception):
    """No answer. The message is for the log alone.

    `retry_after`: after how many seconds to try again, where that is known. `can_repeat`: not a byte of an answer
    came, and the same request may well succeed.
    """

    def __init__(
        self,
        reason: UnavailableReason,
        problem: str,
        *,
        retry_after: float | None = None,
        can_repeat: bool = False,
    ) -> None:
        super().__init__(problem)
        self.outcome = Unavailable(reason, None if retry_after is None else math.ceil(retry_after))
        self.can_repeat = can_repeat

    @property
    def verdict(self) -> Verdict | None:
        """What it says about the producer."""
        return Verdict.FAILED if self.outcome.reason in COUNTED else None


class NotAsked(Failed):
    """The producer was not asked at all, because of what happened before."""
