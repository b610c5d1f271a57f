"""A case in a case group, and its status, which is resolved only when it is asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from gateway.model import case_group as model
from gateway.model.page import page_of
from gateway.model.purpose import Purpose
from gateway.schema.context import Context, Info
from gateway.schema.ids import case_global_id
from gateway.schema.node import Node
from gateway.schema.paging import Connection, Cursors, PageRequest, connection, counted
from gateway.schema.producer import CaseType, Producer
from gateway.schema.selection import status_selection
from gateway.schema.status import CaseStatusResult, status_result


@strawberry.type(description="A reference to a case that a producer holds. The case itself stays there.")
class Case(Node):
    """A case as it stands in one group."""

    id: strawberry.ID = strawberry.field(description="The id of this case in this group.")
    reference: str = strawberry.field(description="The producer's own reference for the case.")
    added_at: datetime = strawberry.field(description="When the case was added to the group.")
    note: str | None = strawberry.field(description="What the end user wrote about the case.")
    _key: strawberry.Private[model.CaseKey]
    _case_type: strawberry.Private[str]
    _purpose: strawberry.Private[Purpose]

    @classmethod
    def of(cls, case: model.Case, group: model.CaseGroup) -> Self:
        """`case` as it stands in `group`."""
        return cls(
            id=strawberry.ID(case_global_id(group.id, case.key)),
            reference=case.key.reference,
            added_at=case.added_at,
            note=case.note,
            _key=case.key,
            _case_type=case.case_type,
            _purpose=group.purpose,
        )

    @strawberry.field(description="Who holds the case; null when the producer is no longer in the registry.")
    def producer(self, info: Info) -> Producer | None:
        """The case's producer, from the registry."""
        producer = info.context.registry.producer(self._key.producer)
        return None if producer is None else Producer.of(producer, info.context.language)

    @strawberry.field(description="What kind of case it is, by the producer's own code.")
    def case_type(self, info: Info) -> CaseType:
        """The case's type; one that the producer no longer lists is named by its code."""
        producer = info.context.registry.producer(self._key.producer)
        case_type = producer and producer.case_type(self._case_type)
        if not case_type:
            return CaseType(code=self._case_type, name=self._case_type, open=False)
        return CaseType.of(case_type, info.context.language)

    @strawberry.field(
        description="What the producer says about the case right now. Asked for at the moment you ask; stored nowhere."
    )
    async def status(self, info: Info) -> CaseStatusResult:
        """One typed outcome, whatever happens at the producer."""
        outcome = await info.context.statuses.status(self._key, self._purpose, status_selection(info))
        return status_result(outcome, info.context)


def case_connection(context: Context, group: model.CaseGroup, request: PageRequest) -> Connection[Case]:
    """One page of a group's cases, in the order they were added."""
    cursors: Cursors[model.Case, int] = Cursors(
        scope=("cases", group.id, context.caller.subject_key.digest, context.caller.consumer),
        position=lambda case: str(case.number),
        parse=int,
    )
    page = page_of(group.cases, lambda case: case.number, request.window(cursors))
    return connection(page, cursors, lambda case: Case.of(case, group), counted(len(group.cases)))
