"""What the benefit report says beside its figures, in Swedish and English: it is for people outside."""

from __future__ import annotations

from gateway.disclosure.benefits import Breakdown, Figure
from gateway.model.purpose import InformationArea
from gateway.model.text import Text

TITLE = Text("Mina ärenden: nyttan i siffror", "Mina ärenden: the benefits in figures")
PERIOD = Text("Period", "Period")
TOTAL = Text("Totalt", "Total")
VALUE = Text("Antal", "Number")
AT_THE_END = Text("Vid periodens slut", "At the end of the period")
AT_LEAST = Text("minst", "at least")
NOT_SHOWN = Text("visas inte", "not shown")
INCOMPLETE = Text("ofullständig", "incomplete")
NONE_LARGE_ENOUGH = Text("Ingen rad har tillräckligt många slutkonsumenter.", "No line has enough end users.")
IN_SHORT = Text("I korthet", "In short")
HOW_COUNTED = Text("Hur det är räknat", "How it is counted")
MADE = Text("Rapporten är gjord", "The report was made")
CHART_OF = Text("Stapeldiagram", "Bar chart")
SAME_AS_TABLE = Text("Samma siffror står i tabellen under.", "The table below has the same numbers.")

ENVIRONMENTS = {"test": Text("testmiljön", "the test environment"), "live": Text("driftmiljön", "production")}

FIGURES = {
    Figure.INFORMATION_AREAS: Text("Anslutna informationsområden", "Connected information areas"),
    Figure.PRODUCERS: Text("Anslutna informationsproducenter", "Connected producers"),
    Figure.CONSUMERS: Text("Anslutna informationskonsumenter", "Connected consumers"),
    Figure.CASE_TYPES: Text("Öppnade ärendetyper", "Open case types"),
    Figure.USE_CASES: Text("Användningsfall i bruk", "Use cases in use"),
    Figure.END_USERS: Text("Slutkonsumenter", "End users"),
    Figure.GROUPS_CREATED: Text("Skapade ärendegrupper", "Case groups created"),
    Figure.GROUPS_READ: Text("Lästa ärendegrupper", "Case groups read"),
    Figure.STATUSES: Text("Utlämnade statusar", "Statuses delivered"),
}

MEANINGS = {
    Figure.INFORMATION_AREAS: Text(
        "Informationsområden som minst en ansluten producent har ärenden i.",
        "Information areas that at least one connected producer has cases in.",
    ),
    Figure.PRODUCERS: Text("Organisationer som lämnar ut status.", "Organisations that serve the status of cases."),
    Figure.CONSUMERS: Text(
        "Organisationer vars portal eller program visar ärenden.",
        "Organisations whose portal or program shows cases.",
    ),
    Figure.CASE_TYPES: Text(
        "Ärendetyper som en ansluten producent har öppnat för minst en konsument.",
        "Case types that a connected producer has opened to at least one consumer.",
    ),
    Figure.USE_CASES: Text(
        "Syften (informationsområde och händelse) för vilka minst {least} slutkonsumenter har fått status.",
        "Purposes (information area and event) for which at least {least} end users were told a status.",
    ),
    Figure.END_USERS: Text(
        "Personer och företag vars ärenden har lästs eller vars ärendegrupper har ändrats, var och en räknad en gång.",
        "People and companies whose cases were read or whose case groups were changed, each counted once.",
    ),
    Figure.GROUPS_CREATED: Text("Ärendegrupper som har skapats.", "Case groups that were created."),
    Figure.GROUPS_READ: Text(
        "Ärendegrupper som minst en status har lämnats ut ur, var och en räknad en gång.",
        "Case groups of which at least one status was delivered, each counted once.",
    ),
    Figure.STATUSES: Text(
        "Statusar för ett ärende som har lämnats ut till en konsument.",
        "Statuses of one case that were delivered to a consumer.",
    ),
}

BREAKDOWNS = {
    Breakdown.USE_CASE: Text("Slutkonsumenter per användningsfall", "End users by use case"),
    Breakdown.INFORMATION_AREA: Text("Slutkonsumenter per informationsområde", "End users by information area"),
    Breakdown.CASE_TYPE: Text("Slutkonsumenter per ärendetyp", "End users by case type"),
}

LINES = {
    Breakdown.USE_CASE: Text("Användningsfall", "Use case"),
    Breakdown.INFORMATION_AREA: Text("Informationsområde", "Information area"),
    Breakdown.CASE_TYPE: Text("Ärendetyp", "Case type"),
}

