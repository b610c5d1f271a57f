"""Questions in the interface's own words: whose cases, which of them, and how much of each is wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from subgraphs.reference.assertion import Caller

LARGEST_BATCH = 100
"""Parties in one question, by the standard."""

LARGEST_PAGE = 1000
"""Events for a party in one answer, by the standard."""

PERSON, ORGANISATION = "Personnummer", "Organisationsnummer"
_DIGITS = 12
_ORGANISATION = "16"


class NoParty(Exception):
    """The subject is not a number that the interface can be asked about."""


@dataclass(frozen=True, slots=True)
class Party:
    """One party of a question: a customer, and where one case is meant, its reference."""

    customer: str
    reference: str | None = None


def customer_type(number: str) -> str:
    """What kind of number it is, as the interface calls it. Raises NoParty for what is not twelve digits."""
    if len(number) != _DIGITS or not (number.isascii() and number.isdigit()):
        raise NoParty
    return ORGANISATION if number.startswith(_ORGANISATION) else PERSON


@dataclass(frozen=True, slots=True)
class Questioner:
    """Puts questions for one caller. `event_types` are dotted prefixes, `case_type` the kind of the case references."""

    caller: Caller
    event_types: Sequence[str]
    case_type: str

    def newest(self, references: Iterable[str]) -> tuple[list[Party], dict[str, Any]]:
        """The question for the newest event of each case, one party a case. Raises NoParty."""
        parties = [Party(self.caller.subject, reference) for reference in references]
        return parties, self._question(parties, ascending=False, offset=0, limit=1)

    def all_events(self, offset: int) -> tuple[list[Party], dict[str, Any]]:
        """The question for a page of all the subject's events, the oldest first. Raises NoParty.

        In that order an event that arrives between two pages comes last, and moves none of the others.
        """
        parties = [Party(self.caller.subject)]
        return parties, self._question(parties, ascending=True, offset=offset, limit=LARGEST_PAGE)

    def _question(self, parties: Sequence[Party], *, ascending: bool, offset: int, limit: int) -> dict[str, Any]:
        return {
            "fraga": {
                "parter": [self._party(party) for party in parties],
                "kundhandelseTyper": list(self.event_types),
                "behandling": {
                    "sortering": [{"attribut": "TIDPUNKT", "stigande": ascending}],
                    "paginering": {"offset": offset, "limit": limit},
                },
            },
            "anvandare": self.caller.actor or self.caller.subject,
        }

    def _party(self, party: Party) -> dict[str, Any]:
        asked: dict[str, Any] = {"kund": {"identifierare": party.customer, "typ": customer_type(party.customer)}}
        if party.reference is not None:
            asked["arende"] = {"identifierare": party.reference, "typ": self.case_type}
        return asked
