"""Why a change was refused: data in the payload, so that a portal can show it where it belongs."""

from __future__ import annotations

from typing import Self

import strawberry

from gateway.errors import ChangeRefused, UserErrorCode, UserProblem
from gateway.model.text import Language
from gateway.schema.described_enum import described_enum

CODES = {
    UserErrorCode.NOT_FOUND: "Nothing that you may see has this id.",
    UserErrorCode.NOT_PERMITTED: "You may see this, but not make this change, or not yet.",
    UserErrorCode.CONFLICT: "The group was changed since `expectedRevision`; `currentRevision` says where it is now.",
    UserErrorCode.INVALID: "The value cannot be used; the message says what would be right.",
    UserErrorCode.UNKNOWN_PRODUCER: "No connected producer has this id.",
    UserErrorCode.UNKNOWN_CONSUMER: "No connected consumer has this id.",
    UserErrorCode.CASE_TYPE_NOT_OPEN: "The producer has not opened this case type.",
    UserErrorCode.CASE_NOT_CONFIRMED: "The producer says that the subject has no such case, or that it is of another "
    "type.",
    UserErrorCode.ALREADY_EXISTS: "It is there already.",
    UserErrorCode.LIMIT_EXCEEDED: "More than a group or a subject may hold.",
}

described_enum(UserErrorCode, "Why a change was refused, for programs. Codes are stable.", CODES)


@strawberry.type(description="One reason why a change was refused. Nothing was changed.")
class UserError:
    """An expected refusal."""

    code: UserErrorCode = strawberry.field(description="The reason, for programs.")
    message: str = strawberry.field(description="The reason, for people: Swedish or English by `Accept-Language`.")
    field: list[str] | None = strawberry.field(
        description='The path of the input at fault, such as `["input", "cases", "0", "producer"]`.'
    )
    current_revision: int | None = strawberry.field(description="With `CONFLICT`: the group's revision now.")

    @classmethod
    def of(cls, problem: UserProblem, language: Language) -> Self:
        """`problem` in `language`."""
        return cls(
            code=problem.code,
            message=problem.text.in_language(language),
            field=list(problem.field),
            current_revision=problem.current_revision,
        )


def user_errors(refused: ChangeRefused, language: Language) -> list[UserError]:
    """Every reason of `refused`, in `language`."""
    return [UserError.of(problem, language) for problem in refused.problems]
