"""A benefit report: the figures, with all that is told of them, ready to be laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from gateway.administration import benefit_texts as texts
from gateway.disclosure.benefits import Benefits, Breakdown, Question
from gateway.disclosure.suppression import Hidden, Row, Shown
from gateway.model.purpose import InformationArea
from gateway.model.text import Language, Text


@dataclass(frozen=True, slots=True)
class BenefitReport:
    """What was asked, what came of it, and when.

    `case_types` are the names of case types, by `producer/CODE`. `people_may_be_counted_twice`: under two pseudonyms.
    """

    question: Question
    first: date
    last: date
    benefits: Benefits
    case_types: Mapping[str, Text]
    people_may_be_counted_twice: bool
    made_at: datetime
    language: Language

    def say(self, text: Text) -> str:
        """A text in the report's language, with how many people a figure needs."""
        return text.in_language(self.language).replace("{least}", str(self.question.least))

    def notes(self) -> Iterator[str]:
        """How it was counted, a paragraph each."""
        yield from map(self.say, texts.NOTES)
        if not all(period.is_complete for period in self.question.periods):
            yield self.say(texts.INCOMPLETE_NOTE)
        if self.last >= self.made_at.date():
            yield self.say(texts.FUTURE_NOTE)
        if self.people_may_be_counted_twice:
            yield self.say(texts.BY_PSEUDONYM_NOTE)

    def number(self, shown: Shown) -> str:
        """A figure as people read it: 12 345, <5, or that it is not shown."""
        match shown:
            case Hidden.FEW:
                return f"<{self.question.least}"
            case Hidden.WITHHELD:
                return self.say(texts.NOT_SHOWN)
            case _:
                return f"{shown:,}".replace(",", "\u00a0" if self.language == "sv" else ",")

    def total(self, row: Row) -> str:
        """A total likewise."""
        number = self.number(row.total)
        return f"{self.say(texts.AT_LEAST)} {number}" if row.is_at_least and isinstance(row.total, int) else number

    def line(self, breakdown: Breakdown, key: str) -> str:
        """What a line of a break-down is about."""
        if breakdown is Breakdown.CASE_TYPE:
            name = self.case_types.get(key)
            return key if name is None else self.say(name)
        area, _, event = key.partition(":")
        known = InformationArea.__members__.get(area)
        name_of_area = area if known is None else self.say(texts.AREAS[known])
        return f"{name_of_area}: {event}" if event else name_of_area
