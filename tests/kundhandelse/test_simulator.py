"""The simulator keeps to the interface's rules, so that the adapter is tested against them."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientSession

from subgraphs.kundhandelse.simulator import Simulation
from subgraphs.kundhandelse.upstream import OPERATION
from tests.kundhandelse.adapter import BJORN, COMPANY, KEY, event

KUND = {"identifierare": COMPANY, "typ": "Organisationsnummer"}
HEADERS = {"X-API-Key": KEY, "skv_client_correlation_id": "1", "Accept-Language": "sv"}


def question(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A question about these parties, or the company."""
    return {"fraga": {"parter": list(parts) or [{"kund": KUND}], **more}, "anvandare": COMPANY}


async def ask(simulated: tuple[Simulation, str], body: Any, **headers: str) -> tuple[int, Any]:
    sent = {name: value for name, value in {**HEADERS, **headers}.items() if value}
    async with ClientSession() as session, session.post(simulated[1] + OPERATION, json=body, headers=sent) as response:
        return response.status, await response.json()


def ids(answer: tuple[int, Any]) -> list[str]:
    (entry,) = answer[1]["kundhandelser"]
    return [one["kundhandelseId"] for one in entry["kundhandelserForPart"]]


async def test_without_sorting_the_newest_event_comes_first(simulated: tuple[Simulation, str]) -> None:
    simulated[0].events = [event("A", 9), event("B", 11), event("A", 10), event("C", 12, BJORN)]

    answer = await ask(simulated, question())

    assert ids(answer) == ["B-11", "A-10", "A-9"]
    assert answer[1]["delfragor"] == [
        {"producent": "Testköpings kommun", "part": {"kund": KUND}, "status": "OK", "httpCode": 200}
    ]


async def test_pages_say_how_many_there_are_in_all(simulated: tuple[Simulation, str]) -> None:
    simulated[0].events = [event("A", hour) for hour in range(5)]
    treatment = {
        "sortering": [{"attribut": "TIDPUNKT", "stigande": True}],
        "paginering": {"offset": 3, "limit": 1},
    }

    answer = await ask(simulated, question(behandling=treatment))

    assert ids(answer) == ["A-3"]
    assert answer[1]["kundhandelser"][0]["totaltAntalKundhandelser"] == 5


async def test_customer_and_case_must_both_match_and_types_match_by_prefix(simulated: tuple[Simulation, str]) -> None:
    simulated[0].events = [event("A"), event("B"), event("A", 10, kundhandelseTyp="TESTKOP.BYGGLOVET.X")]
    part = {"kund": KUND, "arende": {"identifierare": "A", "typ": "Diarienummer"}}

    assert ids(await ask(simulated, question(part, kundhandelseTyper=["TESTKOP.BYGGLOV"]))) == ["A-9"]
    assert ids(await ask(simulated, question({**part, "kund": {**KUND, "identifierare": BJORN}}))) == []


async def test_a_case_that_fails_makes_the_answer_partial(simulated: tuple[Simulation, str]) -> None:
    simulated[0].events, simulated[0].failing = [event("A")], {"A": 503}

    status, content = await ask(simulated, question())

    assert (status, content["kundhandelser"]) == (206, [])
    assert [(row["status"], row["httpCode"]) for row in content["delfragor"]] == [("FEL", 503)]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (question(), {"X-API-Key": "another"}, 401),
        (question(), {"skv_client_correlation_id": ""}, 400),
        (question(), {"skv_client_correlation_id": "x" * 201}, 400),
        (question(), {"Content-Type": "text/plain"}, 415),
        ({"fraga": {"parter": []}, "anvandare": COMPANY}, {}, 400),
        ({"fraga": {"parter": [{"kund": KUND}]}}, {}, 400),
        ([], {}, 400),
        (question(*[{"kund": KUND}] * 101), {}, 400),
        (question({"typ": "ingen"}), {}, 400),
        (question(kundhandelseTyper=["A.B.C"] * 101), {}, 400),
        (question(behandling={"paginering": {"offset": 0, "limit": 1}}), {}, 400),
        (question(behandling={"sortering": [{}], "paginering": {"offset": 0, "limit": 1001}}), {}, 400),
    ],
)
async def test_a_question_that_breaks_a_rule_is_refused_with_a_message(
    simulated: tuple[Simulation, str], body: Any, headers: dict[str, str], status: int
) -> None:
    answer = await ask(simulated, body, **headers)

    assert answer[0] == status
    assert list(answer[1]) == ["message"]
