"""Why a case group exists: an information area and, where there is one, a life or business event."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gateway.model.text import Text


class InformationArea(Enum):
    """Annex I of Regulation (EU) 2018/1724, the Single Digital Gateway: A–I for citizens, J–Q for businesses."""

    TRAVEL_WITHIN_THE_UNION = "TRAVEL_WITHIN_THE_UNION"
    WORK_AND_RETIREMENT_WITHIN_THE_UNION = "WORK_AND_RETIREMENT_WITHIN_THE_UNION"
    VEHICLES_IN_THE_UNION = "VEHICLES_IN_THE_UNION"
    RESIDENCE_IN_ANOTHER_MEMBER_STATE = "RESIDENCE_IN_ANOTHER_MEMBER_STATE"
    EDUCATION_OR_TRAINEESHIP_IN_ANOTHER_MEMBER_STATE = "EDUCATION_OR_TRAINEESHIP_IN_ANOTHER_MEMBER_STATE"
    HEALTHCARE = "HEALTHCARE"
    CITIZENS_AND_FAMILY_RIGHTS = "CITIZENS_AND_FAMILY_RIGHTS"
    CONSUMER_RIGHTS = "CONSUMER_RIGHTS"
    PROTECTION_OF_PERSONAL_DATA = "PROTECTION_OF_PERSONAL_DATA"
    STARTING_RUNNING_AND_CLOSING_A_BUSINESS = "STARTING_RUNNING_AND_CLOSING_A_BUSINESS"
    EMPLOYEES = "EMPLOYEES"
    TAXES = "TAXES"
    GOODS = "GOODS"
    SERVICES = "SERVICES"
    FUNDING_A_BUSINESS = "FUNDING_A_BUSINESS"
    PUBLIC_CONTRACTS = "PUBLIC_CONTRACTS"
    HEALTH_AND_SAFETY_AT_WORK = "HEALTH_AND_SAFETY_AT_WORK"

    # There is one of each. An Enum's own hash is that of its name, worked out anew each time in Python.
    __hash__ = object.__hash__


AREA_TEXTS = {
    InformationArea.TRAVEL_WITHIN_THE_UNION: Text(sv="Resor inom unionen", en="Travel within the Union"),
    InformationArea.WORK_AND_RETIREMENT_WITHIN_THE_UNION: Text(
        sv="Arbete och pensionering inom unionen", en="Work and retirement within the Union"
    ),
    InformationArea.VEHICLES_IN_THE_UNION: Text(sv="Fordon i unionen", en="Vehicles in the Union"),
    InformationArea.RESIDENCE_IN_ANOTHER_MEMBER_STATE: Text(
        sv="Bosättning i en annan medlemsstat", en="Residence in another Member State"
    ),
    InformationArea.EDUCATION_OR_TRAINEESHIP_IN_ANOTHER_MEMBER_STATE: Text(
        sv="Utbildning eller praktik i en annan medlemsstat", en="Education or traineeship in another Member State"
    ),
    InformationArea.HEALTHCARE: Text(sv="Hälso- och sjukvård", en="Healthcare"),
    InformationArea.CITIZENS_AND_FAMILY_RIGHTS: Text(
        sv="Medborgerliga och familjerättsliga rättigheter", en="Citizens' and family rights"
    ),
    InformationArea.CONSUMER_RIGHTS: Text(sv="Konsumenträttigheter", en="Consumer rights"),
    InformationArea.PROTECTION_OF_PERSONAL_DATA: Text(sv="Skydd av personuppgifter", en="Protection of personal data"),
    InformationArea.STARTING_RUNNING_AND_CLOSING_A_BUSINESS: Text(
        sv="Att starta, driva och lägga ned företag", en="Starting, running and closing a business"
    ),
    InformationArea.EMPLOYEES: Text(sv="Anställda", en="Employees"),
    InformationArea.TAXES: Text(sv="Skatter", en="Taxes"),
    InformationArea.GOODS: Text(sv="Varor", en="Goods"),
    InformationArea.SERVICES: Text(sv="Tjänster", en="Services"),
    InformationArea.FUNDING_A_BUSINESS: Text(sv="Finansiering av företag", en="Funding a business"),
    InformationArea.PUBLIC_CONTRACTS: Text(sv="Offentlig upphandling", en="Public contracts"),
    InformationArea.HEALTH_AND_SAFETY_AT_WORK: Text(
        sv="Hälsa och säkerhet på arbetsplatsen", en="Health and safety at work"
    ),
}
"""The areas' names for people."""


class Purpose(NamedTuple):
    """Why a group exists and why its cases are read."""

    information_area: InformationArea
    event: str | None

    def covers(self, other: Purpose) -> bool:
        """Whether what is allowed for this purpose is allowed for `other`: the same, or an event of this area."""
        return self.information_area is other.information_area and self.event in (None, other.event)

    def __str__(self) -> str:
        """`AREA` or `AREA:event`, as it stands in the caller assertion and in the record."""
        area = self.information_area.value
        return area if self.event is None else f"{area}:{self.event}"


def read_purpose(text: str) -> Purpose:
    """The purpose that `str` wrote as `text`. Raises ValueError for what names no information area."""
    area, _, event = text.partition(":")
    return Purpose(InformationArea(area), event or None)
