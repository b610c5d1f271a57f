"""What of a group's read permissions and offer still stands: what has lapsed counts no more, from that moment on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.model.case_group import CaseGroup


def standing(group: CaseGroup, moment: datetime) -> CaseGroup:
    """The group without what has lapsed by `moment`."""
    transfer = group.transfer
    if transfer is None and not group.read_permissions:
        return group
    return replace(
        group,
        read_permissions=tuple(one for one in group.read_permissions if moment < one.valid_until),
        transfer=transfer if transfer is not None and moment < transfer.valid_until else None,
    )
