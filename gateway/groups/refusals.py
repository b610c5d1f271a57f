"""Why a change of a case group is refused, for reasons that several changes share."""

from __future__ import annotations

from datetime import datetime

from gateway.errors import UserErrorCode, UserProblem
from gateway.model.text import Text


def not_found() -> UserProblem:
    """No such group, or none that the caller may know of: the same in every word."""
    return UserProblem(
        UserErrorCode.NOT_FOUND,
        Text(
            sv="Det finns ingen sådan ärendegrupp att ändra.",
            en="There is no such case group to change.",
        ),
        ("input", "id"),
    )


def not_the_owner() -> UserProblem:
    """A group that the caller may read, and no more."""
    return UserProblem(
        UserErrorCode.NOT_PERMITTED,
        Text(
            sv="Ärendegruppen kan bara ändras i den tjänst som den hör till.",
            en="The case group can be changed only in the service that it belongs to.",
        ),
        ("input", "id"),
    )


def too_early(available_from: datetime) -> UserProblem:
    """A group whose owner is gone, but not for long enough."""
    day = available_from.date().isoformat()
    return UserProblem(
        UserErrorCode.NOT_PERMITTED,
        Text(
            sv=f"Tjänsten som ärendegruppen hör till är avslutad; gruppen kan tas över från {day}.",
            en=f"The service that the case group belongs to has ended; the group can be taken over from {day}.",
        ),
        ("input", "id"),
    )


def conflict(revision: int) -> UserProblem:
    """Another change came first."""
    return UserProblem(
        UserErrorCode.CONFLICT,
        Text(
            sv=f"Ärendegruppen har ändrats; den har nu revision {revision}. Läs den igen och gör om ändringen.",
            en=f"The case group has been changed; its revision is now {revision}. Read it again and redo the change.",
        ),
        ("input", "expectedRevision"),
        current_revision=revision,
    )


def too_many_groups(most: int) -> UserProblem:
    """The subject has as many groups at the caller's consumer as it may."""
    return UserProblem(
        UserErrorCode.LIMIT_EXCEEDED,
        Text(
            sv=f"Den här tjänsten kan spara högst {most} ärendegrupper för dig.",
            en=f"This service can keep at most {most} case groups for you.",
        ),
    )


def unknown_producer(field: tuple[str, ...]) -> UserProblem:
    """No connected producer is named at `field`."""
    return UserProblem(
        UserErrorCode.UNKNOWN_PRODUCER,
        Text(
            sv="Myndigheten är inte ansluten till tjänsten.",
            en="The authority is not connected to this service.",
        ),
        field,
    )


def unknown_consumer(field: tuple[str, ...]) -> UserProblem:
    """No connected consumer is named at `field`."""
    return UserProblem(
        UserErrorCode.UNKNOWN_CONSUMER,
        Text(
            sv="Tjänsten är inte ansluten.",
            en="That service is not connected.",
        ),
        field,
    )
