"""Producers as the registry knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from gateway.model.connection import Connection
from gateway.model.purpose import InformationArea
from gateway.model.text import Text

ProducerId = NewType("ProducerId", str)


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
    connection: Connection

    def case_type(self, code: str) -> CaseType | None:
        """The case type with this code, or None."""
        return next((case_type for case_type in self.case_types if case_type.code == code), None)
