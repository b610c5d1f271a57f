"""Global ids: opaque to callers, one per object (Relay's Global Object Identification)."""

from __future__ import annotations

import base64
import binascii

from gateway.errors import BadUserInput
from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseKey, GroupId
from gateway.model.global_id import global_id as encoded
from gateway.model.producer import ProducerId
from gateway.store.case_groups import is_group_id

LONGEST = 1_024
"""Characters; the longest id is that of a case whose reference has 100 characters of four bytes each."""


def group_global_id(id_: GroupId) -> str:
    """The id of a case group."""
    return encoded("CaseGroup", id_)


def producer_global_id(id_: ProducerId) -> str:
    """The id of a producer."""
    return encoded("Producer", id_)


def consumer_global_id(id_: str) -> str:
    """The id of a consumer."""
    return encoded("Consumer", id_)


def case_global_id(group: GroupId, key: CaseKey) -> str:
    """The id of a case in a group: the same case in another group has its own note, so it has its own id."""
    return encoded("Case", group, key.producer, key.reference)


def disclosure_global_id(sealed: str) -> str:
    """The id of an entry of the record, from where it is, `sealed` for its subject."""
    return encoded("Disclosure", sealed)


def parts(global_id: str) -> tuple[str, ...]:
    """The type's name and what tells the object apart. Raises BadUserInput for what is no id of this gateway."""
    try:
        if len(global_id) > LONGEST:
            raise ValueError
        padded = global_id + "=" * (-len(global_id) % 4)
        kind, *rest = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(":", 3)
    except (binascii.Error, UnicodeError, ValueError):
        raise BadUserInput("An id has the wrong form. Use ids as the gateway gave them.") from None
    if encoded(kind, *rest) != global_id or not _fits(kind, rest):
        raise BadUserInput("An id has the wrong form. Use ids as the gateway gave them.")
    return (kind, *rest)


def group_id(global_id: str) -> GroupId:
    """The case group's id. Raises BadUserInput."""
    return GroupId(_of_kind("CaseGroup", global_id)[0])


def producer_id(global_id: str) -> ProducerId:
    """The producer's id. Raises BadUserInput."""
    return ProducerId(_of_kind("Producer", global_id)[0])


def consumer_id(global_id: str) -> ConsumerId:
    """The consumer's id. Raises BadUserInput."""
    return ConsumerId(_of_kind("Consumer", global_id)[0])


def case_id(global_id: str) -> tuple[GroupId, CaseKey]:
    """The case's group and key. Raises BadUserInput."""
    group, producer, reference = _of_kind("Case", global_id)
    return GroupId(group), CaseKey(ProducerId(producer), reference)


def _of_kind(expected: str, global_id: str) -> tuple[str, ...]:
    kind, *rest = parts(global_id)
    if kind != expected:
        raise BadUserInput(f"The id names a {kind}, not a {expected}.")
    return tuple(rest)


def _fits(kind: str, rest: list[str]) -> bool:
    match kind, rest:
        case "CaseGroup", [group]:
            return is_group_id(group)
        case "Case", [group, _, _]:
            return is_group_id(group)
        case "Producer" | "Consumer" | "Disclosure", [_]:
            return True
        case _:
            return False
