"""How a producer has been answering lately, as one replica of the gateway has seen it."""

from __future__ import annotations

from enum import Enum


class Availability(Enum):
    """Whether a producer is worth asking right now."""

    AVAILABLE = "AVAILABLE"
    DEGRADED = "DEGRADED"
    UNAVAILABLE = "UNAVAILABLE"


class BreakerState(Enum):
    """What a circuit breaker lets through: every request, a few to find out whether the producer is back, or none."""

    CLOSED = "CLOSED"
    HALF_OPEN = "HALF_OPEN"
    OPEN = "OPEN"
