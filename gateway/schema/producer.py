"""Producers as portals see them."""

from __future__ import annotations

from typing import Self

import strawberry

from gateway.model import producer as model
from gateway.model.page import page_of
from gateway.model.text import Language
from gateway.schema.context import Context
from gateway.schema.ids import producer_global_id
from gateway.schema.information_area import InformationArea
from gateway.schema.node import Node
from gateway.schema.paging import Connection, Cursors, PageRequest, connection, counted


@strawberry.type(description="A kind of case that a producer holds.")
class CaseType:
    """A case type under the producer's own code."""

    code: str = strawberry.field(description="The producer's own code for this kind of case.")
    name: str = strawberry.field(description="What it is called: Swedish or English by `Accept-Language`.")
    open: bool = strawberry.field(description="Whether cases of this type can be added to a case group.")

    @classmethod
    def of(cls, case_type: model.CaseType, language: Language) -> Self:
        """`case_type` named in `language`."""
        return cls(code=case_type.code, name=case_type.name.in_language(language), open=case_type.open)

    @classmethod
    def of_code(cls, producer: model.Producer | None, code: str, language: Language) -> Self:
        """The producer's case type with this code; one that it no longer lists is named by its code."""
        case_type = producer and producer.case_type(code)
        return cls.of(case_type, language) if case_type else cls(code=code, name=code, open=False)


@strawberry.type(description="An organisation that holds cases and answers for their status.")
class Producer(Node):
    """A connected producer."""

    id: strawberry.ID = strawberry.field(description="The producer's id.")
    name: str = strawberry.field(description="The producer's name: Swedish or English by `Accept-Language`.")
    information_areas: list[InformationArea] = strawberry.field(description="The areas its cases belong to.")
    case_types: list[CaseType] = strawberry.field(description="The kinds of case it holds.")

    @classmethod
    def of(cls, producer: model.Producer, language: Language) -> Self:
        """`producer` named in `language`."""
        return cls(
            id=strawberry.ID(producer_global_id(producer.id)),
            name=producer.name.in_language(language),
            information_areas=sorted(producer.information_areas, key=lambda area: area.value),
            case_types=[CaseType.of(case_type, language) for case_type in producer.case_types],
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
    return connection(page, cursors, lambda producer: Producer.of(producer, context.language), counted(len(producers)))
