"""Asking one producer which cases a subject has (`Query.cases` of the contract), one page at a time."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
import structlog

from gateway.metrics import NOT_ASKED, OK
from gateway.model.overview import AvailableCase, CasesOutcome, CasesPage, CasesUnavailable, CasesUnavailableReason
from gateway.model.producer import Producer
from gateway.model.purpose import Purpose
from gateway.producers.answers import failure_in
from gateway.producers.assertion import CallerAssertions
from gateway.producers.contract import ContractBreach
from gateway.producers.failures import Failed, NotAsked
from gateway.producers.guard import CallContext, Due, Guard, Request
from gateway.producers.rolling import Clock
from gateway.producers.states import ProducerStates

log = structlog.get_logger(__name__)

MOST_AT_A_TIME = 100
"""Cases that the contract lets be asked for in one page."""

LONGEST_CURSOR = 600
"""Characters of a producer's cursor: the gateway's own hold one for each producer."""

LONGEST_TEXT = 100
"""Characters of a reference, and of a case type's code."""

SCOPE = "cases"
"""What the caller assertion's `scope` says: this asks for no field of any status."""

QUESTION = (
    "query ($first: Int!, $after: String) { cases(first: $first, after: $after) "
    "{ edges { cursor caseType node { reference } } pageInfo { hasNextPage endCursor } } }"
)

FAULT = CasesUnavailable(CasesUnavailableReason.PRODUCER_FAULT)


class CaseLists:
    """Asks producers for subjects' cases, through the same guard as for statuses."""

    def __init__(self, guard: Guard, assertions: CallerAssertions, states: ProducerStates, clock: Clock) -> None:
        self._guard = guard
        self._assertions = assertions
        self._states = states
        self._clock = clock

    def due(self, producer: Producer, context: CallContext) -> Due:
        """By when a question that is asked now must be answered."""
        return Due.of(self._states.of(producer), context, self._clock())

    async def page(
        self,
        producer: Producer,
        first: int,
        after: str | None,
        context: CallContext,
        *,
        case_types: Iterable[str],
        purposes: Iterable[Purpose] = (),
        due: Due | None = None,
    ) -> CasesOutcome:
        """The `first` (1 to 100) cases of the caller's subject after the producer's cursor `after`. Raises nothing.

        One request, and a retry as for a status. `case_types` are those that it is of use to be told of; `purposes`
        those of the group that cases are to be added to.
        """
        state = self._states.of(producer)
        request = Request(
            orjson.dumps({"query": QUESTION, "variables": {"first": first, "after": after}}),
            assertion=lambda: self._assertions.sign(
                context.caller, audience=producer.audience, purposes=purposes, scope=SCOPE, case_types=case_types
            ),
            cases=first,
        )
        began = self._clock()
        state.retries.count()
        try:
            reply = await self._guard.ask(state, request, context, due or self.due(producer, context))
        except Failed as exc:
            _log(producer, self._clock() - began, exc)
            reason = CasesUnavailableReason[exc.outcome.reason.name]
            state.metrics.questions[NOT_ASKED if isinstance(exc, NotAsked) else reason.value].inc()
            return CasesUnavailable(reason, exc.outcome.retry_after_seconds)
        _log(producer, self._clock() - began, None)
        with structlog.contextvars.bound_contextvars(producer=producer.id):
            outcome = read_cases(reply.body, first, after)
        state.metrics.questions[OK if isinstance(outcome, CasesPage) else outcome.reason.value].inc()
        return outcome


def read_cases(body: bytes, first: int, after: str | None) -> CasesOutcome:
    """What the answer to a question for `first` cases after `after` says. Never fails: what is wrong is a fault."""
    try:
        return _outcome(orjson.loads(body), first, after)
    except (ContractBreach, orjson.JSONDecodeError) as exc:
        log.warning("producer.bad_answer", problem=str(exc), asked="cases")
        return FAULT


def _outcome(answer: object, first: int, after: str | None) -> CasesOutcome:
    match answer:
        case {"errors": [error, *_]}:
            # Nothing in the list may be null, so where there are errors nothing of it is known.
            return CasesUnavailable(CasesUnavailableReason[failure_in(error).reason.name])
        case {"data": {"cases": {"edges": list(edges), "pageInfo": {"hasNextPage": bool(more), "endCursor": end}}}}:
            pass
        case _:
            raise ContractBreach("cases: not a page of cases")
    if len(edges) > first:
        raise ContractBreach("cases: more than were asked for")
    cases = tuple(map(_case, edges))
    if len({case.reference for case in cases}) < len(cases):
        raise ContractBreach("cases: the same case twice")
    if not more:
        return CasesPage(cases, None)
    if not cases or end == after:
        raise ContractBreach("cases: a page that does not end, and leads no further")
    return CasesPage(cases, _text(end, LONGEST_CURSOR, "endCursor"))


def _case(edge: object) -> AvailableCase:
    match edge:
        case {"cursor": cursor, "caseType": case_type, "node": {"reference": reference}}:
            return AvailableCase(
                reference=_text(reference, LONGEST_TEXT, "reference"),
                case_type=_text(case_type, LONGEST_TEXT, "caseType"),
                cursor=_text(cursor, LONGEST_CURSOR, "cursor"),
            )
    raise ContractBreach("cases: an edge is not as the contract says")


def _text(value: object, longest: int, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ContractBreach(f"cases: {name} is not a text of 1 to {longest} visible characters")
    return value


def _log(producer: Producer, seconds: float, failure: Failed | None) -> None:
    said: dict[str, object] = {"producer": producer.id, "asked": "cases"}
    if not isinstance(failure, NotAsked):
        said["milliseconds"] = round(seconds * 1000, 1)
    if failure is None:
        log.info("producer.asked", **said)
        return
    said |= {"outcome": failure.outcome.reason.value, "problem": str(failure)}
    if isinstance(failure, NotAsked):
        log.info("producer.not_asked", **said)
    else:
        log.warning("producer.asked", **said)
