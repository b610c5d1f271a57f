"""What running an operation costs by itself: CPU time of graphql-core's executor and of the engine, side by side.

A group of 20, 100 and 1,000 cases with title, code and time of each status, by the real schema and its resolvers; the
group and the statuses come from memory, through a dataloader as in production. `python -m tests.bench.execution`
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, OperationDefinitionNode, parse
from graphql.execution import experimental_execute_incrementally
from rich.console import Console

from gateway.disclosure.operation import ToldStatuses
from gateway.execution.breadth_first.engine import executed
from gateway.execution.breadth_first.plans import Plans
from gateway.model import case_group as model
from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseKey, GroupId
from gateway.model.producer import ProducerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.model.status import StatusAnswer, StatusSelection
from gateway.policy.requirements import read_requirements
from gateway.policy.statuses import Decision
from gateway.schema.case import Case, case_connection
from gateway.schema.case_group import CaseGroup
from gateway.schema.context import Context
from gateway.schema.ids import group_global_id
from gateway.schema.paging import PageRequest
from gateway.schema.schema import build_schema, executable, printed
from gateway.schema.status import CaseStatus, status_results
from tests.bench.ratios import confidence

SIZES = (20, 100, 1_000)
ROUNDS = 41
CASES_A_ROUND = 4_000
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUERY = """
query ($id: ID!, $first: Int!) {
  caseGroup(id: $id) {
    title
    cases(first: $first) {
      edges { node { reference status {
        ... on CaseStatus { title code updatedAt }
        ... on StatusUnavailable { reason message }
      } } }
    }
  }
}
"""
PORTAL = ConsumerId("portal")
GROUP = GroupId("0123456789abcdef01234567")
ANSWER = StatusAnswer({"title": "Under handläggning", "code": "HANDLAGGS", "updatedAt": NOW}, NOW)


class _Groups:
    def __init__(self, group: model.CaseGroup) -> None:
        self._group = group

    async def load(self, _: GroupId) -> model.CaseGroup:
        await asyncio.sleep(0)
        return self._group


class _Statuses:
    async def statuses(
        self, cases: Sequence[tuple[model.CaseGroup, model.Case]], _: StatusSelection
    ) -> list[ToldStatuses]:
        await asyncio.sleep(0)
        places = list(range(len(cases)))
        return [ToldStatuses(cases[0][0], Decision(), places, [case for _, case in cases], [ANSWER] * len(cases))]


class _Record:
    async def statuses(self, _: Sequence[ToldStatuses]) -> bool:
        return True


@dataclass(slots=True)
class _Caller:
    subject_id: str = "subject"
    consumer: ConsumerId = PORTAL


def group_of(cases: int) -> model.CaseGroup:
    """A group with so many cases."""
    return model.CaseGroup(
        id=GROUP,
        owner=PORTAL,
        title="Starta kafé",
        purpose=Purpose(InformationArea.TAXES, "filing-vat"),
        cases=tuple(
            model.Case(number, CaseKey(ProducerId("tax-agency"), f"SKV-{number}"), "MOMS", None, NOW)
            for number in range(1, cases + 1)
        ),
        next_case_number=cases + 1,
        revision=1,
        created_at=NOW,
        updated_at=NOW,
        retain_until=NOW + timedelta(days=1),
    )


def runners(cases: int) -> dict[str, Callable[[], Awaitable[ExecutionResult]]]:
    """Both ways to run the operation."""
    portal_schema = build_schema()
    schema = executable(portal_schema)
    requirements = read_requirements(printed(portal_schema), guard_introspection=True)
    document = parse(QUERY)
    plans = Plans(schema, document)
    operation = cast(OperationDefinitionNode, document.definitions[0])
    group = group_of(cases)
    variables = {"id": group_global_id(GROUP), "first": cases}

    def context() -> Context:
        made: dict[str, Any] = dict.fromkeys(Context.__dataclass_fields__)
        made |= {
            "visible_groups": _Groups(group),
            "statuses": _Statuses(),
            "record": _Record(),
            "page_max_size": cases,
            "selections": {},
        }
        return Context(**{**made, "caller": _Caller(), "requirements": requirements})

    async def standard() -> ExecutionResult:
        answer = experimental_execute_incrementally(
            schema, document, context_value=context(), variable_values=dict(variables), enable_early_execution=True
        )
        return cast(ExecutionResult, await answer if isawaitable(answer) else answer)

    async def engine() -> ExecutionResult:
        answer = await executed(
            schema,
            plans,
            operation,
            variables=variables,
            context=context(),
            hide_suggestions=True,
            is_let_in=lambda: True,
        )
        assert answer is not None
        return answer

    async def by_hand() -> ExecutionResult:
        """What both call, called by a function that knows the operation: no executor costs less."""
        said = context()
        group = await said.visible_groups.load(GROUP)
        assert group is not None
        shown = CaseGroup.of(group)
        page = case_connection(said, shown._group, PageRequest(cases, None, None, None, cases, cases))
        told = await _told(said, [edge.node for edge in page.edges])
        edges = [
            {"node": {"reference": edge.node._case.key.reference, "status": status}}
            for edge, status in zip(page.edges, told, strict=True)
        ]
        return ExecutionResult({"caseGroup": {"title": group.title, "cases": {"edges": edges}}}, None)

    return {"standard": standard, "engine": engine, "by hand": by_hand}


async def _told(context: Context, cases: Sequence[Case]) -> list[dict[str, Any]]:
    of_groups = [(case._group, case._case) for case in cases]
    (of_all,) = told = await context.statuses.statuses(of_groups, StatusSelection())
    assert await context.record.statuses(told)
    statuses = status_results(of_all.outcomes, of_all.decision.withheld, context)
    return [
        {"title": said["title"], "code": said["code"], "updatedAt": said["updatedAt"]}
        for said in (cast(CaseStatus, status)._said for status in statuses)
    ]


async def measured(cases: int) -> dict[str, list[float]]:
    """CPU milliseconds an operation, of each way in each round."""
    ways = runners(cases)
    answers = {name: await run() for name, run in ways.items()}
    assert answers["standard"].errors is None, answers["standard"].errors
    assert all(answer == answers["standard"] for answer in answers.values())
    operations = max(CASES_A_ROUND // cases, 1)
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name in ways if number % 2 else reversed(ways):
            gc.collect()
            began = time.process_time()
            for _ in range(operations):
                await ways[name]()
            costs[name].append((time.process_time() - began) * 1000 / operations)
    return costs


def main() -> None:
    """Measures, and prints medians and the ratio with its 95 % confidence."""
    console = Console(highlight=False)
    for cases in SIZES:
        costs = asyncio.run(measured(cases))
        standard, engine, by_hand = costs["standard"], costs["engine"], costs["by hand"]
        whole = [one / other for one, other in zip(standard, engine, strict=True)]
        alone = [
            (one - least) / (other - least)
            for one, other, least in zip(standard, engine, by_hand, strict=True)
            if other > least
        ]
        console.print(
            f"{cases:>5} cases: standard {_ms(standard)}, engine {_ms(engine)}, by hand {_ms(by_hand)}; "
            f"standard / engine {_ratio(whole)}, and without what both call {_ratio(alone)}"
        )


def _ms(costs: list[float]) -> str:
    return f"{statistics.median(costs):.3f} ms"


def _ratio(ratios: list[float]) -> str:
    low, high = confidence(ratios)
    return f"{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