AREAS = {
    InformationArea.TRAVEL_WITHIN_THE_UNION: Text("Resor inom unionen", "Travel within the Union"),
    InformationArea.WORK_AND_RETIREMENT_WITHIN_THE_UNION: Text(
        "Arbete och pensionering inom unionen", "Work and retirement within the Union"
    ),
    InformationArea.VEHICLES_IN_THE_UNION: Text("Fordon i unionen", "Vehicles in the Union"),
    InformationArea.RESIDENCE_IN_ANOTHER_MEMBER_STATE: Text(
        "Bosättning i en annan medlemsstat", "Residence in another Member State"
    ),
    InformationArea.EDUCATION_OR_TRAINEESHIP_IN_ANOTHER_MEMBER_STATE: Text(
        "Utbildning eller praktik i en annan medlemsstat", "Education or traineeship in another Member State"
    ),
    InformationArea.HEALTHCARE: Text("Hälso- och sjukvård", "Healthcare"),
    InformationArea.CITIZENS_AND_FAMILY_RIGHTS: Text(
        "Medborgerliga och familjerättsliga rättigheter", "Citizens' and family rights"
    ),
    InformationArea.CONSUMER_RIGHTS: Text("Konsumenträttigheter", "Consumer rights"),
    InformationArea.PROTECTION_OF_PERSONAL_DATA: Text("Skydd av personuppgifter", "Protection of personal data"),
    InformationArea.STARTING_RUNNING_AND_CLOSING_A_BUSINESS: Text(
        "Att starta, driva och lägga ned företag", "Starting, running and closing a business"
    ),
    InformationArea.EMPLOYEES: Text("Anställda", "Employees"),
    InformationArea.TAXES: Text("Skatter", "Taxes"),
    InformationArea.GOODS: Text("Varor", "Goods"),
    InformationArea.SERVICES: Text("Tjänster", "Services"),
    InformationArea.FUNDING_A_BUSINESS: Text("Finansiering av företag", "Funding a business"),
    InformationArea.PUBLIC_CONTRACTS: Text("Offentlig upphandling", "Public contracts"),
    InformationArea.HEALTH_AND_SAFETY_AT_WORK: Text("Hälsa och säkerhet på arbetsplatsen", "Health and safety at work"),
}

NOTES = (
    Text(
        "Siffrorna kommer ur den logg som skrivs innan någon status lämnas ut, och ur förteckningen över vilka som är "
        "anslutna. Dagar räknas i UTC.",
        "The figures come from the record that is written before any status is told, and from the register of who is "
        "connected. Days are counted in UTC.",
    ),
    Text(
        "<{least} betyder att färre än {least} slutkonsumenter ligger bakom siffran, som därför inte visas. 0 betyder "
        "ingen.",
        "<{least} means that fewer than {least} end users are behind the figure, which is therefore not shown. 0 means "
        "none.",
    ),
    Text(
        "Ett totalt antal är aldrig större än summan av de perioder som visas. Står det ”minst” kan det vara fler. Så "
        "kan ingen räkna fram en siffra som inte visas.",
        "A total is never more than the sum of the periods that are shown. Where it says “at least”, there may be "
        "more. So nobody can work out a figure that is not shown.",
    ),
    Text(
        "I en uppdelning står bara rader med minst {least} slutkonsumenter, och ingen rad är större än totalen. Samma "
        "person kan finnas på flera rader.",
        "A break-down has only lines with at least {least} end users, and none is more than the total. The same person "
        "may be in several lines.",
    ),
    Text(
        "Uppgifter om organisationer är inte personuppgifter och visas alltid. Totalen är den vid sista "
        "periodens slut.",
        "Figures about organisations are not personal data and are always shown. Their total is that at the end of the "
        "last period.",
    ),
)
INCOMPLETE_NOTE = Text(
    "En ofullständig period är inte slut, eller ingår bara till en del.",
    "An incomplete period is not over, or only part of it was asked for.",
)
FUTURE_NOTE = Text(
    "Perioden sträcker sig in i framtiden. Räknat är det som hade hänt när rapporten gjordes.",
    "The period reaches into the future. Counted is what had happened when the report was made.",
)
BY_PSEUDONYM_NOTE = Text(
    "Pseudonymerna har gjorts med flera nycklar, och inte alla fanns när rapporten gjordes. En person som har setts "
    "under två nycklar kan vara räknad två gånger.",
    "The pseudonyms were made with several keys, and not all were at hand when the report was made. A person seen "
    "under two keys may be counted twice.",
)
