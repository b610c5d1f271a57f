"""Consumers as portals see them."""

from __future__ import annotations

from typing import Self

import strawberry

from gateway.model import consumer as model
from gateway.model.caller import ConsumerId
from gateway.model.page import page_of
from gateway.schema.context import Context
from gateway.schema.ids import consumer_global_id
from gateway.schema.paging import Connection, Cursors, PageRequest, connection, counted


@strawberry.type(description="An organisation whose portal or program calls the gateway.")
class Consumer:
    """A consumer, connected or not."""

    id: strawberry.ID = strawberry.field(description="The consumer's id.")
    name: str = strawberry.field(description="The consumer's name: Swedish or English by `Accept-Language`.")

    @classmethod
    def of(cls, context: Context, id_: ConsumerId) -> Self:
        """The consumer with this id; one that is no longer in the registry is named by its id."""
        consumer = context.registry.consumer(id_)
        name = id_ if consumer is None else consumer.name.in_language(context.language)
        return cls(id=strawberry.ID(consumer_global_id(id_)), name=name)


def consumer_connection(context: Context, request: PageRequest) -> Connection[Consumer]:
    """One page of the connected consumers, by id."""
    consumers = context.registry.consumers()
    cursors: Cursors[model.Consumer, str] = Cursors(
        scope=("consumers",), position=lambda consumer: consumer.id, parse=str
    )
    page = page_of(consumers, lambda consumer: str(consumer.id), request.window(cursors))
    return connection(page, cursors, lambda consumer: Consumer.of(context, consumer.id), counted(len(consumers)))
