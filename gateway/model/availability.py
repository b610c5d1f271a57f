"""How a producer has been answering lately, as one replica of the gateway has seen it."""

from __future__ import annotations

from enum import Enum


class Availability(Enum):
    """Whether a producer is worth asking right now."""

    AVAILABLE = "AVAILABLE"
    DEGRADED = "DEGRADED"
    UNAVAILABLE = "UNAVAILABLE"
