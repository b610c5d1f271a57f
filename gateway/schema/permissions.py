"""Who else may read a case group, and to whom it is offered, as portals see it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from gateway.model import case_group as model
from gateway.model.status import GRANTABLE_FIELDS
from gateway.schema.consumer import Consumer
from gateway.schema.context import Context
from gateway.schema.producer import Producer


@strawberry.type(description="The end user's leave for another consumer to read a case group, through its own grants.")
class ReadPermission:
    """A permission that holds."""

    consumer: Consumer = strawberry.field(description="Who may read the group.")
    permitted_at: datetime = strawberry.field(description="From when.")
    valid_until: datetime = strawberry.field(description="Until when; from that moment on it is none.")
    producers: list[Producer] | None = strawberry.field(
        description="The producers whose cases alone may be read; null: all."
    )
    fields: list[str] | None = strawberry.field(
        description="The fields of a status that alone may be read; null: all that the reader has been granted."
    )

    @classmethod
    def of(cls, context: Context, permission: model.ReadPermission) -> Self:
        """`permission` as portals see it; a producer that is no longer in the registry is left out."""
        producers, fields = permission.producers, permission.fields
        found = None if producers is None else map(context.registry.producer, sorted(producers))
        return cls(
            consumer=Consumer.of(context, permission.consumer),
            permitted_at=permission.permitted_at,
            valid_until=permission.valid_until,
            producers=None
            if found is None
            else [Producer.of(context, producer) for producer in found if producer is not None],
            fields=None if fields is None else sorted(fields, key=GRANTABLE_FIELDS.index),
        )


@strawberry.type(description="The offer of a case group to another consumer. Until it is accepted nothing changes.")
class TransferOffer:
    """An offer that stands."""

    to: Consumer = strawberry.field(description="Who may take the group over.")
    keep_read_permissions: bool = strawberry.field(
        description="Whether those who may read the group may go on reading it at its new owner."
    )
    offered_at: datetime = strawberry.field(description="When it was offered.")
    valid_until: datetime = strawberry.field(description="Until when it can be accepted.")

    @classmethod
    def of(cls, context: Context, offer: model.TransferOffer) -> Self:
        """`offer` as portals see it."""
        return cls(
            to=Consumer.of(context, offer.to),
            keep_read_permissions=offer.keep_read_permissions,
            offered_at=offer.offered_at,
            valid_until=offer.valid_until,
        )
