"""Every row of the fault table: the fault costs its own cases what the table says, and nobody else anything."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gateway.metrics import NOT_ASKED
from gateway.producers.guard import Request
from tests.faults.conftest import FEW_PLACES, Scene
from tests.faults.memory import MOST_BYTES, watched_memory
from tests.faults.server import Question, rightly
from tests.faults.table import BAD, FAULT, PAGE, ROWS, SCENARIOS, SHOWN, TIMEOUT, UNAVAILABLE, Row, never, with_table
from tests.gateway import Gateway
from tests.http.parts import in_parts, together
from tests.http.waiting import until
from tests.issuer import ALVA
from tests.metrics import Samples
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
    before = await scene.metrics()

    with watched_memory() as memory:
        began = time.monotonic()
        received = await asked_in_parts(scene, group)
        took = time.monotonic() - began
        await nothing_is_left(scene, tasks)
        assert await memory.objects_in_the_end() == {}
        assert await memory.bytes_in_the_end() < MOST_BYTES

    statuses = by_reference(together(received))
    assert list(statuses) == ["T-1", "C-1", "R-1", "T-2"]
    assert statuses["C-1"] == complete(city, "C-1")
    assert statuses["R-1"] == complete(office, "R-1")
    assert (outcome(statuses["T-1"]), outcome(statuses["T-2"])) == (row.first, row.second)
    assert statuses["T-1"].get("retryAfterSeconds") == row.retry_after
    assert (scene.faulty.requests, city.requests, office.requests) == (row.requests, 1, 1)
    assert_counted((await scene.metrics()).since(before), row)
    assert_others_are_logged_as_asked(logged)
    lines = told(logged)
    if row.log == BAD:
        assert [line["event"] for line in lines] == [BAD]
    elif row.log is not None:
        (line,) = lines
        assert (line["event"], line["outcome"]) == ("producer.asked", row.first)
        assert row.log in line["problem"]
        assert line["cases"] == 2
        assert line["milliseconds"] <= took * 1000 + 1
    else:
        assert {line["event"] for line in lines} <= {"producer.batch_split"}
    record_property("fault", row.name)
    record_property("outcome", row.outcome.replace("`", ""))
    record_property("milliseconds", round(took * 1000))
    record_property("others", "complete, and first")


async def asked_in_parts(scene: Scene, group: Any) -> list[Any]:
    """The parts of the answer; what the faulty producer does, it does when the caller has the others' statuses."""
    async with in_parts(scene.gateway, DEFERRED, id=group["id"]) as parts:
        received = [await parts.next()]
        # Were they held back by the fault, or asked for after it, this would not end.
        while not said_of(received) >= {"C-1", "R-1"}:
            received.append(await parts.next())
        scene.faulty.release.set()
        return received + await parts.all()


def assert_counted(moved: Samples, row: Row) -> None:
    """The metrics have moved by what the fault cost its own cases, and by two answers of the others."""
    of_statuses = Counter("ok" if outcome == SHOWN else outcome for outcome in (row.first, row.second))
    assert moved.of("gateway_statuses_total") == {
        ("ok", "municipality"): 1,
        ("ok", "companies-registration-office"): 1,
        **{(outcome, "tax-agency"): count for outcome, count in of_statuses.items()},
    }
    assert moved.of("gateway_producer_questions_total") == {
        ("ok", "municipality"): 1,
        ("ok", "companies-registration-office"): 1,
        (row.counted_as, "tax-agency"): row.questions,
    }
    assert moved.of("gateway_producer_retries_total") == ({("tax-agency",): row.retries} if row.retries else {})
    assert moved.of("gateway_producer_request_duration_seconds_count") == {
        ("municipality",): 1,
        ("companies-registration-office",): 1,
        ("tax-agency",): row.questions + row.retries,
    }
    assert moved.of("gateway_operation_duration_seconds_count") == {("ok", "query"): 1}


