"""The dataloaders for statuses: all cases of one producer, purpose and selection cost one request, all at once.

They load columns of cases rather than one key at a time: what is done for each case is next to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
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
        """For each of the cases the one that it is asked about in."""

    async def outcomes(self) -> list[StatusOutcome]:
        """The outcome of each case, in their order."""
        found = {question: await question.outcomes() for question in dict.fromkeys(self._questions)}
        if len(found) == 1:
            (of_all,) = found.values()
            return [of_all[case.reference] for case in self._cases]
        return [found[question][case.reference] for case, question in zip(self._cases, self._questions, strict=True)]


class _Question:
    """What goes to a producer together: cases by reference, each with the types that it is said to be of."""

    def __init__(self) -> None:
        self.cases: dict[str, tuple[str, ...]] = {}
        self.found: asyncio.Future[Mapping[str, StatusOutcome]] = asyncio.get_running_loop().create_future()

    def add(self, cases: Iterable[Asked]) -> None:
        for reference, case_type in cases:
            types = self.cases.get(reference)
            self.cases[reference] = (case_type,) if types is None else (*types, case_type)

    async def outcomes(self) -> Mapping[str, StatusOutcome]:
        if self.found.done():
            return self.found.result()
        # Who is cancelled takes nothing from others who wait for the same.
        return await asyncio.shield(self.found)


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
        asked = self._asked
        new = [case for case in dict.fromkeys(cases) if case not in asked]
        if new:
            question = self._next_question()
            question.add(new)
            asked.update(dict.fromkeys(new, question))
        return Load(cases, [asked[case] for case in cases])

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
        """Tells who waits for `question`, also of a failure of our own; only a cancellation is told to nobody."""
        self._next = None
        try:
            question.found.set_result(await self._outcomes(question.cases))
        except Exception as exc:  # noqa: BLE001 - it is the error of every status that was asked for
            question.found.set_exception(exc)

    async def _outcomes(self, cases: Mapping[str, tuple[str, ...]]) -> Mapping[str, StatusOutcome]:
        if self._producer is None:
            return dict.fromkeys(cases, Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE))
        return await self._client.statuses(self._producer, cases, self._purpose, self._selection, self._context)
