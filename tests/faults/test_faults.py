"""Every row of the fault table: the fault costs its own cases what the table says, and nobody else anything."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import Scene
from tests.faults.server import Question, rightly
from tests.faults.table import BAD, FAULT, PAGE, ROWS, SCENARIOS, SHOWN, TIMEOUT, UNAVAILABLE, Row, never, with_table
from tests.gateway import Gateway
from tests.http.parts import in_parts, together
from tests.http.waiting import until
from tests.issuer import ALVA
from tests.producer import Producer

STATUS = """
  status {
    ... on CaseStatus { title updatedAt completed extension references { title url } }
    ... on StatusUnavailable { reason retryAfterSeconds }
  }
"""
DEFERRED = f"""
  query($id: ID!) {{
    caseGroup(id: $id) {{ cases(first: 100) {{ edges {{ node {{ reference ... @defer {{ {STATUS} }} }} }} }} }}
  }}
"""
WHOLE = DEFERRED.replace("... @defer {", "... {")

Statuses = dict[str, dict[str, Any]]


def by_reference(data: Any) -> Statuses:
    nodes = [edge["node"] for edge in data["caseGroup"]["cases"]["edges"]]
    return {node["reference"]: node.get("status") for node in nodes}


def outcome(status: dict[str, Any]) -> str:
    return str(status.get("reason", SHOWN))


async def asked(gateway: Gateway, group: Any) -> Statuses:
    return by_reference((await gateway.query(WHOLE, id=group["id"])).data)


def a_case(producer: Producer, reference: str) -> dict[str, Any]:
    return producer.case(reference, completed=False, extension=None, references=[{"title": "Mer", "url": None}])


def complete(producer: Producer, reference: str) -> dict[str, Any]:
    return {
        "title": producer.statuses[reference]["title"],
        "updatedAt": "2026-03-01T08:30:00Z",
        "completed": False,
        "extension": None,
        "references": [{"title": "Mer", "url": None}],
    }


async def nothing_is_left(scene: Scene, tasks: set[asyncio.Task[Any]]) -> None:
    """Neither a task nor a connection."""
    await until(lambda: not any(producer.connections for producer in scene.producers))
    await until(lambda: asyncio.all_tasks() <= tasks)


def told(logged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the log has to say against the producer; nothing in it may be an error or somebody's number."""
    assert [line for line in logged if line["log_level"] in {"error", "critical"}] == []
    assert ALVA not in str(logged)
    return [line for line in logged if line["log_level"] == "warning" and line.get("producer") == "tax-agency"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_fault_costs_its_own_cases_alone(
    scene: Scene, row: Row, logged: list[dict[str, Any]], record_property: Callable[[str, object], None]
) -> None:
    city, office = scene.others
    group = await scene.gateway.a_group_with(
        a_case(scene.faulty, "T-1"), a_case(city, "C-1"), a_case(office, "R-1"), a_case(scene.faulty, "T-2")
    )
    tasks = asyncio.all_tasks()
    scene.faulty.fault = row.fault
    for producer in scene.others:
        producer.release.set()
    began = time.monotonic()

    async with in_parts(scene.gateway, DEFERRED, id=group["id"]) as parts:
        received = [await parts.next()]
        # The fault happens when the caller has the others' statuses, and not before: were they held back by it, or
        # asked for after it, this would not end.
        while not said_of(received) >= {"C-1", "R-1"}:
            received.append(await parts.next())
        scene.faulty.release.set()
        received += await parts.all()

    statuses = by_reference(together(received))
    assert list(statuses) == ["T-1", "C-1", "R-1", "T-2"]
    assert statuses["C-1"] == complete(city, "C-1")
    assert statuses["R-1"] == complete(office, "R-1")
    assert (outcome(statuses["T-1"]), outcome(statuses["T-2"])) == (row.first, row.second)
    assert statuses["T-1"].get("retryAfterSeconds") == row.retry_after
    assert (scene.faulty.requests, city.requests, office.requests) == (row.requests, 1, 1)
    await nothing_is_left(scene, tasks)
    lines = told(logged)
    if row.log == BAD:
        assert [line["event"] for line in lines] == [BAD]
    elif row.log is not None:
        (line,) = lines
        assert (line["event"], line["outcome"]) == ("producer.asked", row.first)
        assert row.log in line["problem"]
    else:
        assert {line["event"] for line in lines} <= {"producer.batch_split"}
    record_property("fault", row.name)
    record_property("outcome", row.outcome.replace("`", ""))
    record_property("milliseconds", round((time.monotonic() - began) * 1000))
    record_property("others", "complete, and first")


def said_of(parts: list[Any]) -> set[str]:
    """The references of the cases whose status is there."""
    places = {one["id"]: one["path"] for part in parts for one in part.get("pending", ())}
    edges = parts[0]["data"]["caseGroup"]["cases"]["edges"]
    delivered = [places[one["id"]] for part in parts for one in part.get("incremental", ())]
    return {edges[path[3]]["node"]["reference"] for path in delivered}


def scenario(name: str) -> Callable[[Any], Any]:
    """Marks the test of a row that takes more than one question."""
    assert name in SCENARIOS
    return pytest.mark.parametrize("name", [name])


@pytest.fixture
def recorded(name: str, record_property: Callable[[str, object], None]) -> None:
    """The scenario, for `make test-faults`."""
    record_property("fault", name)
    record_property("outcome", SCENARIOS[name].replace("`", ""))
    record_property("milliseconds", "")
    record_property("others", "complete")


def released(scene: Scene) -> None:
    for producer in scene.producers:
        producer.release.set()


@scenario("one poisoned case in a batch of 60")
async def test_one_poisoned_case_costs_one_case(scene: Scene, recorded: None, logged: list[dict[str, Any]]) -> None:
    released(scene)
    city = scene.others[0]
    references = [f"T-{number}" for number in range(60)]
    group = await scene.gateway.a_group_with(*(a_case(scene.faulty, one) for one in references), a_case(city, "C-1"))

    async def poisoned(question: Question) -> None:
        if "T-37" in question.references:
            await question.answer_json({"data": None, "errors": [{"message": "Oj"}]}, "500 Oj")
        else:
            await rightly(question)

    scene.faulty.fault = poisoned
    statuses = await asked(scene.gateway, group)

    assert {one: outcome(statuses[one]) for one in references} == {
        one: FAULT if one == "T-37" else SHOWN for one in references
    }
    assert statuses["C-1"] == complete(city, "C-1")
    assert scene.faulty.requests <= 13
    assert [line["event"] for line in told(logged)] == ["producer.batch_split"]


@scenario("alternating good and bad")
async def test_a_producer_that_is_up_and_down_is_shown_when_it_is_up(scene: Scene, recorded: None) -> None:
    released(scene)
    city = scene.others[0]
    group = await scene.gateway.a_group_with(a_case(scene.faulty, "T-1"), a_case(city, "C-1"))

    async def by_turns(question: Question) -> None:
        if question.number % 2:
            await question.answer(b"", "503 Oj")
        else:
            await rightly(question)

    scene.faulty.fault = by_turns
    seen = [await asked(scene.gateway, group) for _ in range(6)]

    assert [outcome(statuses["T-1"]) for statuses in seen] == [SHOWN, UNAVAILABLE] * 3
    assert all(statuses["C-1"] == complete(city, "C-1") for statuses in seen)


@pytest.mark.settings(producer_breaker_min_requests=3, producer_breaker_open_seconds=2)
@scenario("breaker open, half-open, closed again")
async def test_a_breaker_opens_and_closes_again(scene: Scene, recorded: None, logged: list[dict[str, Any]]) -> None:
    released(scene)
    city = scene.others[0]
    group = await scene.gateway.a_group_with(a_case(scene.faulty, "T-1"), a_case(city, "C-1"))

    async def down(question: Question) -> None:
        await question.answer(b"", "502 Oj")

    scene.faulty.fault = down
    failed = [await asked(scene.gateway, group) for _ in range(5)]
    requests = scene.faulty.requests
    scene.faulty.fault = rightly

    async def is_closed() -> bool:
        failed.append(await asked(scene.gateway, group))
        return "producer.breaker_closed" in [line["event"] for line in logged]

    await until(is_closed)

    assert requests == 3
    assert [outcome(statuses["T-1"]) for statuses in failed[:5]] == [UNAVAILABLE] * 5
    assert outcome(failed[-1]["T-1"]) == SHOWN
    assert all(statuses["C-1"] == complete(city, "C-1") for statuses in failed)
    assert [line["event"] for line in logged if "breaker" in line["event"]] == [
        "producer.breaker_opened",
        "producer.breaker_closed",
    ]


@scenario("all three producers down")
async def test_without_any_producer_every_case_is_still_there(scene: Scene, recorded: None) -> None:
    group = await scene.gateway.a_group_with(*(a_case(one, f"{one.id[0].upper()}-1") for one in scene.producers))
    tasks = asyncio.all_tasks()
    for producer in scene.producers:
        await producer.stop()

    statuses = await asked(scene.gateway, group)

    assert {reference: outcome(status) for reference, status in statuses.items()} == {
        "T-1": UNAVAILABLE,
        "M-1": UNAVAILABLE,
        "C-1": UNAVAILABLE,
    }
    await nothing_is_left(scene, tasks)


@pytest.mark.settings(producer_breaker_min_requests=1_000)
@scenario("the gateway is overloaded while one hangs")
async def test_a_crowd_waits_for_nobody_but_the_one_that_hangs(scene: Scene, recorded: None) -> None:
    released(scene)
    city, office = scene.others
    group = await scene.gateway.a_group_with(a_case(scene.faulty, "T-1"), a_case(city, "C-1"), a_case(office, "R-1"))
    await asked(scene.gateway, group)
    tasks = asyncio.all_tasks()
    scene.faulty.fault = never

    seen = await asyncio.gather(*(asked(scene.gateway, group) for _ in range(24)))

    outcomes = [outcome(statuses["T-1"]) for statuses in seen]
    assert set(outcomes) == {TIMEOUT, UNAVAILABLE}
    assert scene.faulty.requests == 1 + outcomes.count(TIMEOUT)
    for statuses in seen:
        assert (statuses["C-1"], statuses["R-1"]) == (complete(city, "C-1"), complete(office, "R-1"))
    await nothing_is_left(scene, tasks)


def test_the_page_has_the_table_as_it_is_tested() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert text == with_table(text), "docs/availability.md is not what the tests say: make docs"
    assert re.search(r"^# ", text)
