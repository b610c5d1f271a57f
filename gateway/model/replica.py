"""A replica of the gateway: the name it has while it runs, and what it has seen of producers lately."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from gateway.model.availability import Availability, BreakerState
from gateway.model.connection import Environment
from gateway.model.producer import ProducerId

ReplicaId = NewType("ReplicaId", str)
"""16 letters from a to p."""

LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def new_replica_id() -> ReplicaId:
    """An id that no other replica has or had: 64 random bits. It says nothing of the machine."""
    # No digit: a run of them could be taken for an identity number and blotted out of the log.
    return ReplicaId(secrets.token_hex(8).translate(LETTERS))


@dataclass(frozen=True, slots=True)
class ProducerSeen:
    """What one replica has seen of a producer in its rolling window: how many requests, and what became of them.

    `left_alone_until`: not asked before then, since its breaker is open or it asked for a pause.
    """

    producer: ProducerId
    availability: Availability
    breaker: BreakerState
    left_alone_until: datetime | None
    requests: int
    failed: int
    slow: int


@dataclass(frozen=True, slots=True)
class ReplicaReport:
    """What a replica says of itself at a moment: only the producers that it asked lately are in it."""

    id: ReplicaId
    environment: Environment
    started_at: datetime
    at: datetime
    producers: Sequence[ProducerSeen]
