"""The queries."""

from __future__ import annotations

from typing import Annotated

import strawberry

from gateway.disclosure.visible import READ_DISCLOSURES
from gateway.errors import NotFound
from gateway.model.case_group import CaseGroupFilter as WantedGroups
from gateway.model.case_group import GroupId
from gateway.model.producer import ProducerId
from gateway.schema.available_cases import AVAILABLE_PER_PAGE, AvailableCaseConnection, available_case_connection
from gateway.schema.case import Case
from gateway.schema.case_group import CaseGroup, CaseGroupFilter, case_group_connection
from gateway.schema.consumer import Consumer, consumer_connection
from gateway.schema.context import Context, Info
from gateway.schema.directives import AUTHENTICATED, READ_GROUPS, requires_one_of, requires_scope
from gateway.schema.disclosure import (
    DISCLOSURES_PER_PAGE,
    Disclosure,
    DisclosuresFiltered,
    disclosure,
    disclosure_connection,
)
from gateway.schema.ids import case_id, group_id, parts, producer_id
from gateway.schema.information_area import InformationArea
from gateway.schema.node import Node
from gateway.schema.offers import CaseGroupOffer
from gateway.schema.paging import After, Before, Connection, First, Last, PageRequest
from gateway.schema.producer import Producer, producer_connection
from gateway.schema.scopes import check_scopes
from gateway.schema.viewer import Viewer

GROUPS_PER_PAGE = 20
PRODUCERS_PER_PAGE = 50
CONSUMERS_PER_PAGE = 50

Id = Annotated[strawberry.ID, strawberry.argument(description="The object's id.")]


