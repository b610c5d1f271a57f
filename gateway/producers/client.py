"""The client of status subgraphs: asks one producer about many cases and never fails, only reports."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

import orjson
import structlog

from gateway.metrics import NOT_ASKED, OK, REUSED
from gateway.model.producer import Producer
from gateway.model.purpose import Purpose
from gateway.model.status import StatusAnswer, StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.answers import FAULT, Answer, read_answer
from gateway.producers.assertion import CallerAssertions
from gateway.producers.contract import Form
from gateway.producers.exchange import Reply
from gateway.producers.failures import Failed, NotAsked
from gateway.producers.guard import CallContext, Due, Guard, Request
from gateway.producers.poison import SplitLeave, outcomes_in_halves
from gateway.producers.reuse import Asked, ReusableAnswers
from gateway.producers.rolling import Clock
from gateway.producers.states import ProducerState, ProducerStates

log = structlog.get_logger(__name__)

Cases = Mapping[str, Collection[str]]
"""References of cases, each with the case types that it is said to be of: one, but for a case said to be of two."""


MOST_FORMS = 1_000
"""That are remembered of the selections that callers make."""


class _Question(NamedTuple):
    """What one operation asks one producer."""

    state: ProducerState
    cases: Cases
    purpose: Purpose
    selection: StatusSelection
    form: Form
    context: CallContext
    due: Due

    def case_types(self, references: Sequence[str]) -> Iterable[str]:
        return chain.from_iterable(map(self.cases.__getitem__, references))

    def asked(self) -> Asked:
        return Asked.of(self.state.producer, self.purpose, self.selection, self.context)


class ProducerClient:
    """Asks producers for statuses."""

    def __init__(
        self,
        guard: Guard,
        assertions: CallerAssertions,
        states: ProducerStates,
        reusable: ReusableAnswers,
        clock: Clock,
    ) -> None:
        self._guard = guard
        self._assertions = assertions
        self._states = states
        self._reusable = reusable
        self._clock = clock
        self._form_of = lru_cache(MOST_FORMS)(Form.of)

    async def statuses(
        self, producer: Producer, cases: Cases, purpose: Purpose, selection: StatusSelection, context: CallContext
    ) -> dict[str, StatusOutcome]:
        """What `producer` says about each of `cases`, read for one purpose, by reference. Raises nothing.

        More cases than fit in one request are split over several, side by side.
        """
        state = self._states.of(producer)
        due = Due.of(state, context, self._clock())
        asking = _Question(state, cases, purpose, selection, self._form_of(selection), context, due)
        found = {} if self._reusable.is_empty else self._kept(asking)
        missing = [reference for reference in cases if reference not in found]
        try:
            found.update(await self._asked(asking, missing))
        except Exception:
            # A fault of our own, that some answer brought to light: it costs this producer's statuses and no others.
            log.exception("producer.failed", producer=producer.id, cases=len(missing))
            found.update(dict.fromkeys(missing, FAULT))
        _count(state, found.values())
        return found

    async def _asked(self, asking: _Question, references: Sequence[str]) -> dict[str, StatusOutcome]:
        """What the producer says now of `references`, be they none."""
        most = asking.state.limits.max_batch
        if len(references) > most:
            batches = [references[start : start + most] for start in range(0, len(references), most)]
            answers = await asyncio.gather(*(self._batch(asking, batch) for batch in batches))
            outcomes = [outcome for answer in answers for outcome in answer]
        else:
            outcomes = await self._batch(asking, references) if references else []
        return dict(zip(references, outcomes, strict=True))

    def _kept(self, asking: _Question) -> dict[str, StatusOutcome]:
        asked = asking.asked()
        kept = ((reference, self._reusable.found(asked, reference)) for reference in asking.cases)
        return {reference: answer for reference, answer in kept if answer}

    async def _batch(self, asking: _Question, references: Sequence[str]) -> list[StatusOutcome]:
        state = asking.state
        state.retries.count()
        answer = await self._answer(asking, references)
        if not answer.is_poisoned or len(references) == 1:
            return answer.outcomes
        log.warning("producer.batch_split", producer=state.producer.id, cases=len(references))
        leave = SplitLeave(len(references), state.retries.take, lambda: self._clock() < asking.due.moment)
        return await outcomes_in_halves(partial(self._answer, asking), references, answer, leave)

    async def _answer(self, asking: _Question, references: Sequence[str]) -> Answer:
        """One request about `references`, and one line in the log about it."""
        producer = asking.state.producer
        began = self._clock()
        failure: Failed | None = None
        try:
            reply = await self._guard.ask(asking.state, self._request(asking, references), asking.context, asking.due)
            answer = read_answer(reply.body, references, asking.form.read, datetime.now(UTC))
            if answer.breach:
                problem, cases = answer.breach
                log.warning("producer.bad_answer", producer=producer.id, problem=problem, cases=cases)
            if reply.max_age and answer.is_whole:
                self._keep(asking, references, answer, reply, began)
        except Failed as exc:
            failure = exc
            answer = Answer([exc.outcome] * len(references))
        asking.state.metrics.questions[_outcome(answer, failure)].inc()
        _log(producer, len(references), self._clock() - began, failure)
        return answer

    def _request(self, asking: _Question, references: Sequence[str]) -> Request:
        representations = [{"__typename": "Case", "reference": reference} for reference in references]
        payload = {"query": asking.form.question, "variables": {"representations": representations}}
        return Request(
            orjson.dumps(payload),
            assertion=lambda: self._assertions.sign(
                asking.context.caller,
                audience=asking.state.producer.audience,
                purposes=[asking.purpose],
                scope=asking.form.scope,
                case_types=asking.case_types(references),
            ),
            cases=len(references),
        )

    def _keep(self, asking: _Question, references: Sequence[str], answer: Answer, reply: Reply, since: float) -> None:
        asked, size = asking.asked(), len(reply.body) // len(references)
        for reference, outcome in zip(references, answer.outcomes, strict=True):
            if isinstance(outcome, StatusAnswer):
                self._reusable.keep(asked, reference, outcome, since=since, max_age=reply.max_age, size=size)


def _count(state: ProducerState, outcomes: Iterable[StatusOutcome]) -> None:
    """Tells the metrics what came of each case."""
    names = [
        (REUSED if outcome.reused else OK) if isinstance(outcome, StatusAnswer) else outcome.reason.value
        for outcome in outcomes
    ]
    for name in set(names):
        state.metrics.statuses[name].inc(names.count(name))


def _outcome(answer: Answer, failure: Failed | None) -> str:
    """What the metrics call the outcome of a question: what went wrong with the first case that anything did with."""
    if isinstance(failure, NotAsked):
        return NOT_ASKED
    if answer.is_whole:
        return OK
    reasons = (outcome.reason for outcome in answer.outcomes if isinstance(outcome, Unavailable))
    return next((reason.value for reason in reasons if reason is not UnavailableReason.NO_STATUS), OK)


def _log(producer: Producer, cases: int, seconds: float, failure: Failed | None) -> None:
    if failure is None:
        log.info("producer.asked", producer=producer.id, cases=cases, milliseconds=round(seconds * 1000, 1))
        return
    why = {"outcome": failure.outcome.reason.value, "problem": str(failure)}
    if isinstance(failure, NotAsked):
        log.info("producer.not_asked", producer=producer.id, cases=cases, **why)
    else:
        log.warning("producer.asked", producer=producer.id, cases=cases, milliseconds=round(seconds * 1000, 1), **why)
