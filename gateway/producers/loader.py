"""The dataloaders for statuses: all cases of one producer, purpose and selection cost one request, all at once.

They load columns of cases rather than one key at a time: what is done for each case is next to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gateway.model.producer import Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.client import ProducerClient
from gateway.producers.guard import CallContext


class Asked(NamedTuple):
    """One case asked about, and the type that whoever added it to a group said it is of."""

    reference: str
    case_type: str


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

        All that is asked for at one time is one request; it names one purpose, and in it all that is
        selected is granted for every type it names: who says that a case is of another type than it is wins nothing by
        it, and the producer can tell.
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
        """For each of the cases the one that it is asked about in."""

    async def outcomes(self) -> list[StatusOutcome]:
        """The outcome of each case, in their order."""
        found = {question: await question.outcomes() for question in dict.fromkeys(self._questions)}
        return [found[question][case.reference] for case, question in zip(self._cases, self._questions, strict=True)]


class _Question:
    """What goes to a producer together: cases by reference, each with the types that it is said to be of."""

    def __init__(self) -> None:
        self.cases: dict[str, tuple[str, ...]] = {}
        self._found: Mapping[str, StatusOutcome] | None = None
        self._waiting: list[asyncio.Future[Mapping[str, StatusOutcome]]] = []

    def add(self, case: Asked) -> None:
        self.cases[case.reference] = (*self.cases.get(case.reference, ()), case.case_type)

    async def outcomes(self) -> Mapping[str, StatusOutcome]:
        if self._found is not None:
            return self._found
        # For each who waits one of its own: who is cancelled takes nobody else's with it.
        waiting: asyncio.Future[Mapping[str, StatusOutcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return await waiting

    def answer(self, found: Mapping[str, StatusOutcome]) -> None:
        self._found = found
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(found)


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
        self._asked: dict[Asked, _Question] = {}
        self._next: _Question | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def load(self, cases: Sequence[Asked]) -> Load:
        questions = []
        for case in cases:
            question = self._asked.get(case)
            if question is None:
                question = self._asked[case] = self._next_question()
                question.add(case)
            questions.append(question)
        return Load(cases, questions)

    def give_up(self) -> None:
        for task in self._asking:
            task.cancel()

    def _next_question(self) -> _Question:
        if self._next is None:
            self._next = _Question()
            asyncio.get_running_loop().call_soon(self._ask, self._next)
        return self._next

    def _ask(self, question: _Question) -> None:
        """Sends what has come together by the next turn of the event loop: of a streamed list the first item is early.

        What comes later is another question.
        """
        task = asyncio.get_running_loop().create_task(self._answer(question))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _answer(self, question: _Question) -> None:
        """Nothing is raised here but CancelledError, when nobody waits any more."""
        self._next = None
        if self._producer is None:
            outcome = Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)
            question.answer(dict.fromkeys(question.cases, outcome))
            return
        question.answer(
            await self._client.statuses(self._producer, question.cases, self._purpose, self._selection, self._context)
        )
