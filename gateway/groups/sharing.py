"""What the owner of a group does for the end user with others in mind: lets them read it, offers it to one of them."""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import ChangeRefused, UserErrorCode, UserProblem
from gateway.groups.changes import GroupChanges, refuse_if
from gateway.groups.moments import this_moment
from gateway.groups.permissions import NewPermission, other_consumer_problems, permission_problems, room_problems
from gateway.groups.standing import standing
from gateway.model.caller import Caller, ConsumerId
from gateway.model.case_group import CaseGroup, GroupId, TransferOffer
from gateway.model.text import Text
from gateway.store.registry import Registry


class Sharing:
    """Read permissions and offers. Every method raises ChangeRefused, having stored nothing, and StoreUnavailable."""

    def __init__(self, changes: GroupChanges, registry: Registry) -> None:
        self._changes = changes
        self._registry = registry

    async def permit(
        self, caller: Caller, id_: GroupId, expected_revision: int, permission: NewPermission
    ) -> CaseGroup:
        """The group with the permission, in the place of the one that the same consumer had."""
        now = this_moment()
        refuse_if(list(permission_problems(permission, caller.consumer, self._registry, now)))
        group = standing(await self._changes.expected(caller, id_, expected_revision), now)
        others = (one for one in group.read_permissions if one.consumer != permission.consumer)
        changed = replace(group, read_permissions=(*others, permission.at(now)))
        refuse_if(list(room_problems(changed, self._changes.limits.read_permissions)))
        return await self._changes.stored(caller, changed)

    async def withdraw(self, caller: Caller, id_: GroupId, expected_revision: int, consumer: ConsumerId) -> CaseGroup:
        """The group without the consumer's permission."""
        group = standing(await self._changes.expected(caller, id_, expected_revision), this_moment())
        others = tuple(one for one in group.read_permissions if one.consumer != consumer)
        if others == group.read_permissions:
            raise ChangeRefused([_no_permission()])
        return await self._changes.stored(caller, replace(group, read_permissions=others))

    async def offer(
        self, caller: Caller, id_: GroupId, expected_revision: int, to: ConsumerId, *, keep_read_permissions: bool
    ) -> CaseGroup:
        """The group, offered to `to` and to nobody else."""
        now = this_moment()
        refuse_if(list(other_consumer_problems(to, caller.consumer, self._registry, ("input", "to"))))
        group = await self._changes.expected(caller, id_, expected_revision)
        offer = TransferOffer(
            to=to,
            keep_read_permissions=keep_read_permissions,
            offered_at=now,
            valid_until=now + self._changes.limits.transfer_offer,
        )
        return await self._changes.stored(caller, replace(group, transfer=offer))

    async def withdraw_offer(self, caller: Caller, id_: GroupId, expected_revision: int) -> CaseGroup:
        """The group, offered to nobody."""
        group = standing(await self._changes.expected(caller, id_, expected_revision), this_moment())
        if group.transfer is None:
            raise ChangeRefused([_no_offer()])
        return await self._changes.stored(caller, replace(group, transfer=None))


def _no_permission() -> UserProblem:
    return UserProblem(
        UserErrorCode.NOT_FOUND,
        Text(
            sv="Tjänsten har ingen tillåtelse att läsa ärendegruppen.",
            en="That service has no permission to read the case group.",
        ),
        ("input", "consumer"),
    )


def _no_offer() -> UserProblem:
    return UserProblem(
        UserErrorCode.NOT_FOUND,
        Text(
            sv="Ärendegruppen är inte erbjuden till någon annan tjänst.",
            en="The case group is not offered to another service.",
        ),
        ("input", "to"),
    )
