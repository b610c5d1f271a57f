"""The overview: which cases a producer says that a subject has, and why it may be unknown. Never stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.model.status import UNAVAILABLE_TEXTS, UnavailableReason
from gateway.model.text import Text


class CasesUnavailableReason(Enum):
    """Why the gateway cannot say which cases a subject has at a producer. Those of UnavailableReason mean the same."""

    PRODUCER_TIMEOUT = "PRODUCER_TIMEOUT"
    PRODUCER_UNAVAILABLE = "PRODUCER_UNAVAILABLE"
    PRODUCER_FAULT = "PRODUCER_FAULT"
    PRODUCER_REFUSED = "PRODUCER_REFUSED"
    NOT_OFFERED = "NOT_OFFERED"
    NOT_PERMITTED = "NOT_PERMITTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_RECORDED = "NOT_RECORDED"


CASES_UNAVAILABLE_TEXTS = {
    CasesUnavailableReason.PRODUCER_TIMEOUT: UNAVAILABLE_TEXTS[UnavailableReason.PRODUCER_TIMEOUT],
    CasesUnavailableReason.PRODUCER_UNAVAILABLE: UNAVAILABLE_TEXTS[UnavailableReason.PRODUCER_UNAVAILABLE],
    CasesUnavailableReason.PRODUCER_FAULT: UNAVAILABLE_TEXTS[UnavailableReason.PRODUCER_FAULT],
    CasesUnavailableReason.DEADLINE_EXCEEDED: UNAVAILABLE_TEXTS[UnavailableReason.DEADLINE_EXCEEDED],
    CasesUnavailableReason.NOT_RECORDED: UNAVAILABLE_TEXTS[UnavailableReason.NOT_RECORDED],
    CasesUnavailableReason.PRODUCER_REFUSED: Text(
        sv="Myndigheten lämnar inte ut dina ärenden till den här tjänsten.",
        en="The authority does not disclose your cases to this service.",
    ),
    CasesUnavailableReason.NOT_OFFERED: Text(
        sv="Myndigheten kan inte lista dina ärenden här. Lägg till ett ärende med dess referens.",
        en="The authority cannot list your cases here. Add a case by its reference.",
    ),
    CasesUnavailableReason.NOT_PERMITTED: Text(
        sv="Den här tjänsten får inte läsa dina ärenden hos myndigheten.",
        en="This service may not read your cases at the authority.",
    ),
}


@dataclass(frozen=True, slots=True)
class AvailableCase:
    """A case that the subject has at a producer; `cursor` is the producer's own, for what comes after it."""

    reference: str
    case_type: str
    cursor: str


@dataclass(frozen=True, slots=True)
class CasesPage:
    """A producer's answer: its next cases, in its order, and where to go on; None: there are no more."""

    cases: tuple[AvailableCase, ...]
    continues_at: str | None


@dataclass(frozen=True, slots=True)
class CasesUnavailable:
    """Which cases there are cannot be said, and why."""

    reason: CasesUnavailableReason
    retry_after_seconds: int | None = None


CasesOutcome = CasesPage | CasesUnavailable
