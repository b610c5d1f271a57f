"""A case in a case group, and its status, which is resolved only when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from gateway.disclosure.operation import NOT_RECORDED
from gateway.model import case_group as model
from gateway.model.page import page_of
from gateway.schema.context import Context, Info
from gateway.schema.directives import READ_GROUPS, requires_scope
from gateway.schema.ids import case_global_id
from gateway.schema.node import Node
from gateway.schema.paging import Connection, Cursors, PageRequest, connection, counted
from gateway.schema.producer import CaseType, Producer
from gateway.schema.sealed_cursors import SealedCursors
from gateway.schema.selection import status_selection
from gateway.schema.shortcuts import resolved_for_all
from gateway.schema.status import CaseStatus, CaseStatusResult, StatusUnavailable, status_results

NUMBER_BYTES = 8
"""Of a case's number in a cursor."""


async def _statuses(cases: Sequence[Case], info: Info) -> list[CaseStatus | StatusUnavailable]:
    """The status of each of `cases`: decided, asked for and recorded together."""
    context = info.context
    of_groups = [(case._group, case._case) for case in cases]  # noqa: SLF001 - a Case's own
    told = await context.statuses.statuses(of_groups, status_selection(info))
    is_recorded = await context.record.statuses(told)
    results: dict[int, CaseStatus | StatusUnavailable] = {}
    for one in told:
        outcomes = one.outcomes if is_recorded else [NOT_RECORDED] * len(one.places)
        results.update(zip(one.places, status_results(outcomes, one.decision.withheld, context), strict=True))
    return [results[place] for place in range(len(cases))]


@strawberry.type(
    description="A reference to a case that a producer holds. The case itself stays there.",
    directives=[requires_scope(READ_GROUPS)],
)
class Case(Node):
    """A case as it stands in one group."""

    _case: strawberry.Private[model.Case]
    _group: strawberry.Private[model.CaseGroup]

    @strawberry.field(description="The id of this case in this group.")
    def id(self) -> strawberry.ID:
        """Made of the group's and the case's own."""
        return strawberry.ID(case_global_id(self._group.id, self._case.key))

    @strawberry.field(description="The producer's own reference for the case.")
    def reference(self) -> str:
        """As it was added to the group."""
        return self._case.key.reference

    @strawberry.field(description="When the case was added to the group.")
    def added_at(self) -> datetime:
        """In UTC."""
        return self._case.added_at

    @strawberry.field(
        description="What the end user wrote about the case; null where that is for the group's owner alone."
    )
    def note(self) -> str | None:
        """As the caller may see it."""
        return self._case.note

    @strawberry.field(description="Whether the note is for the group's owner alone; false to all others.")
    def note_is_private(self) -> bool:
        """As the caller may see it."""
        return self._case.note_is_private

    @strawberry.field(description="Who holds the case; null when the producer is no longer in the registry.")
    def producer(self, info: Info) -> Producer | None:
        """The case's producer, from the registry."""
        producer = info.context.registry.producer(self._case.key.producer)
        return None if producer is None else Producer.of(info.context, producer)

    @strawberry.field(description="What kind of case it is, by the producer's own code.")
    def case_type(self, info: Info) -> CaseType:
        """The case's type, from the registry."""
        producer = info.context.registry.producer(self._case.key.producer)
        return CaseType.of_code(info.context, producer, self._case.case_type)

    @strawberry.field(
        description="What the producer says about the case right now. Asked for at the moment you ask; stored nowhere. "
        "The producer is asked for what you select and may read, and for nothing else.",
        metadata=resolved_for_all(_statuses),
    )
    async def status(self, info: Info) -> CaseStatusResult:
        """One typed outcome, whatever happens at the producer."""
        return (await _statuses([self], info))[0]


def case_connection(context: Context, group: model.CaseGroup, request: PageRequest) -> Connection[Case]:
    """One page of a group's cases, in the order they were added."""
    list_ = ("cases", group.id, context.caller.subject_id, context.caller.consumer)
    # A number would tell a reader that is shown some producers' cases how many others there are.
    sealed = SealedCursors(list_)
    cursors: Cursors[model.Case, int] = Cursors(
        scope=list_,
        position=lambda case: sealed.sealed(case.number.to_bytes(NUMBER_BYTES)),
        parse=lambda place: int.from_bytes(sealed.unsealed(place)),
    )
    page = page_of(group.cases, lambda case: case.number, request.window(cursors))
    return connection(page, cursors, lambda case: Case(_case=case, _group=group), counted(len(group.cases)))
