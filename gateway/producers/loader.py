"""The dataloaders for statuses: all cases of one producer and selection cost one request, all producers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from aiodataloader import DataLoader

from gateway.model.case_group import CaseKey
from gateway.model.producer import Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.client import CallContext, ProducerClient


@dataclass(frozen=True, slots=True)
class Asked:
    """One case asked about, and the purpose of the group it is read in."""

    reference: str
    purpose: Purpose


class StatusLoaders:
    """Loads statuses for one operation. Nothing is kept beyond it, nothing joined across callers (DESIGN §8).

    `find_producer` finds those that are connected.
    """

    def __init__(
        self, client: ProducerClient, find_producer: Callable[[ProducerId], Producer | None], context: CallContext
    ) -> None:
        self._client = client
        self._find_producer = find_producer
        self._context = context
        self._loaders: dict[tuple[ProducerId, StatusSelection], _ProducerLoader] = {}

    def status(self, key: CaseKey, purpose: Purpose, selection: StatusSelection) -> Awaitable[StatusOutcome]:
        """What the case's producer says now, as far as selected. One request per producer and selection."""
        loader = self._loaders.get((key.producer, selection))
        if loader is None:
            loader = _ProducerLoader(self._client, self._find_producer(key.producer), selection, self._context)
            self._loaders[key.producer, selection] = loader
        return loader.load(Asked(key.reference, purpose))


class _ProducerLoader(DataLoader[Asked, StatusOutcome]):
    def __init__(
        self, client: ProducerClient, producer: Producer | None, selection: StatusSelection, context: CallContext
    ) -> None:
        super().__init__()
        self._client = client
        self._producer = producer
        self._selection = selection
        self._context = context

    async def batch_load_fn(self, keys: Sequence[Asked]) -> list[StatusOutcome]:
        """The outcome of each of `keys`, in their order; a case that is in several groups is asked about once.

        More cases than fit in one request are split over several, side by side.
        """
        if self._producer is None:
            return [Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)] * len(keys)
        purposes: dict[str, set[Purpose]] = {}
        for key in keys:
            purposes.setdefault(key.reference, set()).add(key.purpose)
        references, most = list(purposes), self._client.limits.max_batch
        batches = [references[start : start + most] for start in range(0, len(references), most)]
        answers = await asyncio.gather(
            *(
                self._client.statuses(
                    self._producer,
                    batch,
                    self._selection,
                    set().union(*(purposes[reference] for reference in batch)),
                    self._context,
                )
                for batch in batches
            )
        )
        by_reference = dict(zip(references, chain.from_iterable(answers), strict=True))
        return [by_reference[key.reference] for key in keys]
