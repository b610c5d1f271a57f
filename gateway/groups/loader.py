"""The dataloader for case groups: many ids in one operation cost one read."""

from __future__ import annotations

from collections.abc import Sequence

from aiodataloader import DataLoader

from gateway.model.caller import Caller
from gateway.model.case_group import CaseGroup, GroupId
from gateway.store.case_groups import CaseGroupStore


class CaseGroupLoader(DataLoader[GroupId, CaseGroup | None]):
    """Loads groups of one caller by id, for one operation; None for an id that is not the caller's."""

    def __init__(self, store: CaseGroupStore, caller: Caller) -> None:
        super().__init__()
        self._store = store
        self._caller = caller

    async def batch_load_fn(self, keys: Sequence[GroupId]) -> list[CaseGroup | None]:
        """The groups for `keys`, in their order. One read."""
        found = await self._store.by_ids(self._caller.subject_key, self._caller.consumer, keys)
        return [found.get(key) for key in keys]
