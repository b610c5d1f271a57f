"""The mutations of case groups by their owner: each takes one input and returns the changed group, or says why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry
from strawberry.types.unset import UNSET, UnsetType

from gateway.errors import ChangeRefused, UserErrorCode, UserProblem
from gateway.groups.case_groups import GroupCreation
from gateway.model.case_group import CaseKey, NewCase
from gateway.model.purpose import Purpose
from gateway.model.text import Text
from gateway.schema.changes import ChangedGroupPayload, changed, group_named, named, outcome
from gateway.schema.context import Info
from gateway.schema.directives import CHANGE_GROUPS, requires_scope
from gateway.schema.ids import case_id, producer_id
from gateway.schema.information_area import InformationArea
from gateway.schema.user_errors import UserError


@strawberry.input(description="Why the group exists. It cannot be changed later.")
class PurposeInput:
    """A purpose to be."""

    information_area: InformationArea = strawberry.field(description="The policy area.")
    event: str | None = strawberry.field(
        default=None,
        description="The life or business event: lower-case a–z, digits and hyphens, such as `starting-a-company`.",
    )


@strawberry.input(description="A case to add.")
class CaseInput:
    """A case to be."""

    producer: strawberry.ID = strawberry.field(description="The id of the producer that holds the case.")
    case_type: str = strawberry.field(description="The producer's code for the kind of case; it must be open.")
    reference: str = strawberry.field(description="The producer's own reference, 1 to 100 characters.")
    note: str | None = strawberry.field(
        default=None, description="What the end user says about it, to 1,000 characters."
    )
    note_is_private: bool = strawberry.field(
        default=False, description="Whether the note is for you alone, and not for those who are permitted to read."
    )


@strawberry.input(description="A case group to make.")
class CreateCaseGroupInput:
    """The input of createCaseGroup."""

    title: str = strawberry.field(description="What the end user calls the group, 1 to 200 characters.")
    purpose: PurposeInput = strawberry.field(description="Why the group exists.")
    cases: list[CaseInput] | None = strawberry.field(default=None, description="The cases it begins with.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Your own key for this creation. The same key with the same input gives the first group again, "
        "so that a request can be repeated safely.",
    )


@strawberry.input(description="A change of a case group.")
class UpdateCaseGroupInput:
    """The input of updateCaseGroup."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")
    title: str | None = strawberry.field(default=UNSET, description="The new title, 1 to 200 characters.")


@strawberry.input(description="A case group to remove.")
class DeleteCaseGroupInput:
    """The input of deleteCaseGroup."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")


@strawberry.input(description="Cases to add to a group: all of them or none.")
class AddCasesInput:
    """The input of addCases."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")
    cases: list[CaseInput] = strawberry.field(description="The cases to add.")


@strawberry.input(description="Cases to remove from a group: all of them or none.")
class RemoveCasesInput:
    """The input of removeCases."""

    id: strawberry.ID = strawberry.field(description="The group's id.")
    expected_revision: int = strawberry.field(description="The group's revision as you last read it.")
    cases: list[strawberry.ID] = strawberry.field(description="The ids (`Case.id`) of the cases to remove.")


@strawberry.type(description="What became of a creation.")
class CreateCaseGroupPayload(ChangedGroupPayload):
    """The payload of createCaseGroup."""


@strawberry.type(description="What became of a change.")
class UpdateCaseGroupPayload(ChangedGroupPayload):
    """The payload of updateCaseGroup."""


@strawberry.type(description="What became of adding cases.")
class AddCasesPayload(ChangedGroupPayload):
    """The payload of addCases."""


@strawberry.type(description="What became of removing cases.")
class RemoveCasesPayload(ChangedGroupPayload):
    """The payload of removeCases."""


