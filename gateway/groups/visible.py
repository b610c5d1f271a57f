"""Which case groups a caller may see, and what of them: gateway.policy.visibility, applied to all that is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

from aiodataloader import DataLoader

from gateway.groups.moments import this_moment
from gateway.groups.retention import Retention
from gateway.groups.standing import standing
from gateway.model.caller import Caller
from gateway.model.case_group import CaseGroup, CaseGroupFilter, CaseKey, GroupId
from gateway.model.page import Page, Window
from gateway.model.producer import ProducerId
from gateway.policy.visibility import as_seen
from gateway.store.case_groups import CaseGroupStore, NewestFirst


class VisibleGroups:
    """The groups that one caller may see, for one operation, as it may see them. Every method raises StoreUnavailable.

    What is read once is judged each time it is asked for: a permission that lapses meanwhile is none from then on.
    Reading a group by its id, or with its cases, is a use of it, for which it is kept longer.
    """

    def __init__(self, store: CaseGroupStore, retention: Retention, caller: Caller) -> None:
        self._store = store
        self._retention = retention
        self._caller = caller

    # The loaders know nothing of this object: what was read is gone with the operation, not when garbage is looked for.

    @cached_property
    def _read(self) -> DataLoader[GroupId, CaseGroup | None]:
        return DataLoader(partial(_opened, self._store, self._retention, self._caller))

    @cached_property
    def _named(self) -> DataLoader[GroupId, CaseGroup | None]:
        return DataLoader(partial(_unused, self._store, self._caller))

    @cached_property
    def _at(self) -> DataLoader[frozenset[ProducerId], list[CaseGroup]]:
        return DataLoader(partial(_holding, self._store, self._caller))

    async def load(self, id_: GroupId) -> CaseGroup | None:
        """The group, or None for an id that names none the caller may see. Many loaded at once cost one read."""
        group = await self._read.load(id_)
        return None if group is None else self._shown(group)

    async def named(self, id_: GroupId) -> CaseGroup | None:
        """The same, where the group is only named in something else that is read: that is no use of it."""
        group = await self._named.load(id_)
        return None if group is None else self._shown(group)

    async def page(self, wanted: CaseGroupFilter, window: Window[NewestFirst], *, with_cases: bool) -> Page[CaseGroup]:
        """One page of the groups, the newest first; without `with_cases` they have none. One read."""
        caller = self._caller
        page = await self._store.page(
            caller.subject_keys, caller.consumer, wanted, window, this_moment(), with_cases=with_cases
        )
        items = (await self._retention.used(caller, page.items)).values() if with_cases else page.items
        shown = [group for group in map(self._shown, items) if group is not None]
        return Page(shown, has_previous=page.has_previous, has_next=page.has_next)

    async def count(self, wanted: CaseGroupFilter) -> int:
        """How many groups there are. One read."""
        caller = self._caller
        return await self._store.count(caller.subject_keys, caller.consumer, wanted, this_moment())

    async def holding(self, key: CaseKey, producers: frozenset[ProducerId]) -> list[CaseGroup]:
        """The groups that the case is in, the newest first. One read for all cases of the same `producers`."""
        shown = map(self._shown, await self._at.load(producers))
        return [group for group in shown if group is not None and any(case.key == key for case in group.cases)]

    def _shown(self, group: CaseGroup) -> CaseGroup | None:
        now = this_moment()
        seen = as_seen(group, self._caller.consumer, now)
        return None if seen is None else standing(seen, now)


async def _opened(
    store: CaseGroupStore, retention: Retention, caller: Caller, keys: Sequence[GroupId]
) -> list[CaseGroup | None]:
    """The groups with these ids, whose reading is a use of them; None for what the caller may not see."""
    found = [group for group in await _unused(store, caller, keys) if group is not None]
    opened = await retention.used(caller, found)
    return [opened.get(key) for key in keys]


async def _unused(store: CaseGroupStore, caller: Caller, keys: Sequence[GroupId]) -> list[CaseGroup | None]:
    """The same, without a use."""
    found = await store.by_ids(caller.subject_keys, caller.consumer, keys, this_moment())
    return [found.get(key) for key in keys]


async def _holding(
    store: CaseGroupStore, caller: Caller, keys: Sequence[frozenset[ProducerId]]
) -> list[list[CaseGroup]]:
    """For all of `keys` the groups with a case at any of their producers."""
    wanted = frozenset[ProducerId]().union(*keys)
    found = await store.holding(caller.subject_keys, caller.consumer, wanted, this_moment())
    return [found] * len(keys)
