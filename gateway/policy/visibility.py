"""The third gate: which case groups a consumer may see, and what of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseGroup
from gateway.model.producer import ProducerId


@dataclass(frozen=True, slots=True)
class Access:
    """What a consumer may see of a group, and `until` when, if there is an end.

    Cases of `producers`, and of their statuses `fields`; None: of all.
    """

    is_owner: bool
    producers: frozenset[ProducerId] | None = None
    fields: frozenset[str] | None = None
    until: datetime | None = None


OWNER = Access(is_owner=True)


def access(group: CaseGroup, consumer: ConsumerId, moment: datetime) -> Access | None:
    """What `consumer` may see of `group` at `moment`; None: nothing, not even that it is there.

    One that has lapsed is gone for everybody. It must be one of the caller's own subject: the store asks for no other.
    """
    if moment >= group.retain_until:
        return None
    if group.owner == consumer:
        return OWNER
    for permission in group.read_permissions:
        if permission.consumer == consumer and permission.permitted_at <= moment < permission.valid_until:
            return Access(
                is_owner=False,
                producers=permission.producers,
                fields=permission.fields,
                until=permission.valid_until,
            )
    return None


def as_seen(group: CaseGroup, consumer: ConsumerId, moment: datetime) -> CaseGroup | None:
    """The group as `consumer` may see it at `moment`, or None.

    A reader sees the cases it may see, no private note, no permission but its own and no transfer.
    """
    seen = access(group, consumer, moment)
    if seen is None or seen.is_owner:
        return group if seen else None
    return replace(
        group,
        cases=tuple(
            case._replace(note=None, note_is_private=False) if case.note_is_private else case
            for case in group.cases
            if seen.producers is None or case.key.producer in seen.producers
        ),
        read_permissions=tuple(permission for permission in group.read_permissions if permission.consumer == consumer),
        transfer=None,
    )
