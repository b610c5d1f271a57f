"""Grants: which fields of which producer's case types a consumer may read, for which purposes (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

from gateway.model.caller import ConsumerId
from gateway.model.connection import Environment, Validity
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose

GrantId = NewType("GrantId", str)


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to read each of `fields` (GRANTABLE_FIELDS) of each of `case_types` for each of `purposes`.

    A purpose without an event covers every event in its area.
    """

    id: GrantId
    consumer: ConsumerId
    producer: ProducerId
    case_types: frozenset[str]
    fields: frozenset[str]
    purposes: frozenset[Purpose]
    environment: Environment
    validity: Validity
    withdrawn: bool
    legal_basis: str

    def covers(self, producer: ProducerId, case_type: str, purpose: Purpose) -> bool:
        """Whether cases of `case_type` at `producer` may be read for `purpose` under it, in some field."""
        return (
            self.producer == producer
            and case_type in self.case_types
            and any(granted.covers(purpose) for granted in self.purposes)
        )

    def cells(self) -> Iterator[tuple[str, str, Purpose]]:
        """Every single thing granted: case type, field and purpose."""
        for case_type in self.case_types:
            for field in self.fields:
                for purpose in self.purposes:
                    yield case_type, field, purpose