@strawberry.type(description="What became of a removal.")
class DeleteCaseGroupPayload:
    """The payload of deleteCaseGroup."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The removed group's id; null when it was refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was not.")


@strawberry.type
class GroupMutations:
    """Making, changing and removing case groups."""

    @strawberry.mutation(
        directives=[requires_scope(CHANGE_GROUPS)],
        description="Makes a case group for the subject, owned by the calling consumer. Its cases are confirmed as by "
        "`addCases`.",
    )
    async def create_case_group(
        self,
        info: Info,
        input: Annotated[CreateCaseGroupInput, strawberry.argument(description="The group to make.")],  # noqa: A002
    ) -> CreateCaseGroupPayload | None:
        """The new group, or why there is none."""
        return await changed(
            info,
            CreateCaseGroupPayload,
            None,
            lambda context: context.groups.create(context.caller, _creation(input), context.overview.refuted),
        )

    @strawberry.mutation(directives=[requires_scope(CHANGE_GROUPS)], description="Changes a case group's title.")
    async def update_case_group(
        self,
        info: Info,
        input: Annotated[UpdateCaseGroupInput, strawberry.argument(description="The change.")],  # noqa: A002
    ) -> UpdateCaseGroupPayload | None:
        """The changed group, or why it was not changed."""
        return await changed(
            info,
            UpdateCaseGroupPayload,
            input.id,
            lambda context: context.groups.rename(
                context.caller, group_named(input.id), input.expected_revision, _given(input.title)
            ),
        )

    @strawberry.mutation(
        directives=[requires_scope(CHANGE_GROUPS)],
        description="Removes a case group. The cases stay with their producers.",
    )
    async def delete_case_group(
        self,
        info: Info,
        input: Annotated[DeleteCaseGroupInput, strawberry.argument(description="The group to remove.")],  # noqa: A002
    ) -> DeleteCaseGroupPayload | None:
        """The removed group's id, or why it was not removed."""
        made = await outcome(
            info,
            input.id,
            lambda context: context.groups.delete(context.caller, group_named(input.id), input.expected_revision),
        )
        deleted = None if made.user_errors else input.id
        return DeleteCaseGroupPayload(deleted_id=deleted, user_errors=made.user_errors)

    @strawberry.mutation(
        directives=[requires_scope(CHANGE_GROUPS)],
        description="Adds cases to a case group. A producer that tells which cases a subject has is asked whether it "
        "has these, of the types named (`CASE_NOT_CONFIRMED`); where it cannot be asked, they are added unconfirmed.",
    )
    async def add_cases(
        self,
        info: Info,
        input: Annotated[AddCasesInput, strawberry.argument(description="The cases to add.")],  # noqa: A002
    ) -> AddCasesPayload | None:
        """The changed group, or why it was not changed."""
        return await changed(
            info,
            AddCasesPayload,
            input.id,
            lambda context: context.groups.add_cases(
                context.caller,
                group_named(input.id),
                input.expected_revision,
                _new_cases(input.cases),
                context.overview.refuted,
            ),
        )

    @strawberry.mutation(
        directives=[requires_scope(CHANGE_GROUPS)],
        description="Removes cases from a case group. The cases stay with their producers.",
    )
    async def remove_cases(
        self,
        info: Info,
        input: Annotated[RemoveCasesInput, strawberry.argument(description="The cases to remove.")],  # noqa: A002
    ) -> RemoveCasesPayload | None:
        """The changed group, or why it was not changed."""
        return await changed(
            info,
            RemoveCasesPayload,
            input.id,
            lambda context: context.groups.remove_cases(
                context.caller, group_named(input.id), input.expected_revision, _case_keys(input)
            ),
        )


def _creation(input_: CreateCaseGroupInput) -> GroupCreation:
    return GroupCreation(
        title=input_.title,
        purpose=Purpose(input_.purpose.information_area, input_.purpose.event),
        cases=_new_cases(input_.cases or ()),
        idempotency_key=input_.idempotency_key,
    )


def _case_keys(input_: RemoveCasesInput) -> list[CaseKey | None]:
    """The keys of the cases to remove; None for a case of another group."""
    group = group_named(input_.id)
    ids = [named(case_id, global_id, "cases", str(index)) for index, global_id in enumerate(input_.cases)]
    return [key if owner == group else None for owner, key in ids]


def _new_cases(inputs: Sequence[CaseInput]) -> tuple[NewCase, ...]:
    return tuple(
        NewCase(
            CaseKey(named(producer_id, case.producer, "cases", str(index), "producer"), case.reference),
            case.case_type,
            case.note,
            case.note_is_private,
        )
        for index, case in enumerate(inputs)
    )


def _given(title: str | UnsetType | None) -> str:
    if isinstance(title, str):
        return title
    text = Text(sv="Ange en ny titel.", en="Give a new title.")
    raise ChangeRefused([UserProblem(UserErrorCode.INVALID, text, ("input", "title"))])
