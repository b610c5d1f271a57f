"""The case groups that a consumer can take over, as portals see them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from gateway.groups.takeovers import GroupOffer, OfferReason
from gateway.schema.consumer import Consumer
from gateway.schema.context import Context
from gateway.schema.described_enum import described_enum
from gateway.schema.directives import READ_GROUPS, requires_scope
from gateway.schema.ids import group_global_id
from gateway.schema.purpose import Purpose

REASONS = {
    OfferReason.OFFERED: "Its owner offers it to you.",
    OfferReason.OWNER_ENDED: "Its owner's connection has ended, and the end user shall not be locked in.",
}

described_enum(OfferReason, "Why a case group can be taken over.", REASONS, name="CaseGroupOfferReason")


@strawberry.type(
    description="A case group of the subject that you can take over with `acceptCaseGroup`.",
    directives=[requires_scope(READ_GROUPS)],
)
class CaseGroupOffer:
    """As much as a consumer may know of a group that is not its own yet."""

    case_group: strawberry.ID = strawberry.field(description="The group's id.")
    revision: int = strawberry.field(description="The group's revision; send it as `expectedRevision`.")
    reason: OfferReason = strawberry.field(description="Why you can have it.")
    title: str | None = strawberry.field(
        description="What the end user calls the group; null with `OWNER_ENDED`, until it is yours."
    )
    purpose: Purpose = strawberry.field(description="Why the group exists.")
    from_: Consumer = strawberry.field(name="from", description="Who owns the group.")
    since: datetime = strawberry.field(description="When it was offered, or when its owner's connection ended.")
    available_from: datetime = strawberry.field(description="From when you can take it over.")
    valid_until: datetime | None = strawberry.field(
        description="Until when the offer stands; null with `OWNER_ENDED`, which has no end."
    )

    @classmethod
    def of(cls, context: Context, offer: GroupOffer) -> Self:
        """`offer` as portals see it."""
        return cls(
            case_group=strawberry.ID(group_global_id(offer.group)),
            revision=offer.revision,
            reason=offer.reason,
            title=offer.title,
            purpose=Purpose.of(offer.purpose),
            from_=Consumer.of(context, offer.owner),
            since=offer.since,
            available_from=offer.available_from,
            valid_until=offer.valid_until,
        )