def assert_others_are_logged_as_asked(logged: list[dict[str, Any]]) -> None:
    """One line for each of the others, which says nothing against it."""
    lines = [line for line in logged if line.get("producer", "tax-agency") != "tax-agency"]
    assert sorted((line["producer"], line["event"], line["log_level"], line["cases"]) for line in lines) == [
        ("companies-registration-office", "producer.asked", "info", 1),
        ("municipality", "producer.asked", "info", 1),
    ]
    assert all("outcome" not in line for line in lines)


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
    before = await scene.metrics()
    statuses = await asked(scene.gateway, group)

    assert {one: outcome(statuses[one]) for one in references} == {
        one: FAULT if one == "T-37" else SHOWN for one in references
    }
    assert statuses["C-1"] == complete(city, "C-1")
    assert scene.faulty.requests <= 13
    assert [line["event"] for line in told(logged)] == ["producer.batch_split"]
    moved = (await scene.metrics()).since(before)
    assert moved.of("gateway_statuses_total") == {
        (FAULT, "tax-agency"): 1,
        ("ok", "tax-agency"): 59,
        ("ok", "municipality"): 1,
    }
    assert sum(moved.of("gateway_producer_questions_total").values()) == scene.faulty.requests + 1


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
    before = await scene.metrics()
    seen = [await asked(scene.gateway, group) for _ in range(6)]

    assert [outcome(statuses["T-1"]) for statuses in seen] == [SHOWN, UNAVAILABLE] * 3
    assert all(statuses["C-1"] == complete(city, "C-1") for statuses in seen)
    assert (await scene.metrics()).since(before).of("gateway_producer_questions_total") == {
        ("ok", "tax-agency"): 3,
        (UNAVAILABLE, "tax-agency"): 3,
        ("ok", "municipality"): 6,
    }


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
    while_open = await scene.metrics()
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
    assert while_open.of("gateway_producer_questions_total") == {
        (UNAVAILABLE, "tax-agency"): 3,
        (NOT_ASKED, "tax-agency"): 2,
        ("ok", "municipality"): 5,
    }
    assert while_open.of("gateway_producer_breaker_opened_total") == {("tax-agency",): 1}
    assert while_open.of("gateway_producer_breaker_state") == {("tax-agency", "open"): 1, ("municipality", "closed"): 1}
    in_the_end = (await scene.metrics()).since(while_open)
    assert in_the_end.of("gateway_producer_breaker_state") == {("tax-agency", "open"): -1, ("tax-agency", "closed"): 1}
    assert in_the_end.of("gateway_producer_breaker_opened_total") == {}


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
    assert (await scene.metrics()).of("gateway_statuses_total") == {
        (UNAVAILABLE, producer.id): 1 for producer in scene.producers
    }


@pytest.mark.settings(producer_breaker_min_requests=1_000)
@scenario("the gateway is overloaded while one hangs")
async def test_a_crowd_waits_for_nobody_but_the_one_that_hangs(scene: Scene, recorded: None) -> None:
    released(scene)
    city, office = scene.others
    group = await scene.gateway.a_group_with(a_case(scene.faulty, "T-1"), a_case(city, "C-1"), a_case(office, "R-1"))
    await asked(scene.gateway, group)
    tasks = asyncio.all_tasks()
    scene.faulty.fault = never
    before = await scene.metrics()

    seen = await asyncio.gather(*(asked(scene.gateway, group) for _ in range(24)))

    outcomes = [outcome(statuses["T-1"]) for statuses in seen]
    assert set(outcomes) == {TIMEOUT, UNAVAILABLE}
    assert scene.faulty.requests == 1 + outcomes.count(TIMEOUT)
    for statuses in seen:
        assert (statuses["C-1"], statuses["R-1"]) == (complete(city, "C-1"), complete(office, "R-1"))
    await nothing_is_left(scene, tasks)
    after = await scene.metrics()
    assert after.since(before).of("gateway_producer_questions_total") == {
        (TIMEOUT, "tax-agency"): outcomes.count(TIMEOUT),
        (NOT_ASKED, "tax-agency"): outcomes.count(UNAVAILABLE),
        ("ok", "municipality"): 24,
        ("ok", "companies-registration-office"): 24,
    }
    assert after.of("gateway_producer_places")["tax-agency",] == FEW_PLACES["maxConnections"]
    assert after.of("gateway_producer_places_taken") == {}


def test_what_is_left_in_memory_is_found() -> None:
    with watched_memory() as memory:
        left = [Request(b" " * MOST_BYTES, assertion=str, cases=1)]

        assert memory.objects() == {"Request": 1}
        assert memory.bytes() > MOST_BYTES
        left.clear()
        assert memory.objects() == {}
        assert memory.bytes() < MOST_BYTES


def test_the_page_has_the_table_as_it_is_tested() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert text == with_table(text), "docs/availability.md is not what the tests say: make docs"
    assert re.search(r"^# ", text)
