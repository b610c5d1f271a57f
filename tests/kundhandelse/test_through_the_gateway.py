"""End to end: a portal asks the gateway, the gateway the adapter, a process of its own, and that one the interface."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio

from subgraphs.kundhandelse.simulator import Simulation
from tests.agreements import grant_record, producer_record
from tests.gateway import CONSUMERS, GROUP_WITH_STATUSES, Gateway
from tests.kundhandelse.adapter import ALVA, AUDIENCE, COMPANY, KEY, configuration_file, event
from tests.producer import Producer
from tests.subgraphs.processes import running

ID = "building-committee"
TIMES = 100

EVERYTHING = """
  query Group($id: ID!) {
    caseGroup(id: $id) { cases(first: 10) { edges { node { status { ... on CaseStatus {
      code codeSystem title description language updatedAt expectedAt requiresCustomerAction completed
      references { title url value } extension
    } } } } } }
  }
"""


@dataclass
class Connected:
    """The adapter, as a producer that is connected to the gateway."""

    log: Path

    def case(self, reference: str) -> dict[str, Any]:
        """A case, as an input of addCases."""
        global_id = base64.urlsafe_b64encode(f"Producer:{ID}".encode()).decode().rstrip("=")
        return {"producer": global_id, "caseType": "BYGGLOV", "reference": reference}


@pytest_asyncio.fixture
async def connected(gateway: Gateway, simulated: tuple[Simulation, str], tmp_path: Path) -> AsyncIterator[Connected]:
    path = configuration_file(tmp_path, simulated[1], gateway.url, 'code_system = "https://authority.example/types"')
    log = tmp_path / "adapter.log"
    with ExitStack() as stack:
        _, url = await asyncio.to_thread(stack.enter_context, running("kundhandelse", log, "--config", str(path)))
        await gateway.database["grants"].insert_many([grant_record(one, ID, ["BYGGLOV"]) for one in CONSUMERS])
        record = producer_record(ID, ["BYGGLOV"], endpoint=url, audience=AUDIENCE)
        await gateway.database["producers"].insert_one(record)
        await _until_connected(gateway)
        yield Connected(log)


async def _until_connected(gateway: Gateway) -> None:
    for _ in range(TIMES):
        answer = await gateway.query("{ producers { edges { node { name } } } }")
        if ID.encode() in answer.body:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the gateway did not see the adapter in 5 s")


async def test_every_field_arrives_as_the_producer_has_it(
    gateway: Gateway, connected: Connected, producer: Simulation
) -> None:
    producer.events = [
        event("D-1", 9, ALVA),
        event(
            "D-1",
            10,
            ALVA,
            kundhandelseTyp="TESTKOP.BYGGLOV.KOMPLETTERING_BEGARD",
            producentarendetKraverKundatgard=True,
            utokadInformation={"senastDatum": "2026-09-30", "djup": [{"a": None}]},
            referenser={"diarienummer": "D-1", "sida": "https://authority.example/D-1"},
        ),
    ]
    group = await gateway.a_group_with(connected.case("D-1"))

    answer = await gateway.query(EVERYTHING, id=group["id"])

    (edge,) = answer.data["caseGroup"]["cases"]["edges"]
    assert edge["node"]["status"] == {
        "code": "TESTKOP.BYGGLOV.KOMPLETTERING_BEGARD",
        "codeSystem": "https://authority.example/types",
        "title": "D-1 kl 10",
        "description": "Vi har tagit emot ansökan.",
        "language": "sv",
        "updatedAt": "2026-09-01T08:15:00Z",
        "expectedAt": None,
        "requiresCustomerAction": True,
        "completed": False,
        "references": [
            {"title": "diarienummer", "url": None, "value": "D-1"},
            {"title": "sida", "url": None, "value": "https://authority.example/D-1"},
        ],
        "extension": {"senastDatum": "2026-09-30", "djup": [{"a": None}]},
    }


async def test_every_case_has_an_outcome_of_its_own_and_one_question_is_asked(
    gateway: Gateway, connected: Connected, producer: Simulation, tax: Producer
) -> None:
    producer.events = [event(reference, 9, ALVA) for reference in ("D-1", "D-2", "D-3", "D-4")]
    producer.events.append(event("D-5", 9, COMPANY))
    producer.failing = {"D-2": 503, "D-3": 403, "D-4": 400}
    cases = [connected.case(f"D-{number}") for number in range(1, 6)]
    group = await gateway.a_group_with(tax.case("T-1", title="Granskas"), *cases)

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert answer.statuses() == {
        "T-1": "Granskas",
        "D-1": "D-1 kl 9",
        "D-2": "PRODUCER_UNAVAILABLE",
        "D-3": "PRODUCER_REFUSED",
        "D-4": "PRODUCER_FAULT",
        "D-5": "NO_STATUS",
    }
    assert len(producer.asked) == 1


async def test_the_representative_is_the_user_and_no_log_holds_a_number_or_the_key(
    gateway: Gateway, connected: Connected, producer: Simulation
) -> None:
    producer.events = [event("D-2026-1", 9, COMPANY), event("D-2026-2", 9, COMPANY, rubrik=None)]
    token = gateway.token_for(COMPANY, act={"sub": ALVA})
    group = await gateway.a_group_with(connected.case("D-2026-1"), connected.case("D-2026-2"), token=token)

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"], token=token, request_id="find-me-again")

    assert answer.statuses() == {"D-2026-1": "D-2026-1 kl 9", "D-2026-2": "PRODUCER_FAULT"}
    (asked,) = producer.asked
    assert asked.body["fraga"]["parter"][0]["kund"] == {"identifierare": COMPANY, "typ": "Organisationsnummer"}
    assert asked.body["anvandare"] == ALVA
    assert asked.headers["skv_client_correlation_id"] == "find-me-again"
    log = connected.log.read_text()
    assert "find-me-again" in log
    assert "problem='rubrik: missing'" in log
    assert [secret for secret in (COMPANY, ALVA, COMPANY[2:], ALVA[2:], KEY, "D-2026") if secret in log] == []


async def test_a_producer_that_is_down_is_unavailable(
    gateway: Gateway, connected: Connected, producer: Simulation
) -> None:
    producer.status = 500
    group = await gateway.a_group_with(connected.case("D-1"), connected.case("D-2"))

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert answer.statuses() == {"D-1": "PRODUCER_UNAVAILABLE", "D-2": "PRODUCER_UNAVAILABLE"}


RETRY = """
  query Retry($id: ID!) {
    caseGroup(id: $id) { cases(first: 10) { edges { node { status {
      ... on StatusUnavailable { reason retryAfterSeconds }
    } } } } }
  }
"""


async def test_when_to_try_again_is_passed_on_to_the_portal(
    gateway: Gateway, connected: Connected, producer: Simulation
) -> None:
    producer.status, producer.retry_after = 429, "17"
    group = await gateway.a_group_with(connected.case("D-1"))

    answer = await gateway.query(RETRY, id=group["id"])

    (edge,) = answer.data["caseGroup"]["cases"]["edges"]
    assert edge["node"]["status"] == {"reason": "PRODUCER_UNAVAILABLE", "retryAfterSeconds": 17}
