"""The dataloaders for statuses: all cases of one producer, purpose and selection cost one request, all at once.

They load columns of cases rather than one key at a time: what is done for each case is next to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from gateway.model.producer import Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.client import ProducerClient
from gateway.producers.guard import CallContext

Asked = tuple[str, str]
"""The reference of a case asked about, and the type that whoever added it to a group said it is of."""


class StatusLoaders:
    """Loads statuses for one operation. Nothing is joined across callers (DESIGN §8).

    `find_producer` finds those that are connected.
    """

    def __init__(
        self, client: ProducerClient, find_producer: Callable[[ProducerId], Producer | None], context: CallContext
    ) -> None:
        self._client = client
        self._find_producer = find_producer
        self._context = context
        self._loaders: dict[tuple[ProducerId, Purpose, StatusSelection], _ProducerLoader] = {}

    def load(self, producer: ProducerId, purpose: Purpose, selection: StatusSelection, cases: Sequence[Asked]) -> Load:
        """What the producer says now of each of `cases`, as far as selected. One request for each case in an operation.

        All that is asked for at one time is one request; it names one purpose, and in it all that is selected is
        granted for every type it names: who says that a case is of another type than it is wins nothing by it, and the
        producer can tell.
        """
        loader = self._loaders.get((producer, purpose, selection))
        if loader is None:
            loader = _ProducerLoader(self._client, self._find_producer(producer), purpose, selection, self._context)
            self._loaders[producer, purpose, selection] = loader
        return loader.load(cases)

    def give_up(self) -> None:
        """Ends the requests that are under way: nobody waits for their answers any more."""
        for loader in self._loaders.values():
            loader.give_up()


class Load:
    """The outcomes of some cases, which are asked for whether anybody waits for them or not."""

    def __init__(self, cases: Sequence[Asked], questions: Sequence[_Question]) -> None:
        self._cases = cases
        self._questions = questions
        """The one that all of the cases are asked about in, or for each case its own."""

    async def outcomes(self) -> list[StatusOutcome]:
        """The outcome of each case, in their order."""
        if len(self._questions) == 1:
            of_all = await self._questions[0].outcomes()
            return [of_all[reference] for reference, _ in self._cases]
        found = {question: await question.outcomes() for question in dict.fromkeys(self._questions)}
        return [found[question][case[0]] for case, question in zip(self._cases, self._questions, strict=True)]


class _Question:
    """What goes to a producer together: cases by reference, each with the types that it is said to be of."""

    __slots__ = ("_found", "_loop", "_waiting", "asking", "cases")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.cases: dict[str, tuple[str, ...]] = {}
        self.asking: asyncio.Task[None] | None = None
        self._loop = loop
        self._waiting: list[asyncio.Future[None]] = []
        self._found: Mapping[str, StatusOutcome] | None = None

    def add(self, cases: Iterable[Asked]) -> None:
        for reference, case_type in cases:
            types = self.cases.get(reference)
            self.cases[reference] = (case_type,) if types is None else (*types, case_type)

    async def outcomes(self) -> Mapping[str, StatusOutcome]:
        """What came of each of the cases, when it is there."""
        if self._found is None:
            # Everybody has a future of their own: who is cancelled takes nothing from others who wait for the same.
            waiting = self._loop.create_future()
            self._waiting.append(waiting)
            await waiting
        assert self._found is not None
        return self._found

    def answer(self, found: Mapping[str, StatusOutcome]) -> None:
        self._found = found
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


class _ProducerLoader:
    def __init__(
        self,
        client: ProducerClient,
        producer: Producer | None,
        purpose: Purpose,
        selection: StatusSelection,
        context: CallContext,
    ) -> None:
        self._client = client
        self._producer = producer
        self._purpose = purpose
        self._selection = selection
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._asked: dict[Asked, _Question] = {}
        self._next: _Question | None = None
        self._is_given_up = False

    def load(self, cases: Sequence[Asked]) -> Load:
        asked = self._asked
        distinct = dict.fromkeys(cases)
        new = distinct if asked.keys().isdisjoint(distinct) else [case for case in distinct if case not in asked]
        if new:
            question = self._next_question()
            question.add(new)
            asked.update(dict.fromkeys(new, question))
            if new is distinct:
                return Load(cases, [question])
        return Load(cases, [asked[case] for case in cases])

    def give_up(self) -> None:
        self._is_given_up = True
        for question in set(self._asked.values()):
            if question.asking is not None:
                question.asking.cancel()

    def _next_question(self) -> _Question:
        if self._next is None:
            self._next = _Question(self._loop)
            self._loop.call_soon(self._ask, self._next)
        return self._next

    def _ask(self, question: _Question) -> None:
        """Sends what has come together by the next turn of the event loop: of a streamed list the first item is early.

        What comes later is another question.
        """
        if not self._is_given_up:
            question.asking = self._loop.create_task(self._answer(question))

    async def _answer(self, question: _Question) -> None:
        """Tells who waits for `question`; only a cancellation is told to nobody."""
        self._next = None
        found: Mapping[str, StatusOutcome]
        if self._producer is None:
            found = dict.fromkeys(question.cases, Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE))
        else:
            found = await self._client.statuses(
                self._producer, question.cases, self._purpose, self._selection, self._context
            )
        question.answer(found)
