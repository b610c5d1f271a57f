"""The overview: the subject's cases at every producer, each of which answers, or does not, for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Self

import orjson
import strawberry

from gateway.errors import LimitExceeded, NotFound
from gateway.model.case_group import CaseKey
from gateway.model.overview import (
    CASES_UNAVAILABLE_TEXTS,
    CasesOutcome,
    CasesPage,
    CasesUnavailableReason,
)
from gateway.model.overview import (
    AvailableCase as CaseThere,
)
from gateway.model.overview import (
    CasesUnavailable as NoCases,
)
from gateway.model.overview_place import Part, Place, parts_of_page
from gateway.model.producer import ProducerId
from gateway.schema.case_group import CaseGroup
from gateway.schema.context import Context, Info
from gateway.schema.described_enum import described_enum
from gateway.schema.ids import producer_id
from gateway.schema.paging import PageInfo
from gateway.schema.producer import CaseType, Producer
from gateway.schema.sealed_cursors import SealedCursors

AVAILABLE_PER_PAGE = 50

described_enum(
    CasesUnavailableReason,
    "Why it cannot be said which cases the subject has at a producer.",
    {
        CasesUnavailableReason.PRODUCER_TIMEOUT: "The producer did not answer within its deadline.",
        CasesUnavailableReason.PRODUCER_UNAVAILABLE: "The producer cannot be reached, is overloaded or no longer "
        "connected.",
        CasesUnavailableReason.PRODUCER_FAULT: "The producer answered with something that does not fit the contract.",
        CasesUnavailableReason.PRODUCER_REFUSED: "The producer refuses to disclose to this caller.",
        CasesUnavailableReason.NOT_OFFERED: "The producer does not tell which cases a subject has; it can be asked "
        "for the status of each.",
        CasesUnavailableReason.NOT_PERMITTED: "The consumer may read nothing of any case there; the producer was not "
        "asked.",
        CasesUnavailableReason.DEADLINE_EXCEEDED: "The time for the whole operation ran out first.",
        CasesUnavailableReason.NOT_RECORDED: "The disclosure could not be recorded, so the cases are withheld.",
    },
)


@strawberry.type(
    description="A case that the subject has at a producer, whether it is in a case group or not. What its status is, "
    "is asked of a case in a group."
)
class AvailableCase:
    """What `addCases` needs to know of a case, and where it is already."""

    producer: Producer = strawberry.field(description="Who holds the case.")
    case_type: CaseType = strawberry.field(description="What kind of case it is.")
    reference: str = strawberry.field(description="The producer's own reference for the case.")
    _key: strawberry.Private[CaseKey]
    _asked: strawberry.Private[frozenset[ProducerId]]

    @strawberry.field(
        description="Which of the case groups that you may see the case is in, the newest first; empty: in none."
    )
    async def case_groups(self, info: Info) -> list[CaseGroup]:
        """One read for all cases of an overview."""
        groups = await info.context.visible_groups.holding(self._key, self._asked)
        return [CaseGroup.of(group) for group in groups]

    @classmethod
    def of(
        cls, context: Context, producer: Producer, id_: ProducerId, case: CaseThere, asked: frozenset[ProducerId]
    ) -> Self:
        """`case` of the producer."""
        return cls(
            producer=producer,
            case_type=CaseType.of_code(context, context.registry.producer(id_), case.case_type),
            reference=case.reference,
            _key=CaseKey(id_, case.reference),
            _asked=asked,
        )


@strawberry.type(description="The subject's cases at a producer, as far as they are on this page.")
class AvailableCases:
    """A producer's part of a page."""

    cases: list[AvailableCase] = strawberry.field(
        description="The cases, in the producer's order: those whose type is open to you, and of which you were "
        "granted something. Empty: none here."
    )
    has_more: bool = strawberry.field(description="Whether the producer has more, which come on the next page.")


