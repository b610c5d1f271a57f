"""Who is asking, and what they may read here."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from gateway.model import grant as model
from gateway.model.page import page_of
from gateway.model.registry import Agreements
from gateway.schema.case_group import Subject
from gateway.schema.consumer import Consumer
from gateway.schema.context import Context, Info
from gateway.schema.paging import After, Before, Connection, Cursors, First, Last, PageRequest, connection, counted
from gateway.schema.producer import CaseType, Producer
from gateway.schema.purpose import Purpose

GRANTS_PER_PAGE = 50


@strawberry.type(description="Leave for your consumer to read fields of the status of a producer's cases.")
class Grant:
    """A grant in force."""

    producer: Producer = strawberry.field(description="Whose cases they are.")
    case_types: list[CaseType] = strawberry.field(description="Of which kinds.")
    fields: list[str] = strawberry.field(
        description="Which fields: `title` and the like for those of `CaseStatus`, `references.url` and the like for "
        "those of its `references`."
    )
    purposes: list[Purpose] = strawberry.field(
        description="In case groups of which purposes; one without an event covers every event in its area."
    )
    legal_basis: str = strawberry.field(description="What the law says that allows it.")
    valid_from: datetime = strawberry.field(description="Since when.")
    valid_until: datetime | None = strawberry.field(description="Until when; null while no end is set.")

    @classmethod
    def of(cls, grant: model.Grant, agreements: Agreements, context: Context) -> Self:
        """`grant`, one of `agreements`, with names in the caller's language."""
        producer = agreements.producers[grant.producer]
        return cls(
            producer=Producer.of(context, producer),
            case_types=[CaseType.of_code(context, producer, code) for code in sorted(grant.case_types)],
            fields=sorted(grant.fields),
            purposes=[Purpose.of(purpose) for purpose in sorted(grant.purposes, key=str)],
            legal_basis=grant.legal_basis,
            valid_from=grant.validity.start,
            valid_until=grant.validity.end,
        )


@strawberry.type(description="Who is asking, for whom, and what they may read.")
class Viewer:
    """What the access token says, and what is agreed with its consumer."""

    consumer: Consumer = strawberry.field(description="The consumer that is calling.")
    subject: Subject = strawberry.field(description="The person or company whose cases are asked about.")
    actor: Subject | None = strawberry.field(
        description="The person who is acting for the subject; null when the subject acts itself."
    )

    @classmethod
    def of(cls, context: Context) -> Self:
        """The present caller."""
        caller = context.caller
        return cls(
            consumer=Consumer.of(context, caller.consumer),
            subject=Subject(identifier=caller.subject),
            actor=None if caller.actor is None else Subject(identifier=caller.actor),
        )

    @strawberry.field(
        description="Your consumer's grants in force. What none of them names you may not read; in a case group of "
        f"another consumer, the end user may permit less. {GRANTS_PER_PAGE} by default."
    )
    def grants(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Grant]:
        """One page of grants, by id."""
        context = info.context
        agreements = context.registry.agreements
        grants = sorted(agreements.grants_of(context.caller.consumer), key=_id)
        request = PageRequest(first, after, last, before, GRANTS_PER_PAGE, context.page_max_size)
        cursors: Cursors[model.Grant, str] = Cursors(scope=("grants", context.caller.consumer), position=_id, parse=str)
        page = page_of(grants, _id, request.window(cursors))
        return connection(page, cursors, lambda grant: Grant.of(grant, agreements, context), counted(len(grants)))


def _id(grant: model.Grant) -> str:
    return grant.id
