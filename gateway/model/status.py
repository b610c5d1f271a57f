"""What a producer says about a case right now, and why it may be unknown. Never stored, never interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from gateway.model.text import Text

STATUS_FIELDS = (
    "code",
    "codeSystem",
    "title",
    "description",
    "language",
    "updatedAt",
    "expectedAt",
    "requiresCustomerAction",
    "completed",
    "extension",
)
"""The fields of the contract's CaseStatus that hold a value of their own, `references` apart."""

REFERENCE_FIELDS = ("title", "url", "value")
"""The fields of the contract's Reference."""

GRANTABLE_FIELDS = (*STATUS_FIELDS, *(f"references.{name}" for name in REFERENCE_FIELDS))
"""What a grant can name: the smallest parts of a status that can be disclosed."""


NAME_ONLY = "__typename"
"""What is asked of each reference where none of its fields is selected: that it is there."""


class StatusSelection(NamedTuple):
    """Which fields of the contract's CaseStatus are asked for, by their contract names, sorted.

    `references` names the fields of each Reference, or NAME_ONLY; empty: references are not asked for.
    """

    fields: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


class StatusAnswer(NamedTuple):
    """A producer's answer for one case: the fields asked for, by contract name, checked against the contract.

    `reused`: an earlier answer, which the producer lets be used again; `fetched_at` is of that one.
    """

    fields: Mapping[str, object]
    fetched_at: datetime
    reused: bool = False


class UnavailableReason(Enum):
    """Why the gateway cannot say what a case's status is."""

    PRODUCER_TIMEOUT = "PRODUCER_TIMEOUT"
    PRODUCER_UNAVAILABLE = "PRODUCER_UNAVAILABLE"
    PRODUCER_FAULT = "PRODUCER_FAULT"
    PRODUCER_REFUSED = "PRODUCER_REFUSED"
    NO_STATUS = "NO_STATUS"
    NOT_PERMITTED = "NOT_PERMITTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_RECORDED = "NOT_RECORDED"


UNAVAILABLE_TEXTS = {
    UnavailableReason.PRODUCER_TIMEOUT: Text(
        sv="Myndigheten svarade inte i tid. Försök igen om en stund.",
        en="The authority did not answer in time. Try again in a while.",
    ),
    UnavailableReason.PRODUCER_UNAVAILABLE: Text(
        sv="Myndigheten går inte att nå just nu. Försök igen om en stund.",
        en="The authority cannot be reached right now. Try again in a while.",
    ),
    UnavailableReason.PRODUCER_FAULT: Text(
        sv="Myndighetens svar gick inte att tolka. Felet är inte ditt.",
        en="The authority's answer could not be read. The fault is not yours.",
    ),
    UnavailableReason.PRODUCER_REFUSED: Text(
        sv="Myndigheten lämnar inte ut ärendets status till den här tjänsten.",
        en="The authority does not disclose the status of this case to this service.",
    ),
    UnavailableReason.NO_STATUS: Text(
        sv="Myndigheten har ingen status att visa för ärendet.",
        en="The authority has no status to show for this case.",
    ),
    UnavailableReason.NOT_PERMITTED: Text(
        sv="Den här tjänsten får inte läsa ärendets status.",
        en="This service may not read the status of this case.",
    ),
    UnavailableReason.DEADLINE_EXCEEDED: Text(
        sv="Det tog för lång tid att besvara hela frågan. Försök igen.",
        en="Answering the whole question took too long. Try again.",
    ),
    UnavailableReason.NOT_RECORDED: Text(
        sv="Utlämnandet kunde inte antecknas, så det som skulle ha visats hålls inne. Försök igen om en stund.",
        en="The disclosure could not be recorded, so what would have been shown is withheld. Try again in a while.",
    ),
}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A status that cannot be said, and why."""

    reason: UnavailableReason
    retry_after_seconds: int | None = None


StatusOutcome = StatusAnswer | Unavailable
