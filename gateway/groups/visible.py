"""Which case groups a caller may see: those of its own consumer and subject. The one place that says so."""

from __future__ import annotations

from collections.abc import Sequence

from aiodataloader import DataLoader

from gateway.model.caller import Caller
from gateway.model.case_group import CaseGroup, CaseGroupFilter, GroupId
from gateway.model.page import Page, Window
from gateway.store.case_groups import CaseGroupStore, NewestFirst


class VisibleGroups(DataLoader[GroupId, CaseGroup | None]):
    """The groups that one caller may see, for one operation. Loading many by id costs one read.

    `load(id)` is None for an id that is not the caller's. Every method raises StoreUnavailable.
    """

    def __init__(self, store: CaseGroupStore, caller: Caller) -> None:
        super().__init__()
        self._store = store
        self._caller = caller

    async def batch_load_fn(self, keys: Sequence[GroupId]) -> list[CaseGroup | None]:
        """The groups for `keys`, in their order. One read."""
        found = await self._store.by_ids(self._caller.subject_key, self._caller.consumer, keys)
        return [found.get(key) for key in keys]

    async def page(self, wanted: CaseGroupFilter, window: Window[NewestFirst], *, with_cases: bool) -> Page[CaseGroup]:
        """One page of the groups, the newest first; without `with_cases` they have none. One read."""
        caller = self._caller
        return await self._store.page(caller.subject_key, caller.consumer, wanted, window, with_cases=with_cases)

    async def count(self, wanted: CaseGroupFilter) -> int:
        """How many groups there are. One read."""
        return await self._store.count(self._caller.subject_key, self._caller.consumer, wanted)