@strawberry.type(description="What can be asked. Everything is about the subject of the access token.")
class Query:
    """The root of all queries."""

    @strawberry.field(
        directives=[AUTHENTICATED], description="Who you are to the gateway, for whom you ask, and what you may read."
    )
    def viewer(self, info: Info) -> Viewer:
        """The present caller."""
        return Viewer.of(info.context)

    @strawberry.field(
        directives=[requires_scope(READ_GROUPS)],
        description="One case group by its id. `NOT_FOUND` when there is none that you may see.",
    )
    async def case_group(self, info: Info, id: Id) -> CaseGroup | None:  # noqa: A002
        """Raises NotFound and BadUserInput."""
        return await _case_group(info.context, group_id(id))

    @strawberry.field(
        directives=[requires_scope(READ_GROUPS)],
        description="The subject's case groups that you own or are permitted to read, the newest first; "
        f"{GROUPS_PER_PAGE} by default.",
    )
    async def case_groups(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            CaseGroupFilter | None, strawberry.argument(description="Which groups; all when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CaseGroup] | None:
        """One page of groups."""
        request = PageRequest(first, after, last, before, GROUPS_PER_PAGE, info.context.page_max_size)
        wanted = WantedGroups() if filter is None else filter.as_model()
        return await case_group_connection(info, wanted, request)

    @strawberry.field(
        directives=[requires_scope(READ_GROUPS)],
        description="The overview: the subject's cases at every connected producer of whose cases you were granted "
        "something, asked for at the moment you ask; stored nowhere. "
        f"At most {AVAILABLE_PER_PAGE} cases a page by default.",
    )
    def available_cases(
        self,
        info: Info,
        producers: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(
                description="The ids of the producers to ask; all that you may ask when left out. `NOT_FOUND` when "
                "one of them is no producer's."
            ),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> AvailableCaseConnection | None:
        """One page of cases. Raises BadUserInput, NotFound and LimitExceeded."""
        context = info.context
        size = PageRequest(first, None, None, None, AVAILABLE_PER_PAGE, context.page_max_size).size()
        return available_case_connection(context, producers, size, after)

    @strawberry.field(
        directives=[requires_one_of(READ_GROUPS, READ_DISCLOSURES)],
        description="The end user's own record: who was told what about them, when and why, the newest first; "
        f"{DISCLOSURES_PER_PAGE} by default. With the scope `disclosures:read` it is what every consumer asked for "
        "about the subject, without it what your consumer did.",
    )
    async def disclosures(
        self,
        info: Info,
        case_group: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Only what was read in this case group, which may be gone since. One that is not the "
                "subject's has no entries."
            ),
        ] = None,
        filter: DisclosuresFiltered = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Disclosure] | None:
        """One page of the record. Raises BadUserInput and LimitExceeded."""
        request = PageRequest(first, after, last, before, DISCLOSURES_PER_PAGE, info.context.page_max_size)
        group = None if case_group is None else group_id(case_group)
        return await disclosure_connection(info, group, filter, request)

    @strawberry.field(
        directives=[AUTHENTICATED], description=f"The connected producers; {PRODUCERS_PER_PAGE} by default."
    )
    def producers(
        self,
        info: Info,
        information_area: Annotated[
            InformationArea | None, strawberry.argument(description="Only producers with cases in this area.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Producer]:
        """One page of producers."""
        request = PageRequest(first, after, last, before, PRODUCERS_PER_PAGE, info.context.page_max_size)
        return producer_connection(info.context, information_area, request)

    @strawberry.field(
        directives=[AUTHENTICATED],
        description="The connected consumers, which the end user can let read a case group, or hand one over to; "
        f"{CONSUMERS_PER_PAGE} by default.",
    )
    def consumers(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Consumer]:
        """One page of consumers."""
        request = PageRequest(first, after, last, before, CONSUMERS_PER_PAGE, info.context.page_max_size)
        return consumer_connection(info.context, request)

    @strawberry.field(
        directives=[requires_scope(READ_GROUPS)],
        description="The subject's case groups that you can take over with `acceptCaseGroup`, the newest first: those "
        "offered to you, and those whose owner's connection has ended.",
    )
    async def case_group_offers(self, info: Info) -> list[CaseGroupOffer] | None:
        """The offers that stand. One read."""
        offers = await info.context.takeovers.offers(info.context.caller)
        return [CaseGroupOffer.of(info.context, offer) for offer in offers]

    @strawberry.field(
        directives=[AUTHENTICATED],
        description="One producer by its id, connected or not. `NOT_FOUND` when there is none.",
    )
    def producer(self, info: Info, id: Id) -> Producer | None:  # noqa: A002
        """Raises NotFound and BadUserInput."""
        return _producer(info.context, producer_id(id))

    @strawberry.field(
        directives=[AUTHENTICATED],
        description="Any object by its id: a CaseGroup, a Case, a Producer or a Disclosure. `NOT_FOUND` when there is "
        "none that you may see.",
    )
    async def node(self, info: Info, id: Id) -> Node | None:  # noqa: A002
        """Raises NotFound, BadUserInput and ForbiddenField."""
        kind = parts(id)[0]
        check_scopes(info.context, "node", kind)
        if kind == "CaseGroup":
            return await _case_group(info.context, group_id(id))
        if kind == "Case":
            return await _case(info.context, id)
        if kind == "Producer":
            return _producer(info.context, producer_id(id))
        if kind == "Disclosure":
            return await _disclosure(info.context, id)
        raise _not_found()


async def _case_group(context: Context, id_: GroupId) -> CaseGroup:
    group = await context.visible_groups.load(id_)
    if group is None:
        raise _not_found()
    return CaseGroup.of(group)


async def _case(context: Context, global_id: str) -> Case:
    id_, key = case_id(global_id)
    group = await context.visible_groups.load(id_)
    case = group and next((case for case in group.cases if case.key == key), None)
    if group is None or not case:
        raise _not_found()
    return Case(_case=case, _group=group)


async def _disclosure(context: Context, global_id: str) -> Disclosure:
    found = await disclosure(context, parts(global_id)[1])
    if found is None:
        raise _not_found()
    return found


def _producer(context: Context, id_: ProducerId) -> Producer:
    producer = context.registry.producer(id_)
    if producer is None:
        raise _not_found()
    return Producer.of(context, producer)


def _not_found() -> NotFound:
    return NotFound("Nothing that you may see has this id.")
