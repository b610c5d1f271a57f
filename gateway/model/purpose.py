"""Why a case group exists: an information area and, where there is one, a life or business event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a group exists and why its cases are read."""

    information_area: InformationArea
    event: str | None

    def covers(self, other: Purpose) -> bool:
        """Whether what is allowed for this purpose is allowed for `other`: the same, or an event of this area."""
        return self.information_area is other.information_area and self.event in (None, other.event)

    def __str__(self) -> str:
        """`AREA` or `AREA:event`, as it stands in the caller assertion."""
        area = self.information_area.value
        return area if self.event is None else f"{area}:{self.event}"
