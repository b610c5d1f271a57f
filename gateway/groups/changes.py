"""What every change of a case group by its owner has in common: the owner alone, as it was read, in one write."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gateway.errors import ChangeRefused, UserProblem
from gateway.groups.limits import GroupLimits
from gateway.groups.moments import this_moment
from gateway.groups.refusals import conflict, not_found, not_the_owner, too_many_groups
from gateway.groups.standing import standing
from gateway.model.caller import Caller
from gateway.model.case_group import CaseGroup, GroupId
from gateway.policy.visibility import access
from gateway.store.case_groups import CaseGroupStore


class GroupChanges:
    """Reads the group that is to be changed, and stores it changed. Every method raises StoreUnavailable."""

    def __init__(self, store: CaseGroupStore, limits: GroupLimits) -> None:
        self.store = store
        self.limits = limits

    async def expected(self, caller: Caller, id_: GroupId, expected_revision: int) -> CaseGroup:
        """The caller's group, at the revision that it expects. Raises ChangeRefused for any other."""
        group = await self._owned(caller, id_)
        if group.revision != expected_revision:
            raise ChangeRefused([conflict(group.revision)])
        return group

    async def stored(self, caller: Caller, changed: CaseGroup) -> CaseGroup:
        """The changed group as it is stored, without what has lapsed; its retention begins anew.

        Raises ChangeRefused when another change was made since `changed` was read.
        """
        now = this_moment()
        stored = await self.store.replace(
            caller.subject_keys,
            replace(standing(changed, now), updated_at=now, retain_until=now + self.limits.retention),
        )
        if stored is None:
            raise await self.lost(caller, changed.id)
        return stored

    async def lost(self, caller: Caller, id_: GroupId) -> ChangeRefused:
        """Why a write found nothing: another change won, or the group is gone, or is another's now."""
        try:
            group = await self._owned(caller, id_)
        except ChangeRefused as refused:
            return refused
        return ChangeRefused([conflict(group.revision)])

    async def refuse_if_more_than(self, caller: Caller, most: int) -> None:
        """Raises ChangeRefused when the subject has more groups than `most` at the caller's consumer."""
        if await self.store.count_owned(caller.subject_keys, caller.consumer, this_moment()) > most:
            raise ChangeRefused([too_many_groups(self.limits.groups_per_subject)])

    async def refusal(self, caller: Caller, id_: GroupId) -> UserProblem:
        """Why the caller may not change a group that is not its own: it may read it, or does not know of it."""
        now = this_moment()
        group = (await self.store.by_ids(caller.subject_keys, caller.consumer, [id_], now)).get(id_)
        seen = None if group is None else access(group, caller.consumer, now)
        return not_found() if seen is None or seen.is_owner else not_the_owner()

    async def _owned(self, caller: Caller, id_: GroupId) -> CaseGroup:
        now = this_moment()
        group = (await self.store.by_ids(caller.subject_keys, caller.consumer, [id_], now)).get(id_)
        seen = None if group is None else access(group, caller.consumer, now)
        if group is None or seen is None:
            raise ChangeRefused([not_found()])
        if not seen.is_owner:
            raise ChangeRefused([not_the_owner()])
        return group


def refuse_if(problems: Collection[UserProblem]) -> None:
    """Raises ChangeRefused with every one of `problems`, if there are any."""
    if problems:
        raise ChangeRefused(list(problems))
