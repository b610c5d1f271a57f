"""The dataloaders for statuses: all cases of one producer and selection cost one request, all producers at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiodataloader import DataLoader

from gateway.model.case_group import CaseKey
from gateway.model.producer import ConnectionState, Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import StatusOutcome, StatusSelection, Unavailable, UnavailableReason
from gateway.producers.client import CallContext, ProducerClient


@dataclass(frozen=True, slots=True)
class Asked:
    """One case asked about, and the purpose of the group it is read in."""

    reference: str
    purpose: Purpose


class StatusLoaders:
    """Loads statuses for one operation. Nothing is kept beyond it, nothing joined across callers (DESIGN §8)."""

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
        super().__init__(max_batch_size=client.limits.max_batch)
        self._client = client
        self._producer = producer
        self._selection = selection
        self._context = context

    async def batch_load_fn(self, keys: Sequence[Asked]) -> list[StatusOutcome]:
        """The outcome of each of `keys`, in their order; a case that is in several groups is asked about once."""
        if self._producer is None or self._producer.state is not ConnectionState.ACTIVE:
            return [Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)] * len(keys)
        references = list(dict.fromkeys(key.reference for key in keys))
        purposes = {key.purpose for key in keys}
        answers = await self._client.statuses(self._producer, references, self._selection, purposes, self._context)
        by_reference = dict(zip(references, answers, strict=True))
        return [by_reference[key.reference] for key in keys]
