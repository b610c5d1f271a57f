"""Producers and consumers as the registry knows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from gateway.model.caller import ConsumerId
from gateway.model.purpose import InformationArea
from gateway.model.text import Text

ProducerId = NewType("ProducerId", str)


class ConnectionState(Enum):
    """Whether a consumer or producer is let in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CaseType:
    """A kind of case that a producer holds, under the producer's own code."""

    code: str
    name: Text
    open: bool


@dataclass(frozen=True, slots=True)
class Producer:
    """An organisation that holds cases and serves their status from a status subgraph."""

    id: ProducerId
    name: Text
    endpoint: str
    audience: str
    information_areas: frozenset[InformationArea]
    case_types: tuple[CaseType, ...]
    state: ConnectionState

    def case_type(self, code: str) -> CaseType | None:
        """The case type with this code, or None."""
        return next((case_type for case_type in self.case_types if case_type.code == code), None)


@dataclass(frozen=True, slots=True)
class Consumer:
    """An organisation whose portal or program calls the gateway."""

    id: ConsumerId
    name: Text
    state: ConnectionState
