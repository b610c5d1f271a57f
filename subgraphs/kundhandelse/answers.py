"""What the adapter answers one caller: the contract's questions, put to the producer in the interface's words."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from subgraphs.kundhandelse.events import Event, is_below, status
from subgraphs.kundhandelse.failures import UpstreamFailed, fault
from subgraphs.kundhandelse.questions import LARGEST_BATCH, LARGEST_PAGE, NoParty, Questioner
from subgraphs.kundhandelse.replies import Outcome, Reader, Reply
from subgraphs.kundhandelse.upstream import Upstream
from subgraphs.reference.answers import cursor_of, reference_at
from subgraphs.reference.contract import Case, CaseConnection, CaseEdge, CaseStatus, PageInfo, bad_input

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Producer:
    """The producer behind the adapter, and what the adapter knows of it."""

    upstream: Upstream
    reader: Reader
    case_types: dict[str, str]
    """The gateway's code of a case's type, by the dotted prefix of its events' types."""

    code_system: str | None
    max_events: int
    """The most events of one subject that are gone through to find the subject's cases."""

    def case_type(self, event: Event) -> str:
        """The code of the type of the event's case: the longest prefix decides."""
        prefixes = [prefix for prefix in self.case_types if is_below(event.type, prefix)]
        return self.case_types[max(prefixes, key=len)]


class KundhandelseAnswers:
    """The `Answers` of the adapter to one request.

    All cases of a request are asked about together, in one question for every hundred. `deadline` is by
    `time.monotonic`, and holds for the request as a whole.
    """

    def __init__(
        self, producer: Producer, questioner: Questioner, accept_language: str, correlation_id: str, seconds: float
    ) -> None:
        self._producer = producer
        self._questioner = questioner
        self._accept_language = accept_language
        self._correlation_id = correlation_id
        self._deadline = time.monotonic() + seconds
        self._asking: list[asyncio.Task[object]] = []
        self._statuses: DataLoader[str, CaseStatus | None] = DataLoader(self._load, max_batch_size=LARGEST_BATCH)

    async def case(self, reference: str) -> Case:
        """The case with that reference, with the newest event as its status. Raises GraphQLError."""
        try:
            return Case(reference=strawberry.ID(reference), status=await self._statuses.load(reference))
        except asyncio.CancelledError:
            # The loader asks in tasks of its own, which nobody waits for now.
            for asking in self._asking:
                asking.cancel()
            raise

    async def cases(self, first: int, after: str | None) -> CaseConnection:
        """One page of the subject's cases. Raises GraphQLError."""
        previous = "" if after is None else reference_at(after)
        try:
            newest = _newest_by_case(await self._all_events())
            following = sorted(reference for reference in newest if reference > previous)
            edges = [self._edge(reference, newest[reference]) for reference in following[:first]]
        except UpstreamFailed as exc:
            _log_failures([exc])
            raise exc.error() from exc
        except NoParty as exc:
            raise _no_party() from exc
        return CaseConnection(
            edges=edges,
            page_info=PageInfo(has_next_page=len(following) > first, end_cursor=edges[-1].cursor if edges else None),
        )

    async def _load(self, references: list[str]) -> list[CaseStatus | BaseException | None]:
        """The statuses of at most a hundred cases, or their errors, in order."""
        asking = asyncio.current_task()
        assert asking is not None
        self._asking.append(asking)
        try:
            parties, question = self._questioner.newest(references)
        except NoParty:
            return [_no_party() for _ in references]
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._producer.reader.outcomes(await self._ask(question), parties)
        except UpstreamFailed as exc:
            outcomes = [exc] * len(references)
        found = [self._status(outcome) for outcome in outcomes]
        _log_failures([one for one in found if isinstance(one, UpstreamFailed)])
        return [one.error() if isinstance(one, UpstreamFailed) else one for one in found]

    def _status(self, outcome: Outcome) -> CaseStatus | UpstreamFailed | None:
        if isinstance(outcome, UpstreamFailed):
            return outcome
        if not outcome.events:
            return None
        newest = max(outcome.events, key=lambda event: event.moment)
        if not self._questioner.caller.may_ask_about(self._producer.case_type(newest)):
            # Of another type than the gateway was told: the grant that it asks under is not for it.
            return None
        try:
            return status(newest, self._producer.code_system)
        except UpstreamFailed as exc:
            return exc

    async def _all_events(self) -> Sequence[Event]:
        """All the subject's events, page after page. Raises UpstreamFailed or NoParty."""
        events: list[Event] = []
        while True:
            parties, question = self._questioner.all_events(offset=len(events))
            (outcome,) = self._producer.reader.outcomes(await self._ask(question), parties)
            if isinstance(outcome, UpstreamFailed):
                raise outcome
            events += outcome.events
            if outcome.total is None and len(outcome.events) < LARGEST_PAGE:
                return events
            if outcome.total is not None and len(events) >= outcome.total:
                return events
            if not outcome.events:
                raise fault("fewer events than were counted")
            if len(events) >= self._producer.max_events:
                raise fault(f"more than {self._producer.max_events} events of one subject")

    async def _ask(self, question: dict[str, object]) -> Reply:
        return await self._producer.upstream.ask(
            question,
            accept_language=self._accept_language,
            correlation_id=self._correlation_id,
            deadline=self._deadline,
        )

    def _edge(self, reference: str, newest: Event) -> CaseEdge:
        return CaseEdge(
            cursor=cursor_of(reference),
            case_type=self._producer.case_type(newest),
            node=Case(reference=strawberry.ID(reference), status=status(newest, self._producer.code_system)),
        )


def _newest_by_case(events: Sequence[Event]) -> dict[str, Event]:
    """The newest event of each case, of two of one moment the last. Events that name no case are left out."""
    newest: dict[str, Event] = {}
    for event in events:
        if event.reference is not None:
            known = newest.get(event.reference)
            if known is None or event.moment >= known.moment:
                newest[event.reference] = event
    return newest


def _log_failures(failures: Sequence[UpstreamFailed]) -> None:
    """Log failures as a line for each kind: how many there are, and what the first of them was."""
    for kind in dict.fromkeys(failed.failure for failed in failures):
        problems = [str(failed) for failed in failures if failed.failure is kind]
        log.warning("upstream failed", outcome=kind.value, cases=len(problems), problem=problems[0])


def _no_party() -> GraphQLError:
    return bad_input("The interface can be asked about subjects with a number of twelve digits alone.")
