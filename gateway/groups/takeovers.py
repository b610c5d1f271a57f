"""Taking over a case group: one that its owner offers, or one whose owner is gone, so that nobody is locked in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

import structlog

from gateway.errors import ChangeRefused
from gateway.groups.changes import GroupChanges
from gateway.groups.moments import this_moment
from gateway.groups.refusals import conflict, too_early
from gateway.groups.standing import standing
from gateway.model.caller import Caller, ConsumerId
from gateway.model.case_group import CaseGroup, GroupId
from gateway.model.global_id import global_id
from gateway.model.purpose import Purpose
from gateway.store.notices import Notices
from gateway.store.registry import Registry

log = structlog.get_logger(__name__)


class OfferReason(Enum):
    """Why a group can be taken over."""

    OFFERED = "OFFERED"
    OWNER_ENDED = "OWNER_ENDED"


@dataclass(frozen=True, slots=True)
class GroupOffer:
    """A group that a consumer can take over, from a moment on: as much as it may know of it before.

    Of a group that its owner did not offer, that is not the title: the end user wrote it for another.
    """

    group: GroupId
    revision: int
    reason: OfferReason
    title: str | None
    purpose: Purpose
    owner: ConsumerId
    since: datetime
    available_from: datetime
    valid_until: datetime | None


class Takeovers:
    """Offers and claims. Every method raises StoreUnavailable."""

    def __init__(self, changes: GroupChanges, notices: Notices, registry: Registry) -> None:
        self._changes = changes
        self._store = changes.store
        self._notices = notices
        self._registry = registry

    async def offers(self, caller: Caller) -> list[GroupOffer]:
        """The subject's groups that the caller's consumer can take over, now or later, the newest first. One read."""
        now = this_moment()
        gone = self._gone(now)
        groups = await self._store.offered(caller.subject_keys, caller.consumer, gone, now)
        return [self._offer(standing(group, now), caller.consumer, gone) for group in groups]

    async def accept(self, caller: Caller, id_: GroupId, expected_revision: int) -> CaseGroup:
        """The group, owned by the caller's consumer: with all that is in it, and as many readers as was stated.

        Raises ChangeRefused, having stored nothing, when the group is not to be had, or not yet, or not any more.
        """
        now = this_moment()
        gone = self._gone(now)
        group = await self._store.offered_by_id(caller.subject_keys, caller.consumer, gone, now, id_)
        if group is None:
            raise ChangeRefused([await self._changes.refusal(caller, id_)])
        group = standing(group, now)
        offer = self._offer(group, caller.consumer, gone)
        if now < offer.available_from:
            raise ChangeRefused([too_early(offer.available_from)])
        if group.revision != expected_revision:
            raise ChangeRefused([conflict(group.revision)])
        # Groups made or taken over at this very moment may pass the limit, by their number: none is given back for it.
        await self._changes.refuse_if_more_than(caller, self._changes.limits.groups_per_subject - 1)
        taken = self._taken(group, offer, caller.consumer, now)
        if offer.reason is OfferReason.OFFERED:
            stored = await self._store.hand_over(caller.subject_keys, taken, caller.consumer)
        else:
            stored = await self._claimed(caller, taken, now)
        if stored is None:
            raise await self._lost(caller, id_)
        return stored

    async def _claimed(self, caller: Caller, group: CaseGroup, moment: datetime) -> CaseGroup | None:
        """Hands the group over, and never without its former owner being told.

        The notice is written first. It is taken back only when the claim has certainly not been made; where the write
        or this process broke off, it stays.
        """
        notice = await self._notices.claimed(group, caller.consumer, moment)
        stored = await self._store.hand_over(caller.subject_keys, group, caller.consumer)
        if stored is None:
            await self._notices.take_back(notice)
            return None
        log.warning(
            "case_group.claimed",
            group=global_id("CaseGroup", group.id),
            old_owner=group.owner,
            new_owner=caller.consumer,
        )
        return stored

    async def _lost(self, caller: Caller, id_: GroupId) -> ChangeRefused:
        """Why the write found nothing: the group was changed, withdrawn, or taken over by somebody else."""
        now = this_moment()
        group = await self._store.offered_by_id(caller.subject_keys, caller.consumer, self._gone(now), now, id_)
        if group is None:
            return ChangeRefused([await self._changes.refusal(caller, id_)])
        return ChangeRefused([conflict(group.revision)])

    def _gone(self, moment: datetime) -> Mapping[ConsumerId, datetime]:
        """The consumers whose connection is over for good, and since when."""
        agreements = self._registry.agreements
        return {
            id_: since
            for id_, consumer in agreements.records.consumers.items()
            if id_ not in agreements.consumers and (since := consumer.connection.over_since(moment)) is not None
        }

    def _offer(self, group: CaseGroup, to: ConsumerId, gone: Mapping[ConsumerId, datetime]) -> GroupOffer:
        transfer = group.transfer
        if transfer is not None and transfer.to == to:
            reason, title, valid_until = OfferReason.OFFERED, group.title, transfer.valid_until
            since = available_from = transfer.offered_at
        else:
            reason, title, valid_until = OfferReason.OWNER_ENDED, None, None
            since = gone[group.owner]
            available_from = since + self._changes.limits.claim_waiting
        return GroupOffer(
            group=group.id,
            revision=group.revision,
            reason=reason,
            title=title,
            purpose=group.purpose,
            owner=group.owner,
            since=since,
            available_from=available_from,
            valid_until=valid_until,
        )

    def _taken(self, group: CaseGroup, offer: GroupOffer, by: ConsumerId, moment: datetime) -> CaseGroup:
        """The group as it is to be: a claim keeps the readers, an offer says whether to; its owner needs no leave."""
        keeps = offer.reason is OfferReason.OWNER_ENDED or (group.transfer and group.transfer.keep_read_permissions)
        return replace(
            group,
            read_permissions=tuple(one for one in group.read_permissions if keeps and one.consumer != by),
            updated_at=moment,
            retain_until=moment + self._changes.limits.retention,
        )
