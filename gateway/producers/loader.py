"""The dataloaders for statuses: all cases of one producer, purpose and selection cost one request, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiodataloader import DataLoader

from gateway.model.case_group import Case
from gateway.model.producer import Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.client import ProducerClient
from gateway.producers.guard import CallContext


@dataclass(frozen=True, slots=True)
class Asked:
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

    def status(self, case: Case, purpose: Purpose, selection: StatusSelection) -> Awaitable[StatusOutcome]:
        """What the case's producer says now, as far as selected. One request per producer, purpose and selection.

        A request names one purpose, and in it all that is selected is granted for every type it names: who says that a
        case is of another type than it is wins nothing by it, and the producer can tell.
        """
        producer = case.key.producer
        loader = self._loaders.get((producer, purpose, selection))
        if loader is None:
            loader = _ProducerLoader(self._client, self._find_producer(producer), purpose, selection, self._context)
            self._loaders[producer, purpose, selection] = loader
        return loader.load(Asked(case.key.reference, case.case_type))

    def give_up(self) -> None:
        """Ends the requests that are under way: nobody waits for their answers any more."""
        for loader in self._loaders.values():
            loader.give_up()


class _ProducerLoader(DataLoader[Asked, StatusOutcome]):
    def __init__(
        self,
        client: ProducerClient,
        producer: Producer | None,
        purpose: Purpose,
        selection: StatusSelection,
        context: CallContext,
    ) -> None:
        super().__init__()
        self._client = client
        self._producer = producer
        self._purpose = purpose
        self._selection = selection
        self._context = context
        self._asking: set[asyncio.Task[Any]] = set()

    async def batch_load_fn(self, keys: Sequence[Asked]) -> list[StatusOutcome]:
        """The outcome of each of `keys`, in their order; a case that is in several groups is asked about once."""
        if self._producer is None:
            return [Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)] * len(keys)
        cases: dict[str, set[str]] = {}
        for key in keys:
            cases.setdefault(key.reference, set()).add(key.case_type)
        # aiodataloader runs this in a task of its own, which outlives whoever waits for it.
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        try:
            outcomes = await self._client.statuses(self._producer, cases, self._purpose, self._selection, self._context)
        finally:
            self._asking.discard(task)
        return [outcomes[key.reference] for key in keys]

    def give_up(self) -> None:
        for task in self._asking:
            task.cancel()
