"""The mutations that concern other consumers: letting them read a group, offering it to them, taking one over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.groups.permissions import NewPermission
from gateway.model.case_group import CaseGroup
from gateway.model.status import GRANTABLE_FIELDS
from gateway.schema.changes import ChangedGroupPayload, changed, consumer_meant, group_named, named
from gateway.schema.context import Context, Info
from gateway.schema.directives import SHARE_GROUPS, requires_scope
from gateway.schema.ids import consumer_id, producer_id


@strawberry.input(description="The end user's leave for another consumer to read a case group.")
class PermitReadingInput:
    """The input of permitReading."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")
    consumer: strawberry.ID = strawberry.field(description="The id of the consumer that may read the group.")
    valid_until: datetime = strawberry.field(description="When the permission ends; at most 13 months from now.")
    producers: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The ids of the producers whose cases alone may be read; all when left out."
    )
    fields: list[str] | None = strawberry.field(
        default=None,
        description=f"The fields of a status that alone may be read, among {', '.join(GRANTABLE_FIELDS)}; all when "
        "left out.",
    )

    def as_model(self) -> NewPermission:
        """The permission in the gateway's own words. Raises ChangeRefused for an id of the wrong form or kind."""
        return NewPermission(
            consumer=named(consumer_id, self.consumer, "consumer"),
            valid_until=self.valid_until,
            producers=None
            if self.producers is None
            else [
                named(producer_id, producer, "producers", str(index)) for index, producer in enumerate(self.producers)
            ],
            fields=self.fields,
        )


@strawberry.input(description="A read permission to end.")
class WithdrawReadingInput:
    """The input of withdrawReading."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")
    consumer: strawberry.ID = strawberry.field(description="The id of the consumer that may read the group no longer.")


@strawberry.input(description="An offer of a case group to another consumer.")
class TransferCaseGroupInput:
    """The input of transferCaseGroup."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")
    to: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the consumer that is to have the group; null withdraws the standing offer."
    )
    keep_read_permissions: bool = strawberry.field(
        default=False, description="Whether those who may read the group may go on reading it at its new owner."
    )


@strawberry.input(description="A case group to take over.")
class AcceptCaseGroupInput:
    """The input of acceptCaseGroup."""

    id: strawberry.ID = strawberry.field(description="The group's id, from `caseGroupOffers`.")
    expected_revision: int = strawberry.field(description="The group's revision there.")


@strawberry.type(description="What became of a read permission.")
class PermitReadingPayload(ChangedGroupPayload):
    """The payload of permitReading."""


@strawberry.type(description="What became of the end of a read permission.")
class WithdrawReadingPayload(ChangedGroupPayload):
    """The payload of withdrawReading."""


@strawberry.type(description="What became of an offer.")
class TransferCaseGroupPayload(ChangedGroupPayload):
    """The payload of transferCaseGroup."""


@strawberry.type(description="What became of taking a group over.")
class AcceptCaseGroupPayload(ChangedGroupPayload):
    """The payload of acceptCaseGroup."""


@strawberry.type
class SharingMutations:
    """Permitting others to read a group, and handing it over."""

    @strawberry.mutation(
        directives=[requires_scope(SHARE_GROUPS)],
        description="Lets another consumer read a case group that you own, on the end user's behalf and until a day. "
        "It reads through its own grants. A consumer has one permission: a new one takes the place of the former.",
    )
    async def permit_reading(
        self,
        info: Info,
        input: Annotated[PermitReadingInput, strawberry.argument(description="The permission.")],  # noqa: A002
    ) -> PermitReadingPayload | None:
        """The changed group, or why it was not changed."""
        return await changed(
            info,
            PermitReadingPayload,
            input.id,
            lambda context: context.sharing.permit(
                context.caller, group_named(input.id), input.expected_revision, input.as_model()
            ),
            consumer=consumer_meant(info, input.consumer),
        )

    @strawberry.mutation(
        directives=[requires_scope(SHARE_GROUPS)],
        description="Ends a consumer's permission to read a case group that you own. It holds "
        "from the next operation on.",
    )
    async def withdraw_reading(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            WithdrawReadingInput, strawberry.argument(description="The permission to end.")
        ],
    ) -> WithdrawReadingPayload | None:
        """The changed group, or why it was not changed."""
        return await changed(
            info,
            WithdrawReadingPayload,
            input.id,
            lambda context: context.sharing.withdraw(
                context.caller,
                group_named(input.id),
                input.expected_revision,
                named(consumer_id, input.consumer, "consumer"),
            ),
            consumer=consumer_meant(info, input.consumer),
        )

    @strawberry.mutation(
        directives=[requires_scope(SHARE_GROUPS)],
        description="Offers a case group that you own to another consumer, or withdraws the offer. It stays yours "
        "until the other accepts it. A group is offered to one consumer: a new offer takes the place of the former.",
    )
    async def transfer_case_group(
        self,
        info: Info,
        input: Annotated[TransferCaseGroupInput, strawberry.argument(description="The offer.")],  # noqa: A002
    ) -> TransferCaseGroupPayload | None:
        """The changed group, or why it was not changed."""
        return await changed(
            info,
            TransferCaseGroupPayload,
            input.id,
            lambda context: _transfer(context, input),
            consumer=consumer_meant(info, input.to),
        )

    @strawberry.mutation(
        directives=[requires_scope(SHARE_GROUPS)],
        description="Takes over a case group that its owner offers you, or whose owner's connection has ended: see "
        "`caseGroupOffers`. It is yours then, with everything in it, and its former owner's no more.",
    )
    async def accept_case_group(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            AcceptCaseGroupInput, strawberry.argument(description="The group to take over.")
        ],
    ) -> AcceptCaseGroupPayload | None:
        """The group, now the caller's, or why it is not."""
        return await changed(
            info,
            AcceptCaseGroupPayload,
            input.id,
            lambda context: context.takeovers.accept(context.caller, group_named(input.id), input.expected_revision),
        )


async def _transfer(context: Context, input_: TransferCaseGroupInput) -> CaseGroup:
    group, revision = group_named(input_.id), input_.expected_revision
    if input_.to is None:
        return await context.sharing.withdraw_offer(context.caller, group, revision)
    return await context.sharing.offer(
        context.caller,
        group,
        revision,
        named(consumer_id, input_.to, "to"),
        keep_read_permissions=input_.keep_read_permissions,
    )
