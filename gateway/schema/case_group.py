"""Case groups as portals see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
import strawberry.federation

from gateway.errors import BadUserInput
from gateway.model import case_group as model
from gateway.model.page import Page, Window
from gateway.schema.case import Case, case_connection
from gateway.schema.consumer import Consumer
from gateway.schema.context import Info
from gateway.schema.directives import READ_GROUPS, READ_SUBJECT, requires_scope
from gateway.schema.disclosure import DISCLOSURES_PER_PAGE, Disclosure, DisclosuresFiltered, disclosure_connection
from gateway.schema.ids import group_global_id, group_id, producer_id
from gateway.schema.information_area import InformationArea
from gateway.schema.node import Node
from gateway.schema.paging import After, Before, Connection, Cursors, First, Last, PageRequest, connection
from gateway.schema.permissions import ReadPermission, TransferOffer
from gateway.schema.purpose import Purpose
from gateway.schema.retention import Retention
from gateway.schema.scopes import check_scopes
from gateway.schema.selection import selects
from gateway.store.case_groups import NewestFirst, is_group_id

CASES_PER_PAGE = 50


@strawberry.type(description="A person or a company, by the number that the access token names.")
class Subject:
    """Whose cases they are, or who acts for them."""

    identifier: str | None = strawberry.field(
        directives=[requires_scope(READ_SUBJECT)], description="The identity number as the access token has it."
    )


def _of_group(name: str, description: str) -> Any:
    """A field that is the group's own attribute, read when it is selected."""
    return strawberry.field(resolver=lambda self: getattr(self._group, name), description=description)


@strawberry.federation.type(
    keys=["id"],
    description="A collection of cases that make up one situation of one end user.",
    directives=[requires_scope(READ_GROUPS)],
)
class CaseGroup(Node):
    """A group, shown to those who may see it."""

    id: strawberry.ID = strawberry.field(
        resolver=lambda self: strawberry.ID(group_global_id(self._group.id)), description="The group's id."
    )
    title: str = _of_group("title", "What the end user calls the group.")
    purpose: Purpose = strawberry.field(
        resolver=lambda self: Purpose.of(self._group.purpose), description="Why the group exists."
    )
    revision: int = _of_group("revision", "Grows by one with each change; send it as `expectedRevision`.")
    created_at: datetime = _of_group("created_at", "When the group was made.")
    updated_at: datetime = _of_group("updated_at", "When the group was last changed.")
    retain_until: datetime = _of_group(
        "retain_until", "When the group lapses and is removed, unless its owner uses it before then."
    )
    _group: strawberry.Private[model.CaseGroup]
    _of_an_entry: strawberry.Private[bool]

    @classmethod
    def of(cls, group: model.CaseGroup, *, of_an_entry: bool = False) -> Self:
        """`group` as portals see it; `of_an_entry`: it was come to from an entry of the record."""
        return cls(_group=group, _of_an_entry=of_an_entry)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:  # noqa: A002
        """The group behind a federation representation; None for one that the caller may not see.

        Raises BadUserInput and ForbiddenField.
        """
        check_scopes(info.context, "_entities", "CaseGroup")
        group = await info.context.visible_groups.load(group_id(id))
        return None if group is None else cls.of(group)

    @strawberry.field(description="The consumer that owns the group, and alone may change it.")
    def owner(self, info: Info) -> Consumer:
        """The owning consumer, from the registry."""
        return Consumer.of(info.context, self._group.owner)

    @strawberry.field(description="Whose group it is; null where you may not see it.")
    def subject(self, info: Info) -> Subject | None:
        """The caller's own subject: nobody sees another's group."""
        return Subject(identifier=info.context.caller.subject)

    @strawberry.field(
        description=f"The cases of the group, in the order they were added; {CASES_PER_PAGE} by default. "
        "`BAD_USER_INPUT` below an entry of the record."
    )
    def cases(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Case]:
        """One page of the group's cases. Raises BadUserInput and LimitExceeded."""
        self._check_is_asked_for_itself("cases")
        request = PageRequest(first, after, last, before, CASES_PER_PAGE, info.context.page_max_size)
        return case_connection(info.context, self._group, request)

    @strawberry.field(
        description="For how long the group is kept, and the warning for the end user when it lapses soon."
    )
    def retention(self, info: Info) -> Retention:
        """What is to be said of it now."""
        return Retention.of(info.context, self._group)

    @strawberry.field(
        description="The record of this group: who was told what of its cases, the newest first; "
        f"{DISCLOSURES_PER_PAGE} by default. As for `Query.disclosures`, it is every consumer's with the scope "
        "`disclosures:read` and else your own. `BAD_USER_INPUT` below an entry of the record."
    )
    async def disclosures(
        self,
        info: Info,
        filter: DisclosuresFiltered = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Disclosure] | None:
        """One page of the record. Raises BadUserInput and LimitExceeded."""
        self._check_is_asked_for_itself("disclosures")
        request = PageRequest(first, after, last, before, DISCLOSURES_PER_PAGE, info.context.page_max_size)
        return await disclosure_connection(info, self._group.id, filter, request)

    def _check_is_asked_for_itself(self, field: str) -> None:
        """Raises BadUserInput where the group was come to from an entry of the record.

        A page of pages: the same group stands in many entries, and each would ask for, and record, all that is in it.
        """
        if self._of_an_entry:
            raise BadUserInput(f"An entry's case group does not lead to `{field}`: ask for the group by its id.")

    @strawberry.field(
        description="Who else may read the group, by the end user's leave. The owner sees every permission that holds; "
        "a reader its own."
    )
    def read_permissions(self, info: Info) -> list[ReadPermission]:
        """The permissions that the caller may see."""
        return [ReadPermission.of(info.context, permission) for permission in self._group.read_permissions]

    @strawberry.field(description="To whom the group is offered; null when to nobody, and for all but its owner.")
    def transfer(self, info: Info) -> TransferOffer | None:
        """The offer that stands, for the owner."""
        offer = self._group.transfer
        return None if offer is None else TransferOffer.of(info.context, offer)