@strawberry.type(description="It cannot be said which cases the subject has at a producer.")
class CasesUnavailable:
    """An outcome, not an error."""

    reason: CasesUnavailableReason = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people: Swedish or English by `Accept-Language`.")
    retry_after_seconds: int | None = strawberry.field(
        description="After how many seconds to try again, as for a status. Null where it is not known."
    )
    request_id: str = strawberry.field(description="Names this request in the gateway's and the producer's logs.")

    @classmethod
    def of(cls, outcome: NoCases, context: Context) -> Self:
        """`outcome` in the caller's language."""
        return cls(
            reason=outcome.reason,
            message=CASES_UNAVAILABLE_TEXTS[outcome.reason].in_language(context.language),
            retry_after_seconds=outcome.retry_after_seconds,
            request_id=context.request_id,
        )


AvailableCasesOutcome = Annotated[
    AvailableCases | CasesUnavailable,
    strawberry.union(
        "AvailableCasesOutcome",
        description="The subject's cases at a producer, or why they are not known. Always one of the two.",
    ),
]


@dataclass
class _Page:
    """One page of the overview: what is asked of whom, and what comes of it. Nobody is asked before it is needed."""

    context: Context
    cursors: SealedCursors
    producers: Sequence[ProducerId]
    start: Place
    parts: Sequence[Part]
    asked: frozenset[ProducerId]
    _asking: dict[ProducerId, asyncio.Task[CasesOutcome]] = field(default_factory=dict)

    async def outcome(self, producer: ProducerId) -> CasesOutcome:
        """What came of one producer; all are asked when the first outcome is wanted."""
        overview = self.context.overview
        if not self._asking:
            self._asking = {
                part.producer: asyncio.create_task(self._recorded(part)) for part in self.parts if part.first
            }
        task = self._asking.get(producer)
        if task is None:
            return overview.refusal(producer) or NoCases(CasesUnavailableReason.NOT_PERMITTED)
        return await task

    async def _recorded(self, part: Part) -> CasesOutcome:
        """What came of a producer, once it is recorded: for all that show it, once."""
        context = self.context
        outcome = await context.overview.ask(part.producer, part.first, part.after)
        held = context.registry.agreements.grants_of(context.caller.consumer)
        return await context.record.overview(part.producer, outcome, held)

    async def outcomes(self) -> list[tuple[Part, CasesOutcome]]:
        """What came of each producer, in order."""
        return [(part, await self.outcome(part.producer)) for part in self.parts]

    def shown(self, producer: ProducerId) -> Producer:
        record = self.context.registry.producer(producer)
        assert record is not None, "the page was made of the registry's producers"
        return Producer.of(self.context, record)

    def case(self, producer: ProducerId, case: CaseThere) -> AvailableCase:
        return AvailableCase.of(self.context, self.shown(producer), producer, case, self.asked)


@strawberry.type(description="What came of asking one producer for the subject's cases.")
class AvailableCasesOfProducer:
    """A producer, and its outcome once that is there."""

    producer: Producer = strawberry.field(description="The producer.")
    _id: strawberry.Private[ProducerId]
    _page: strawberry.Private[_Page]

    @strawberry.field(
        description="Its cases, or why they are not known. It waits for nobody but this producer: with `@defer` each "
        "comes when it is there."
    )
    async def outcome(self) -> AvailableCasesOutcome:
        """One typed outcome, whatever happens at the producer."""
        outcome = await self._page.outcome(self._id)
        if isinstance(outcome, NoCases):
            return CasesUnavailable.of(outcome, self._page.context)
        return AvailableCases(
            cases=[self._page.case(self._id, case) for case in outcome.cases],
            has_more=outcome.continues_at is not None,
        )


@strawberry.type(description="One case of a page of the overview.")
class AvailableCaseEdge:
    """Relay's edge."""

    node: AvailableCase = strawberry.field(description="The case itself.")
    _place: strawberry.Private[Place]
    _cursors: strawberry.Private[SealedCursors]

    @strawberry.field(description="The case's place in the overview, for `after`.")
    def cursor(self) -> str:
        """Written when it is asked for."""
        return _written(self._cursors, self._place)


