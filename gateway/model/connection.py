"""Connections: the agreement that lets a consumer or a producer in, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Environment(Enum):
    """Where a connection and its grants count: a gateway serves one of the two."""

    TEST = "test"
    LIVE = "live"


class ConnectionState(Enum):
    """Whether a consumer or producer is let in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Contact:
    """Who to turn to at a consumer or producer."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Validity:
    """From when and, unless it is open, until when something holds: the first moment is in it, the last is not."""

    start: datetime
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` is in it."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def overlaps(self, other: Validity) -> bool:
        """Whether the two have a moment in common."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


@dataclass(frozen=True, slots=True)
class Connection:
    """One party's agreement. `ended_at` is when it was ended, if it was."""

    environment: Environment
    validity: Validity
    state: ConnectionState
    contact: Contact
    ended_at: datetime | None = None

    def lets_in(self, environment: Environment, moment: datetime) -> bool:
        """Whether the party is let in to `environment` at `moment`."""
        return self.environment is environment and self.state is ConnectionState.ACTIVE and self.validity.holds(moment)

    def over_since(self, moment: datetime) -> datetime | None:
        """Since when, at `moment`, it is over for good: ended, or past its validity. None while it is not."""
        ends = [end for end in (self.ended_at, self.validity.end) if end is not None and end <= moment]
        return min(ends, default=None)
