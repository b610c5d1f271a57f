"""The InformationArea enum, described area by area."""

from __future__ import annotations

from gateway.model.purpose import InformationArea
from gateway.schema.described_enum import described_enum

__all__ = ["InformationArea"]

DESCRIPTIONS = {
    InformationArea.TRAVEL_WITHIN_THE_UNION: "A. Travel within the Union (resor inom unionen).",
    InformationArea.WORK_AND_RETIREMENT_WITHIN_THE_UNION: (
        "B. Work and retirement within the Union (arbete och pensionering inom unionen)."
    ),
    InformationArea.VEHICLES_IN_THE_UNION: "C. Vehicles in the Union (fordon i unionen).",
    InformationArea.RESIDENCE_IN_ANOTHER_MEMBER_STATE: (
        "D. Residence in another Member State (bosättning i en annan medlemsstat)."
    ),
    InformationArea.EDUCATION_OR_TRAINEESHIP_IN_ANOTHER_MEMBER_STATE: (
        "E. Education or traineeship in another Member State (utbildning eller praktik i en annan medlemsstat)."
    ),
    InformationArea.HEALTHCARE: "F. Healthcare (hälso- och sjukvård).",
    InformationArea.CITIZENS_AND_FAMILY_RIGHTS: (
        "G. Citizens' and family rights (medborgerliga och familjerättsliga rättigheter)."
    ),
    InformationArea.CONSUMER_RIGHTS: "H. Consumer rights (konsumenträttigheter).",
    InformationArea.PROTECTION_OF_PERSONAL_DATA: "I. Protection of personal data (skydd av personuppgifter).",
    InformationArea.STARTING_RUNNING_AND_CLOSING_A_BUSINESS: (
        "J. Starting, running and closing a business (att starta, driva och lägga ned företag)."
    ),
    InformationArea.EMPLOYEES: "K. Employees (anställda).",
    InformationArea.TAXES: "L. Taxes (skatter).",
    InformationArea.GOODS: "M. Goods (varor).",
    InformationArea.SERVICES: "N. Services (tjänster).",
    InformationArea.FUNDING_A_BUSINESS: "O. Funding a business (finansiering av företag).",
    InformationArea.PUBLIC_CONTRACTS: "P. Public contracts (offentlig upphandling).",
    InformationArea.HEALTH_AND_SAFETY_AT_WORK: "Q. Health and safety at work (hälsa och säkerhet på arbetsplatsen).",
}

described_enum(
    InformationArea, "A policy area of the Single Digital Gateway: Annex I of Regulation (EU) 2018/1724.", DESCRIPTIONS
)
