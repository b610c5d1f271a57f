"""Answers that their producer lets be used again (Cache-Control: max-age): for the very same question, and no wider."""

from __future__ import annotations

from typing import NamedTuple

from cachetools import TLRUCache

from gateway.model.producer import Producer
from gateway.model.purpose import Purpose
from gateway.model.status import StatusAnswer, StatusSelection
from gateway.producers.guard import CallContext
from gateway.producers.rolling import Clock

LONGEST_REUSE = 3_600
"""Seconds; a producer may allow more, and is asked again all the same."""

BYTES_BESIDE = 1_000
"""What an answer takes in memory beside its own bytes, roughly."""


class Asked(NamedTuple):
    """Everything that an answer depends on but the case: the same for all cases of one question (DESIGN §3)."""

    producer: str
    endpoint: str
    subject: str
    actors: tuple[str, ...]
    consumer: str
    purpose: Purpose
    selection: StatusSelection
    accept_language: str

    @classmethod
    def of(cls, producer: Producer, purpose: Purpose, selection: StatusSelection, context: CallContext) -> Asked:
        """What is asked of `producer` in this operation."""
        caller = context.caller
        return cls(
            producer.id,
            producer.endpoint,
            caller.subject,
            caller.actors,
            caller.consumer,
            purpose,
            selection,
            context.accept_language,
        )


class Kept(NamedTuple):
    """One answer."""

    answer: StatusAnswer
    until: float
    bytes: int


Key = tuple[Asked, str]


class ReusableAnswers:
    """In memory, at most some `most_bytes` of answers, the least recently used going first; each replica its own.

    What may be read is decided elsewhere, before and after an answer is used: this keeps nobody from a withdrawal.
    """

    def __init__(self, most_bytes: int, clock: Clock) -> None:
        self._clock = clock
        self._last_until = 0.0
        self._kept: TLRUCache[Key, Kept] = TLRUCache(
            most_bytes, ttu=lambda _key, kept, _now: kept.until, timer=clock, getsizeof=lambda kept: kept.bytes
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept that is still good."""
        return self._clock() >= self._last_until

    def found(self, asked: Asked, reference: str) -> StatusAnswer | None:
        """The answer kept for this question, which is then said to be reused; None: the producer must be asked."""
        kept = self._kept.get((asked, reference))
        return None if kept is None else kept.answer._replace(reused=True)

    def keep(
        self,
        asked: Asked,
        reference: str,
        answer: StatusAnswer,
        *,
        since: float,
        max_age: int,
        size: int,
    ) -> None:
        """Keeps an answer to what was asked at `since`, for `max_age` seconds from then; `size` is in bytes."""
        until = since + min(max_age, LONGEST_REUSE)
        kept = Kept(answer, until, size + BYTES_BESIDE)
        if until > self._clock() and kept.bytes <= self._kept.maxsize:
            self._kept[asked, reference] = kept
            self._last_until = max(self._last_until, until)
