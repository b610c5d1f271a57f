"""Producers as portals see them."""

from __future__ import annotations

from typing import Self

import strawberry

from gateway.model import producer as model
from gateway.model.availability import Availability
from gateway.model.page import page_of
from gateway.schema.context import Context, Info
from gateway.schema.described_enum import described_enum
from gateway.schema.ids import producer_global_id
from gateway.schema.information_area import InformationArea
from gateway.schema.node import Node
from gateway.schema.paging import Connection, Cursors, PageRequest, connection, counted

described_enum(
    Availability,
    "How a producer has been answering one replica of the gateway lately.",
    {
        Availability.AVAILABLE: "It answers, or was not asked lately.",
        Availability.DEGRADED: "It is asked, but more than a tenth of the latest requests failed or were slow.",
        Availability.UNAVAILABLE: "It is not asked for now: too many requests failed, or it asked for a pause.",
    },
)


@strawberry.type(description="A kind of case that a producer holds.")
class CaseType:
    """A case type under the producer's own code."""

    code: str = strawberry.field(description="The producer's own code for this kind of case.")
    name: str = strawberry.field(description="What it is called: Swedish or English by `Accept-Language`.")
    open: bool = strawberry.field(
        description="Whether your consumer can add cases of this type to a case group, and read their status. A "
        "producer opens its case types one by one, some at first to a few consumers alone."
    )

    @classmethod
    def of(cls, context: Context, case_type: model.CaseType) -> Self:
        """`case_type` as the caller's consumer sees it now."""
        return cls(
            code=case_type.code,
            name=case_type.name.in_language(context.language),
            open=case_type.is_open_to(context.caller.consumer, context.registry.agreements.moment),
        )

    @classmethod
    def of_code(cls, context: Context, producer: model.Producer | None, code: str) -> Self:
        """The producer's case type with this code; one that it no longer lists is named by its code."""
        case_type = producer and producer.case_type(code)
        return cls.of(context, case_type) if case_type else cls(code=code, name=code, open=False)


@strawberry.type(description="An organisation that holds cases and answers for their status.")
class Producer(Node):
    """A connected producer."""

    id: strawberry.ID = strawberry.field(description="The producer's id.")
    name: str = strawberry.field(description="The producer's name: Swedish or English by `Accept-Language`.")
    information_areas: list[InformationArea] = strawberry.field(description="The areas its cases belong to.")
    case_types: list[CaseType] = strawberry.field(description="The kinds of case it holds.")
    support: str | None = strawberry.field(
        description="Where end users get help with its cases: Swedish or English by `Accept-Language`; null "
        "when it has not said."
    )
    _producer: strawberry.Private[model.Producer]

    @strawberry.field(
        description="How it has been answering lately, as the replica of the gateway that answers you has seen it. It "
        "tells nothing of a single case: ask for its status all the same."
    )
    def availability(self, info: Info) -> Availability:
        """What this replica has seen in its rolling window."""
        return info.context.availability(self._producer)

    @classmethod
    def of(cls, context: Context, producer: model.Producer) -> Self:
        """`producer` as the caller's consumer sees it now."""
        return cls(
            id=strawberry.ID(producer_global_id(producer.id)),
            name=producer.name.in_language(context.language),
            information_areas=sorted(producer.information_areas, key=lambda area: area.value),
            case_types=[CaseType.of(context, case_type) for case_type in producer.case_types],
            support=None if producer.support is None else producer.support.in_language(context.language),
            _producer=producer,
        )


def producer_connection(context: Context, area: InformationArea | None, request: PageRequest) -> Connection[Producer]:
    """One page of the connected producers, by id; only those of `area` where one is given."""
    producers = [
        producer for producer in context.registry.producers() if area is None or area in producer.information_areas
    ]
    cursors: Cursors[model.Producer, str] = Cursors(
        scope=("producers", area.value if area else ""), position=lambda producer: producer.id, parse=str
    )
    page = page_of(producers, lambda producer: str(producer.id), request.window(cursors))
    return connection(page, cursors, lambda producer: Producer.of(context, producer), counted(len(producers)))
