"""What the mutations have in common: a payload with the changed group or why there is none, and ids that are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import strawberry

from gateway.errors import BadUserInput, ChangeRefused, UserErrorCode, UserProblem
from gateway.model.case_group import CaseGroup as StoredGroup
from gateway.model.case_group import GroupId
from gateway.model.text import Text
from gateway.schema.case_group import CaseGroup
from gateway.schema.context import Context, Info
from gateway.schema.ids import consumer_id, group_id
from gateway.schema.user_errors import UserError, user_errors

IdT = TypeVar("IdT")


@strawberry.type(description="What became of a change that leaves a group behind.")
class ChangedGroupPayload:
    """What the payloads of all changes that leave a group behind have."""

    case_group: CaseGroup | None = strawberry.field(description="The group as it is now; null when it was refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was not.")


PayloadT = TypeVar("PayloadT", bound=ChangedGroupPayload)


class Outcome(NamedTuple):
    """What became of a change: the group as it is now, or why nothing was changed."""

    group: CaseGroup | None
    user_errors: list[UserError]


async def outcome(
    info: Info, global_id: str | None, change: Callable[[Context], Awaitable[StoredGroup | None]], **details: str
) -> Outcome:
    """Makes the change; a refusal becomes data in the caller's language. What `change` raises at once counts, too.

    It is recorded with `details` that it is to be made, and what became of it; `global_id` is the group's, None for
    one that is to be created. Raises NotRecorded, and has made no change.
    """
    record, action, group = info.context.record, info.field_name, _meant(group_id, global_id)
    await record.intends(action, group, details)
    try:
        stored = await change(info.context)
    except ChangeRefused as refused:
        await record.refused(action, group, refused)
        return Outcome(None, user_errors(refused, info.context.language))
    await record.made(action, group if stored is None else stored, details)
    return Outcome(None if stored is None else CaseGroup.of(stored), [])


async def changed(
    info: Info,
    payload: type[PayloadT],
    global_id: str | None,
    change: Callable[[Context], Awaitable[StoredGroup]],
    **details: str,
) -> PayloadT:
    """The payload with the group that `change` leaves behind, or with why it was refused; the rest as `outcome`."""
    made = await outcome(info, global_id, change, **details)
    return payload(case_group=made.group, user_errors=made.user_errors)


def group_named(global_id: str) -> GroupId:
    """The group that the input's `id` names. Raises ChangeRefused."""
    return named(group_id, global_id, "id")


def consumer_meant(info: Info, global_id: str | None) -> str:
    """The consumer that a change is about, for the record; empty where it is about none, or none has such an id.

    Any text makes an id: of one that names nobody nothing is recorded, since nobody knows what it says.
    """
    id_ = _meant(consumer_id, global_id)
    return "" if id_ is None or info.context.registry.consumer(id_) is None else id_


def _meant(parse: Callable[[str], IdT], global_id: str | None) -> IdT | None:
    try:
        return None if global_id is None else parse(global_id)
    except BadUserInput:
        return None


def named(parse: Callable[[str], IdT], global_id: str, *field: str) -> IdT:
    """What `global_id` names. Raises ChangeRefused for what is no id, or the id of something else."""
    try:
        return parse(global_id)
    except BadUserInput as exc:
        text = Text(
            sv="Något i begäran har fel form. Ladda om sidan och försök igen.",
            en="Something in the request has the wrong form. Reload the page and try again.",
        )
        raise ChangeRefused([UserProblem(UserErrorCode.INVALID, text, ("input", *field))]) from exc