@strawberry.input(description="Which case groups to list. What is left out is not looked at.")
class CaseGroupFilter:
    """A filter; every part given must hold."""

    information_area: InformationArea | None = strawberry.field(
        default=None, description="Only groups whose purpose is in this area."
    )
    event: str | None = strawberry.field(default=None, description="Only groups whose purpose is this event.")
    producer: strawberry.ID | None = strawberry.field(
        default=None, description="Only groups with a case at this producer."
    )
    lapsing_before: datetime | None = strawberry.field(
        default=None, description="Only groups that lapse before this moment, unless they are used. Listing is no use."
    )

    def as_model(self) -> model.CaseGroupFilter:
        """The filter in the gateway's own words. Raises BadUserInput for what is no producer's id."""
        return model.CaseGroupFilter(
            information_area=self.information_area,
            event=self.event,
            producer=None if self.producer is None else producer_id(self.producer),
            lapsing_before=self.lapsing_before,
        )


async def case_group_connection(
    info: Info, wanted: model.CaseGroupFilter, request: PageRequest
) -> Connection[CaseGroup]:
    """One page of the groups that the caller may see, the newest first. One database read, and only of what is shown.

    Where the count alone is selected no group is read; where no cases are, none are read.
    """
    context = info.context
    groups, caller = context.visible_groups, context.caller
    cursors: Cursors[model.CaseGroup, NewestFirst] = Cursors(
        scope=(
            "caseGroups",
            caller.subject_id,
            caller.consumer,
            wanted.information_area.value if wanted.information_area else "",
            wanted.event or "",
            wanted.producer or "",
            wanted.lapsing_before.isoformat() if wanted.lapsing_before else "",
        ),
        position=lambda group: group.id,
        parse=_place,
    )
    window: Window[NewestFirst] = request.window(cursors)
    page: Page[model.CaseGroup] = Page((), has_previous=False, has_next=False)
    if selects(info, "edges", "pageInfo"):
        page = await groups.page(wanted, window, with_cases=selects(info, "cases"))
    return connection(page, cursors, CaseGroup.of, lambda: groups.count(wanted))


def _place(text: str) -> NewestFirst:
    if not is_group_id(text):
        raise BadUserInput("A cursor names no group.")
    return NewestFirst(model.GroupId(text))