@strawberry.type(
    description="One page of the subject's cases at the producers. A page's size is shared out among the producers "
    "that it asks; with more producers than that, some have their turn on a later page."
)
class AvailableCaseConnection:
    """Relay's connection, and what came of each producer."""

    _page: strawberry.Private[_Page]

    @strawberry.field(
        description="The producers that this page is about, in the order of their ids, each with its own outcome."
    )
    def producers(self) -> list[AvailableCasesOfProducer]:
        """At once; each outcome follows by itself."""
        page = self._page
        return [
            AvailableCasesOfProducer(producer=page.shown(part.producer), _id=part.producer, _page=page)
            for part in page.parts
        ]

    @strawberry.field(
        description="The cases of all producers that answered, by producer and in each producer's order. Waits for the "
        "slowest of them; `producers` does not."
    )
    async def edges(self) -> list[AvailableCaseEdge]:
        """The cases of the page."""
        return await self._edges()

    @strawberry.field(
        description="Where this page stands. `hasNextPage` says whether producers that answer have, or may have, more; "
        "`endCursor` is there on an empty page, too. A producer that could not be asked, and may be soon, is asked "
        "again by the page after `endCursor`."
    )
    async def page_info(self) -> PageInfo:
        """Waits for the slowest producer."""
        page, place = self._page, self._page.start
        for part, outcome in await page.outcomes():
            place = place.after(part.producer, part.after, outcome)
        edges = await self._edges()
        return PageInfo(
            has_next_page=place.has_more(page.producers),
            has_previous_page=page.start != Place(),
            _start_cursor=lambda: _written(page.cursors, edges[0]._place) if edges else None,  # noqa: SLF001 - as above
            _end_cursor=lambda: _written(page.cursors, place),
        )

    async def _edges(self) -> list[AvailableCaseEdge]:
        page, place = self._page, self._page.start
        edges: list[AvailableCaseEdge] = []
        for part, outcome in await page.outcomes():
            if isinstance(outcome, CasesPage):
                edges += [
                    AvailableCaseEdge(
                        node=page.case(part.producer, case),
                        _place=place.within(part.producer, case.cursor),
                        _cursors=page.cursors,
                    )
                    for case in outcome.cases
                ]
            place = place.after(part.producer, part.after, outcome)
        return edges


def available_case_connection(
    context: Context, named: Sequence[str] | None, first: int, after: str | None
) -> AvailableCaseConnection:
    """One page of the overview; of the producers `named` alone, by their global ids.

    Raises BadUserInput, NotFound and LimitExceeded.
    """
    producers = context.overview.producers() if named is None else _named(context, named)
    caller = context.caller
    filtered = "" if named is None else " ".join(producers)
    cursors = SealedCursors(("availableCases", caller.subject_id, caller.consumer, filtered))
    start = Place() if after is None else _read(cursors.opened(after, "after"))
    askable = {one for one in producers if context.overview.refusal(one) is None}
    parts = parts_of_page(start, producers, askable, first)
    return AvailableCaseConnection(
        _page=_Page(context, cursors, producers, start, parts, frozenset(part.producer for part in parts if part.first))
    )


def _named(context: Context, named: Sequence[str]) -> list[ProducerId]:
    most = context.page_max_size
    if len(named) > most:
        raise LimitExceeded(
            f"`producers` names {len(named)}; at most {most} can be named.",
            limit="page_max_size",
            value=most,
            asked=len(named),
        )
    producers = {producer_id(one) for one in named}
    if any(context.registry.producer(one) is None for one in producers):
        raise NotFound("Nothing that you may see has this id.")
    return sorted(producers)


def _written(cursors: SealedCursors, place: Place) -> str:
    return cursors.sealed(orjson.dumps([place.begun, dict(place.unfinished), dict(place.failed)]))


def _read(text: bytes) -> Place:
    """A place that was written here: what is sealed is not looked at again."""
    begun, unfinished, failed = orjson.loads(text)
    return Place(begun, unfinished, failed)
