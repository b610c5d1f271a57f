"""A subject's cases at all producers, for one operation: asked side by side, shown as far as the consumer may see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.model.case_group import CaseKey, NewCase
from gateway.model.overview import CasesOutcome, CasesPage, CasesUnavailable, CasesUnavailableReason
from gateway.model.producer import Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.registry import Agreements
from gateway.policy.overview import shown_case_types
from gateway.producers.case_lists import MOST_AT_A_TIME, CaseLists
from gateway.producers.guard import CallContext

MOST_PAGES = 5
"""That a producer is asked for to confirm cases: of one who has more cases than fit, some stay unconfirmed."""


class Overview:
    """The cases of one caller's subject. Nothing is joined across callers (DESIGN §8)."""

    def __init__(self, agreements: Callable[[], Agreements], lists: CaseLists, context: CallContext) -> None:
        self._agreements = agreements
        self._lists = lists
        self._context = context
        self._asking: dict[tuple[ProducerId, int, str | None], asyncio.Task[CasesOutcome]] = {}

    def producers(self) -> list[ProducerId]:
        """The producers that belong in the caller's overview, in order: those of which it may be shown anything."""
        return sorted({producer for producer, _ in self._shown_types()})

    def refusal(self, producer: ProducerId) -> CasesUnavailable | None:
        """Why the producer is not to be asked; None: it may be."""
        found = self._agreements().producers.get(producer)
        if found is None:
            return CasesUnavailable(CasesUnavailableReason.PRODUCER_UNAVAILABLE)
        if producer not in self.producers():
            return CasesUnavailable(CasesUnavailableReason.NOT_PERMITTED)
        return None if found.offers_cases else CasesUnavailable(CasesUnavailableReason.NOT_OFFERED)

    def ask(self, producer: ProducerId, first: int, after: str | None) -> asyncio.Task[CasesOutcome]:
        """Begins to ask for the next cases there, as far as the caller may see them; the task raises nothing.

        The same question is asked once in an operation.
        """
        first = min(first, MOST_AT_A_TIME)
        key = (producer, first, after)
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._shown(producer, first, after))
        return self._asking[key]

    def give_up(self) -> None:
        """Ends the requests that are under way: nobody waits for their answers any more."""
        for task in self._asking.values():
            task.cancel()

    async def refuted(self, cases: Sequence[NewCase], purpose: Purpose) -> set[CaseKey]:
        """Those of `cases` that their producer says are not the subject's, or of another type.

        Asks the producers that offer it, side by side. What one does not say, for whatever reason, it does not refute.
        """
        agreements = self._agreements()
        said: dict[ProducerId, dict[str, str]] = {}
        for case in cases:
            said.setdefault(case.key.producer, {})[case.key.reference] = case.case_type
        found = await asyncio.gather(
            *(
                self._refuted_by(agreements.producers[producer], types, purpose)
                for producer, types in said.items()
                if producer in agreements.producers and agreements.producers[producer].offers_cases
            )
        )
        return set().union(*found)

    async def _shown(self, producer: ProducerId, first: int, after: str | None) -> CasesOutcome:
        refusal = self.refusal(producer)
        if refusal is not None:
            return refusal
        record = self._agreements().producers[producer]
        wanted = [code for shown, code in self._shown_types() if shown == producer]
        outcome = await self._lists.page(record, first, after, self._context, case_types=wanted)
        # Once more, for what was withdrawn while the producer took its time.
        refusal = self.refusal(producer)
        if refusal is not None or isinstance(outcome, CasesUnavailable):
            return refusal or outcome
        types = self._shown_types()
        return replace(outcome, cases=tuple(case for case in outcome.cases if (producer, case.case_type) in types))

    def _shown_types(self) -> set[tuple[ProducerId, str]]:
        return shown_case_types(self._agreements(), self._context.caller.consumer)

    async def _refuted_by(self, producer: Producer, said: dict[str, str], purpose: Purpose) -> set[CaseKey]:
        """Of the case types `said`, by reference. All pages together have the time of one request."""
        missing = dict(said)
        refuted: set[CaseKey] = set()
        due = self._lists.due(producer, self._context)
        after: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._lists.page(
                producer,
                MOST_AT_A_TIME,
                after,
                self._context,
                case_types=said.values(),
                purposes=[purpose],
                due=due,
            )
            if not isinstance(page, CasesPage):
                return refuted
            for case in page.cases:
                type_said = missing.pop(case.reference, case.case_type)
                if type_said != case.case_type:
                    refuted.add(CaseKey(producer.id, case.reference))
            if not missing:
                return refuted
            if page.continues_at is None:
                return refuted | {CaseKey(producer.id, reference) for reference in missing}
            after = page.continues_at
        return refuted
