"""Producers as the registry knows them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import NewType

from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection, Contact
from gateway.model.purpose import InformationArea
from gateway.model.text import Text

ProducerId = NewType("ProducerId", str)


class Opening(Enum):
    """To whom a case type is open: to nobody, to the consumers that pilot it, or to every consumer."""

    CLOSED = "closed"
    PILOT = "pilot"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class CaseType:
    """A kind of case that a producer holds, under the producer's own code.

    `state` holds from `since` on, or always where that is None. A case type that is to be opened to all later on is
    open to its `pilots` until then.
    """

    code: str
    name: Text
    state: Opening
    since: datetime | None = None
    pilots: frozenset[ConsumerId] = frozenset()

    def is_open_to(self, consumer: ConsumerId, moment: datetime) -> bool:
        """Whether `consumer` may add cases of this type to its groups and read them, at `moment`."""
        has_begun = self.since is None or self.since <= moment
        match self.state:
            case Opening.OPEN:
                return has_begun or consumer in self.pilots
            case Opening.PILOT:
                return has_begun and consumer in self.pilots
            case _:
                return False

    def opens_to(self, consumer: ConsumerId) -> bool:
        """Whether it is open to `consumer`, or will be by what is agreed today."""
        return self.state is Opening.OPEN or (self.state is Opening.PILOT and consumer in self.pilots)


@dataclass(frozen=True, slots=True)
class ProducerOverrides:
    """What is other for one producer than the settings say for all; None: as the setting says.

    Times are in seconds. `max_response_bytes` is for an answer about up to 100 cases, as the setting.
    """

    connect_timeout: float | None = None
    deadline: float | None = None
    max_batch: int | None = None
    max_connections: int | None = None
    max_wait: float | None = None
    max_response_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Producer:
    """An organisation that holds cases and serves their status from a status subgraph.

    `organisation` is its legal name; `support` tells end users where to get help with a case, and `incidents` is who
    to turn to when it does not answer as it should. `offers_cases`: it tells which cases a subject has (`Query.cases`
    of the contract).
    """

    id: ProducerId
    name: Text
    endpoint: str
    audience: str
    information_areas: frozenset[InformationArea]
    case_types: tuple[CaseType, ...]
    connection: Connection
    overrides: ProducerOverrides = field(default_factory=ProducerOverrides)
    organisation: str | None = None
    support: Text | None = None
    incidents: Contact | None = None
    offers_cases: bool = False

    def case_type(self, code: str) -> CaseType | None:
        """The case type with this code, or None."""
        return next((case_type for case_type in self.case_types if case_type.code == code), None)

    def with_case_type(self, case_type: CaseType) -> Producer:
        """The producer with a case type in the place of the one with its code, or after the others."""
        others = self.case_types if self.case_type(case_type.code) else (*self.case_types, case_type)
        return replace(self, case_types=tuple(case_type if one.code == case_type.code else one for one in others))

    def is_open_to(self, consumer: ConsumerId, code: str, moment: datetime) -> bool:
        """Whether `consumer` may add and read cases of the type with this code at `moment`; not, if there is none."""
        case_type = self.case_type(code)
        return case_type is not None and case_type.is_open_to(consumer, moment)
