"""The bounds that an operator sets for case groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """How much a group may hold, how many groups a subject may have at one consumer, and how long things last."""

    cases_per_group: int
    groups_per_subject: int
    read_permissions: int
    """How many consumers may read one group beside its owner."""
    retention: timedelta
    """How long a group is kept after its last use."""
    use_interval: timedelta
    """How long after one use another is not written down."""
    transfer_offer: timedelta
    """How long an offered group can be accepted."""
    claim_waiting: timedelta
    """How long after the end of its owner's connection a group can be claimed."""
