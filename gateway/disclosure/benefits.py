"""The benefit figures: who was connected, who used it, and what was delivered, by period (docs/benefits.md).

People are counted, never shown: what leaves this module has been through `suppression`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gateway.disclosure.connected import Connected, connected
from gateway.disclosure.periods import Every, Period
from gateway.disclosure.suppression import Count, Line, Row, large_enough, lines, row
from gateway.model.caller import SubjectKey
from gateway.model.connection import Environment
from gateway.model.history import KeptConsumer, KeptProducer
from gateway.store.benefit_figures import BenefitFigures, Delivered, Made

Person = Callable[[SubjectKey], SubjectKey]
"""The pseudonym that a person is counted under, whichever key theirs was made with."""


class Figure(Enum):
    """A figure, by its name in JSON and CSV."""

    INFORMATION_AREAS = "informationAreas"
    PRODUCERS = "producers"
    CONSUMERS = "consumers"
    CASE_TYPES = "caseTypes"
    USE_CASES = "useCases"
    END_USERS = "endUsers"
    GROUPS_CREATED = "groupsCreated"
    GROUPS_READ = "groupsRead"
    STATUSES = "statuses"


class Breakdown(Enum):
    """What end users are broken down by, by its name in JSON and CSV."""

    USE_CASE = "useCase"
    INFORMATION_AREA = "informationArea"
    CASE_TYPE = "caseType"


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is asked for: from how many people on a figure about them is shown, and for which environment."""

    periods: Sequence[Period]
    every: Every
    least: int
    environment: Environment


@dataclass(frozen=True, slots=True)
class Benefits:
    """The figures, as they may be shown. The total of who is connected is as the last period's."""

    figures: dict[Figure, Row]
    breakdowns: dict[Breakdown, tuple[Line, ...]]


@dataclass(slots=True)
class _Tally:
    """What was counted in a stretch of time; people and groups by a number of their own."""

    users: set[int] = field(default_factory=set)
    readers: set[int] = field(default_factory=set)
    creators: set[int] = field(default_factory=set)
    created: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)
    statuses: int = 0
    purposes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def count(self, figure: Figure) -> Count:
        """One of the figures about people, and how many people are behind it."""
        match figure:
            case Figure.END_USERS:
                return Count(len(self.users), len(self.users))
            case Figure.GROUPS_CREATED:
                return Count(len(self.created), len(self.creators))
            case Figure.GROUPS_READ:
                return Count(len(self.read), len(self.readers))
            case _:
                return Count(self.statuses, len(self.readers))


class Counting:
    """Counts, one page of the record after the other. What a consumer of another environment did is passed over."""

    def __init__(self, question: Question, consumers: Sequence[KeptConsumer], person: Person) -> None:
        self._question = question
        self._elsewhere = frozenset(
            kept.consumer.id for kept in consumers if kept.consumer.connection.environment is not question.environment
        )
        self._person = person
        self._starts = [period.start for period in question.periods]
        self._tallies = [_Tally() for _ in question.periods]
        self._whole = _Tally()
        self._case_types: dict[str, set[int]] = defaultdict(set)
        self._people: dict[SubjectKey, int] = {}
        self._by_pseudonym: dict[SubjectKey, int] = {}
        self._groups: dict[str, int] = {}

    def delivered(self, page: Sequence[Delivered]) -> None:
        """Counts statuses that were delivered, within the periods."""
        for one in page:
            if one.consumer in self._elsewhere:
                continue
            person, group = self._number(one.subject), self._groups.setdefault(one.group, len(self._groups))
            for tally in (self._tallies[bisect_right(self._starts, one.at) - 1], self._whole):
                tally.users.add(person)
                tally.readers.add(person)
                tally.read.add(group)
                tally.statuses += 1
                tally.purposes[one.purpose].add(person)
            self._case_types[f"{one.producer}/{one.case_type}"].add(person)

    def made(self, page: Sequence[Made]) -> None:
        """Counts changes that were made, within the periods."""
        for one in page:
            if one.consumer in self._elsewhere:
                continue
            person = self._number(one.subject)
            for tally in (self._tallies[bisect_right(self._starts, one.at) - 1], self._whole):
                tally.users.add(person)
                if one.created is not None:
                    tally.creators.add(person)
                    tally.created.add(self._groups.setdefault(one.created, len(self._groups)))

    def _number(self, subject: SubjectKey) -> int:
        number = self._by_pseudonym.get(subject)
        if number is None:
            number = self._people.setdefault(self._person(subject), len(self._people))
            self._by_pseudonym[subject] = number
        return number

    def benefits(self, connected_then: Sequence[Connected]) -> Benefits:
        """The figures, with what was connected at the end of each period."""
        least = self._question.least
        figures = {
            Figure.INFORMATION_AREAS: _stock([one.information_areas for one in connected_then]),
            Figure.PRODUCERS: _stock([one.producers for one in connected_then]),
            Figure.CONSUMERS: _stock([one.consumers for one in connected_then]),
            Figure.CASE_TYPES: _stock([one.case_types for one in connected_then]),
        }
        about_people = {
            figure: row([tally.count(figure) for tally in self._tallies], self._whole.count(figure).counted, least)
            for figure in (Figure.END_USERS, Figure.GROUPS_CREATED, Figure.GROUPS_READ, Figure.STATUSES)
        }
        users = about_people[Figure.END_USERS].total
        areas: dict[str, set[int]] = defaultdict(set)
        for purpose, people in self._whole.purposes.items():
            areas[purpose.partition(":")[0]] |= people
        breakdowns = {
            name: lines({key: len(people) for key, people in by.items()}, users, least)
            for name, by in (
                (Breakdown.USE_CASE, self._whole.purposes),
                (Breakdown.INFORMATION_AREA, areas),
                (Breakdown.CASE_TYPE, self._case_types),
            )
        }
        in_use = [large_enough(map(len, tally.purposes.values()), least) for tally in self._tallies]
        figures[Figure.USE_CASES] = Row(tuple(in_use), len(breakdowns[Breakdown.USE_CASE]))
        return Benefits({**figures, **about_people}, breakdowns)


async def count_benefits(
    records: BenefitFigures,
    question: Question,
    agreed: tuple[Sequence[KeptProducer], Sequence[KeptConsumer]],
    person: Person,
    now: datetime,
    progress: Callable[[datetime], None],
) -> Benefits:
    """The figures. `progress` is told now and then up to which moment the deliveries, by far the most, have been read.

    Raises StoreUnavailable, and what `person` raises.
    """
    producers, consumers = agreed
    counting = Counting(question, consumers, person)
    start, end = question.periods[0].start, question.periods[-1].end
    async for changes in records.made(start, end):
        counting.made(changes)
    async for statuses in records.delivered(start, end):
        counting.delivered(statuses)
        if statuses:
            progress(statuses[-1].at)
    ends = [min(period.end, now) for period in question.periods]
    return counting.benefits([connected(producers, consumers, question.environment, at) for at in ends])


def _stock(counts: Sequence[int]) -> Row:
    return Row(tuple(counts), counts[-1])
