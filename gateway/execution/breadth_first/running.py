"""One run of a plan: the agenda of levels, the batches that are awaited, and the turns between them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLSchema
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable

from gateway.execution.breadth_first.columns import among
from gateway.execution.breadth_first.info import Background
from gateway.execution.breadth_first.levels import Level
from gateway.execution.breadth_first.places import root_place
from gateway.execution.breadth_first.plan import Completion, FieldPlan, Places, Plan
from gateway.execution.breadth_first.problems import Bubble, Problems
from gateway.execution.breadth_first.reading import RefusedReader
from gateway.execution.breadth_first.waiting import Batch, Column
from gateway.execution.executor import NoLongerLetIn, NotMade
from gateway.policy.plan import CutField

if TYPE_CHECKING:
    from gateway.execution.breadth_first.completing import Then


class Run:
    """A plan, run for one caller."""

    def __init__(
        self,
        schema: GraphQLSchema,
        plan: Plan,
        variables: VariableValues,
        context: object,
        *,
        hide_suggestions: bool,
        is_let_in: Callable[[], bool],
    ) -> None:
        self.plan = plan
        self.variables = variables
        self.hide_suggestions = hide_suggestions
        self.problems = Problems()
        self.agenda: deque[Level] = deque()
        """Objects whose fields are still to be run, level by level."""
        self._is_let_in = is_let_in
        self._awaited: set[Batch] = set()
        self._complete: list[Batch] = []
        """Of those awaited, the ones in which nothing is under way any more."""
        self._deaths_seen = 0
        self._turn: asyncio.Future[None] | None = None
        self._background = Background()
        self.said_to_all = (
            schema,
            dict(plan.fragments),
            None,
            plan.operation,
            variables,
            context,
            is_awaitable,
            None,
            self._background.helpers(),
        )
        """What every resolver is told beside its field and path."""

    async def result(self) -> ExecutionResult:
        """Runs the plan. Of a mutation each field is run to its end before the next is begun."""
        answer: dict[str, Any] = {}
        root = Level(self.plan.root, [None], lambda: [root_place(answer)])
        (answer["data"],) = root.objects
        try:
            for fields in self._steps():
                root.run(self, fields)
                await self._to_the_end()
                if answer["data"] is None:
                    break  # of several changes the rest is not made
        except BaseException:
            await self._abandon()
            raise
        return ExecutionResult(answer["data"], self.problems.told() or None)

    def failed(self, error: Exception, places: Places, number: int) -> Bubble | None:
        """Notes the error of one value of a column. What stands in the place of the value."""
        return self.problems.add(error, places.at(number), places.field.nodes)

    def wait(self, awaitables: list[Awaitable[Any]], places: Places, then: Then) -> None:
        """Begins all `awaitables`. When all have ended, `then` completes what came of them, for their `places`."""
        self._begin(Batch(awaitables, places, then, self.problems, self._completed))

    def wait_for_all(self, values: Awaitable[list[Any]], count: int, places: Places, completion: Completion) -> None:
        """Begins `values`, which are those of a whole column of `count`. When they are there they are completed."""

        def once_there(numbers: list[int], values: list[Any]) -> list[Any]:
            return completion.complete(self, values, among(places, numbers, count))

        self._begin(Column(values, count, places, once_there, self.problems, self._completed))

    def _begin(self, batch: Batch) -> None:
        self._awaited.add(batch)
        batch.start()

    def _steps(self) -> Iterator[list[FieldPlan]]:
        """The root fields: together, or those of a mutation one by one, as far as they may be made at that moment."""
        fields = self.plan.root.fields
        if not self.plan.is_change:
            yield fields
        elif any(isinstance(field.nodes[0], CutField) for field in fields):
            # Where one of several may not be made, none of them is. The one that may not says why itself.
            yield [
                field if isinstance(field.nodes[0], CutField) else replace(field, reader=RefusedReader(NotMade))
                for field in fields
            ]
        else:
            for field in fields:
                yield [field if self._is_let_in() else replace(field, reader=RefusedReader(NoLongerLetIn))]

    async def _to_the_end(self) -> None:
        self._run_agenda()
        while self._awaited:
            await self._next_turn()
            self._run_agenda()

    def _run_agenda(self) -> None:
        """Runs what can be run now: the levels, and what becomes of the batches that are complete, breadth first."""
        while self.agenda or self._complete:
            while self.agenda:
                level = self.agenda.popleft()
                level.run(self, level.plan.fields)
            complete, self._complete = self._complete, []
            # All of them first: where finishing one ends the run, the others are not waited for.
            self._awaited.difference_update(complete)
            for batch in complete:
                batch.finish()
        if self.problems.deaths > self._deaths_seen:
            self._deaths_seen = self.problems.deaths
            for batch in self._awaited:
                batch.cancel_unheld()

    async def _next_turn(self) -> None:
        """Waits until a batch is complete. Those that complete in the same turn of the event loop go on together."""
        if not self._complete:
            self._turn = asyncio.get_running_loop().create_future()
            await self._turn

    def _completed(self, batch: Batch) -> None:
        self._complete.append(batch)
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    async def _abandon(self) -> None:
        """Cancels what is under way, and waits until it has ended: nothing goes on that nobody waits for."""
        for batch in self._awaited:
            batch.cancel()
        self._awaited.difference_update(self._complete)
        while self._awaited:
            self._complete.clear()
            await self._next_turn()
            self._awaited.difference_update(self._complete)
