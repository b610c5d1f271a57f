"""What stands between a question and its producer: its breaker, its places, its deadline and one retry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import getrandbits
from typing import NamedTuple

import structlog

from gateway.model.caller import Caller
from gateway.model.status import UnavailableReason
from gateway.producers.breaker import Verdict
from gateway.producers.capacity import NoPlace
from gateway.producers.exchange import Exchange, Reply
from gateway.producers.failures import Failed, NotAsked
from gateway.producers.retries import pause_before_retry
from gateway.producers.rolling import Clock
from gateway.producers.states import ProducerState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What of an operation goes with every producer request; `deadline` is the operation's, by `time.monotonic`."""

    caller: Caller
    accept_language: str
    request_id: str
    trace_id: str
    deadline: float


class Due(NamedTuple):
    """When a question must be answered, and whether that is because the whole operation ends then."""

    moment: float
    is_operations: bool

    @classmethod
    def of(cls, state: ProducerState, context: CallContext, now: float) -> Due:
        """The producer's own deadline, or the operation's where that comes first."""
        own = now + state.limits.deadline
        return cls(context.deadline, is_operations=True) if context.deadline < own else cls(own, is_operations=False)


class Request(NamedTuple):
    """One question to one producer, ready to be sent; `assertion` signs anew for each time that it is."""

    content: bytes
    assertion: Callable[[], str]
    cases: int


class Guard:
    """Sends questions to producers as far as their state allows."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock

    async def ask(self, state: ProducerState, request: Request, context: CallContext, due: Due) -> Reply:
        """The answer. Raises Failed; NotAsked where the producer was left alone.

        At most one retry: only where not a byte of an answer came, the budget has one left and there is time.
        """
        try:
            return await self._attempt(state, request, context, due)
        except Failed as exc:
            if not exc.can_repeat:
                raise
            pause = pause_before_retry()
            if self._clock() + pause >= due.moment or state.breaker.wait() is not None or not state.retries.take():
                raise
            state.metrics.retries.inc()
            log.info("producer.retried", producer=state.producer.id, cases=request.cases, problem=str(exc))
        await asyncio.sleep(pause)
        return await self._attempt(state, request, context, due)

    async def _attempt(self, state: ProducerState, request: Request, context: CallContext, due: Due) -> Reply:
        _check_may_be_asked(state)
        has_waited = not state.capacity.take()
        if has_waited:
            await self._wait_for_place(state, due)
        try:
            if has_waited:
                _check_may_be_asked(state)
            seconds = self._left(due)
            entered = state.breaker.enter()
            began = self._clock()
            verdict: Verdict | None = None
            try:
                reply = await self._sent(state, request, context, due, seconds)
                verdict = Verdict.GOOD
            except Failed as exc:
                verdict = exc.verdict
                if exc.outcome.retry_after_seconds:
                    state.breaker.pause(exc.outcome.retry_after_seconds)
                raise
            finally:
                # Also of one that was given up: it has been waited for so long.
                took = self._clock() - began
                state.metrics.seconds.observe(took)
                if verdict is not Verdict.FAILED and took >= state.slow_after:
                    verdict = Verdict.SLOW
                state.breaker.leave(entered, verdict)
        finally:
            state.capacity.leave()
        return reply

    async def _wait_for_place(self, state: ProducerState, due: Due) -> None:
        left = self._left(due)
        try:
            await state.capacity.enter(min(left, state.limits.max_wait))
        except NoPlace as exc:
            self._left(due)
            raise NotAsked(UnavailableReason.PRODUCER_UNAVAILABLE, "all of its places were taken") from exc

    async def _sent(
        self, state: ProducerState, request: Request, context: CallContext, due: Due, seconds: float
    ) -> Reply:
        try:
            return await self._exchange.ask(
                state.producer.endpoint,
                request.content,
                _headers(request.assertion(), context, seconds),
                connect_timeout=state.limits.connect_timeout,
                seconds=seconds,
                most_bytes=state.limits.response_bytes(request.cases),
            )
        except TimeoutError as exc:
            if due.is_operations:
                raise Failed(UnavailableReason.DEADLINE_EXCEEDED, "the operation's time was used up") from exc
            raise Failed(UnavailableReason.PRODUCER_TIMEOUT, f"no answer in {state.limits.deadline:g} s") from exc

    def _left(self, due: Due) -> float:
        """The seconds that are left. Raises NotAsked when there are none."""
        left = due.moment - self._clock()
        if left > 0:
            return left
        if due.is_operations:
            raise NotAsked(UnavailableReason.DEADLINE_EXCEEDED, "the operation's time was used up")
        raise NotAsked(UnavailableReason.PRODUCER_TIMEOUT, "its time was used up before it was asked")


def _check_may_be_asked(state: ProducerState) -> None:
    seconds = state.breaker.wait()
    if seconds is not None:
        raise NotAsked(UnavailableReason.PRODUCER_UNAVAILABLE, "it is left alone for now", retry_after=seconds)


def _headers(assertion: str, context: CallContext, seconds: float) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {assertion}",
        "Accept-Language": context.accept_language,
        "Request-Timeout": str(int(seconds * 1000)),
        "X-Request-ID": context.request_id,
        "traceparent": f"00-{context.trace_id}-{getrandbits(64):016x}-01",
    }
