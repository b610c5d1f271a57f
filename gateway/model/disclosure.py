"""What the record tells the end user: one thing that a consumer was told of the subject, or was not, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NewType

from gateway.model.caller import ConsumerId
from gateway.model.case_group import GroupId
from gateway.model.overview import CasesUnavailableReason
from gateway.model.producer import ProducerId
from gateway.model.purpose import Purpose
from gateway.model.status import UnavailableReason
from gateway.model.text import Text

DisclosureId = NewType("DisclosureId", str)
"""The record's `_id`."""


class DisclosureKind(Enum):
    """What it was about. The record has more kinds; these are what a consumer was told of a subject."""

    STATUS = "status"
    OVERVIEW = "overview"


class DisclosureOutcome(Enum):
    """What came of it: DISCLOSED, or why nothing was told, by the reasons of a status or an overview."""

    DISCLOSED = "DISCLOSED"
    PRODUCER_TIMEOUT = UnavailableReason.PRODUCER_TIMEOUT.value
    PRODUCER_UNAVAILABLE = UnavailableReason.PRODUCER_UNAVAILABLE.value
    PRODUCER_FAULT = UnavailableReason.PRODUCER_FAULT.value
    PRODUCER_REFUSED = UnavailableReason.PRODUCER_REFUSED.value
    NO_STATUS = UnavailableReason.NO_STATUS.value
    NOT_PERMITTED = UnavailableReason.NOT_PERMITTED.value
    NOT_OFFERED = CasesUnavailableReason.NOT_OFFERED.value
    DEADLINE_EXCEEDED = UnavailableReason.DEADLINE_EXCEEDED.value


OUTCOME_TEXTS = {
    DisclosureOutcome.DISCLOSED: Text(sv="Uppgifterna lämnades ut.", en="The data were disclosed."),
    DisclosureOutcome.PRODUCER_TIMEOUT: Text(
        sv="Inget lämnades ut: myndigheten svarade inte i tid.",
        en="Nothing was disclosed: the authority did not answer in time.",
    ),
    DisclosureOutcome.PRODUCER_UNAVAILABLE: Text(
        sv="Inget lämnades ut: myndigheten gick inte att nå.",
        en="Nothing was disclosed: the authority could not be reached.",
    ),
    DisclosureOutcome.PRODUCER_FAULT: Text(
        sv="Inget lämnades ut: myndighetens svar gick inte att tolka.",
        en="Nothing was disclosed: the authority's answer could not be read.",
    ),
    DisclosureOutcome.PRODUCER_REFUSED: Text(
        sv="Inget lämnades ut: myndigheten nekade tjänsten det.",
        en="Nothing was disclosed: the authority refused it to the service.",
    ),
    DisclosureOutcome.NO_STATUS: Text(
        sv="Inget lämnades ut: myndigheten hade ingen status för ärendet.",
        en="Nothing was disclosed: the authority had no status for the case.",
    ),
    DisclosureOutcome.NOT_PERMITTED: Text(
        sv="Inget lämnades ut: tjänsten fick inte läsa det, och myndigheten tillfrågades inte.",
        en="Nothing was disclosed: the service was not allowed to read it, and the authority was not asked.",
    ),
    DisclosureOutcome.NOT_OFFERED: Text(
        sv="Inget lämnades ut: myndigheten listar inte vilka ärenden någon har.",
        en="Nothing was disclosed: the authority does not list which cases somebody has.",
    ),
    DisclosureOutcome.DEADLINE_EXCEEDED: Text(
        sv="Inget lämnades ut: det tog för lång tid att besvara frågan.",
        en="Nothing was disclosed: answering the question took too long.",
    ),
}

FIELD_TEXTS = {
    "code": Text(sv="statuskoden", en="the status code"),
    "codeSystem": Text(sv="vilken kodlista statuskoden är från", en="which code list the status code is from"),
    "title": Text(sv="statusen i några ord", en="the status in a few words"),
    "description": Text(sv="förklaringen av statusen", en="the explanation of the status"),
    "language": Text(sv="vilket språk statusen är på", en="which language the status is in"),
    "updatedAt": Text(sv="när statusen ändrades", en="when the status changed"),
    "expectedAt": Text(sv="när nästa ändring väntas", en="when the next change is expected"),
    "requiresCustomerAction": Text(sv="om du behöver göra något", en="whether you have something to do"),
    "completed": Text(sv="om ärendet är avslutat", en="whether the case is finished"),
    "extension": Text(sv="myndighetens egna tilläggsuppgifter", en="the authority's own additional data"),
    "references": Text(sv="att det finns hänvisningar", en="that there are references"),
    "references.title": Text(sv="vad hänvisningarna gäller", en="what the references are to"),
    "references.url": Text(sv="hänvisningarnas webbadresser", en="the references' web addresses"),
    "references.value": Text(sv="hänvisningarnas värden, såsom nummer", en="the references' values, such as numbers"),
    "caseType": Text(sv="vilken typ av ärende det är", en="what kind of case it is"),
    "reference": Text(sv="att ärendet finns, och dess referens", en="that there is the case, and its reference"),
}
"""What each field is, in words for people; of an overview there are two, the rest are a status's."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One entry of the record as far as it is the end user's business: no pseudonym and no place in a stream.

    An overview that told of no case has neither case type nor reference. `outcome` and `purpose` are None, too, where
    this version of the gateway does not know what stands in the record.
    """

    id: DisclosureId
    at: datetime
    kind: DisclosureKind
    consumer: ConsumerId
    by_representative: bool
    producer: ProducerId
    case_type: str | None
    reference: str | None
    group: GroupId | None
    fields: tuple[str, ...]
    withheld: tuple[str, ...]
    purpose: Purpose | None
    legal_basis: tuple[str, ...]
    outcome: DisclosureOutcome | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class DisclosureFilter:
    """Which entries a list shows, from `start` until before `end`; None means any."""

    group: GroupId | None = None
    consumer: ConsumerId | None = None
    producer: ProducerId | None = None
    outcome: DisclosureOutcome | None = None
    start: datetime | None = None
    end: datetime | None = None


class LatestFirst:
    """An entry's place in the list, the newest first. Those of one moment stand by id: there are several streams."""

    __slots__ = ("at", "id")

    def __init__(self, at: datetime, id_: DisclosureId) -> None:
        self.at, self.id = at, id_

    def __lt__(self, other: LatestFirst) -> bool:
        return (self.at, self.id) > (other.at, other.id)
