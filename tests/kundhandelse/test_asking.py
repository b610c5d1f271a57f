"""The adapter between a gateway's questions and a producer's interface: what is asked, how often, and what of it."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from subgraphs.kundhandelse.simulator import Simulation
from subgraphs.kundhandelse.upstream import OPERATION
from tests.kundhandelse.adapter import (
    ALVA,
    BJORN,
    COMPANY,
    EVERY_FIELD,
    KEY,
    Adapter,
    event,
    running_adapter,
    serving,
)
from tests.subgraphs.gateway import Gateway

UNAVAILABLE, REFUSED, FAULT = "SERVICE_UNAVAILABLE", "FORBIDDEN", "UPSTREAM_FAULT"


async def test_the_newest_event_of_a_case_is_its_status(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event("A", 9), event("A", 11, tidpunkt="2026-09-02T01:00:00Z"), event("A", 10), event("B", 23)]

    answer = await adapter.ask("A", fields=EVERY_FIELD)

    assert answer.body == {
        "data": {
            "_entities": [
                {
                    "reference": "A",
                    "status": {
                        "code": "TESTKOP.BYGGLOV.INKOMMEN",
                        "codeSystem": None,
                        "title": "A kl 11",
                        "description": "Vi har tagit emot ansökan.",
                        "language": "sv",
                        "updatedAt": "2026-09-02T01:00:00+00:00",
                        "expectedAt": None,
                        "requiresCustomerAction": False,
                        "completed": False,
                        "references": [{"title": "diarienummer", "url": None, "value": "A"}],
                        "extension": None,
                    },
                }
            ]
        }
    }


async def test_a_batch_is_one_question(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event("A"), event("C"), event("B", customer=BJORN)]

    answer = await adapter.ask("C", "unknown", "A", "B", "C")

    assert answer.titles == ["C kl 9", None, "A kl 9", None, "C kl 9"]
    (asked,) = producer.asked
    assert [part["arende"]["identifierare"] for part in asked.body["fraga"]["parter"]] == ["C", "unknown", "A", "B"]


@pytest.mark.parametrize(("cases", "sizes"), [(100, [100]), (101, [1, 100]), (250, [50, 100, 100])])
async def test_more_than_a_hundred_are_split_and_asked_side_by_side(
    adapter: Adapter, producer: Simulation, cases: int, sizes: list[int]
) -> None:
    producer.events = [event(f"D-{number}") for number in range(0, cases, 50)]
    producer.seconds = 0.2

    answer = await adapter.ask(*(f"D-{number}" for number in range(cases)))

    assert producer.most_under_way == len(sizes)
    assert sorted(len(asked.body["fraga"]["parter"]) for asked in producer.asked) == sizes
    assert {place for place, title in enumerate(answer.titles) if title} == set(range(0, cases, 50))


async def test_the_question_is_in_the_interfaces_words(adapter: Adapter, producer: Simulation) -> None:
    await adapter.ask("A")

    (asked,) = producer.asked
    assert asked.body == {
        "fraga": {
            "parter": [
                {
                    "kund": {"identifierare": COMPANY, "typ": "Organisationsnummer"},
                    "arende": {"identifierare": "A", "typ": "Diarienummer"},
                }
            ],
            "kundhandelseTyper": ["TESTKOP.BYGGLOV", "TESTKOP.MILJO", "TESTKOP.MILJO.ANMALAN"],
            "behandling": {
                "sortering": [{"attribut": "TIDPUNKT", "stigande": False}],
                "paginering": {"offset": 0, "limit": 1},
            },
        },
        "anvandare": COMPANY,
    }
    sent = {name: asked.headers[name] for name in ("skv_client_correlation_id", "accept-language", "x-api-key")}
    assert sent == {"skv_client_correlation_id": "req-1", "accept-language": "sv, en;q=0.5", "x-api-key": KEY}
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("claims", "number", "kind", "user"),
    [
        ({"subject": ALVA}, ALVA, "Personnummer", ALVA),
        ({"subject": COMPANY, "act": {"sub": ALVA}}, COMPANY, "Organisationsnummer", ALVA),
        ({"subject": BJORN, "act": {"sub": ALVA, "act": {"sub": COMPANY}}}, BJORN, "Personnummer", ALVA),
    ],
)
async def test_the_party_is_the_subject_and_the_user_is_who_acts(
    adapter: Adapter, producer: Simulation, claims: dict[str, Any], number: str, kind: str, user: str
) -> None:
    await adapter.ask("A", **claims)

    (asked,) = producer.asked
    assert asked.body["fraga"]["parter"][0]["kund"] == {"identifierare": number, "typ": kind}
    assert asked.body["anvandare"] == user


@pytest.mark.parametrize("subject", ["anonymous", "1655999900", "16559999001٠", "1655999900100"])
async def test_a_subject_that_is_no_number_is_never_asked_about(
    adapter: Adapter, producer: Simulation, subject: str
) -> None:
    entities, cases = await adapter.ask("A", "B", subject=subject), await adapter.cases(subject=subject)

    assert entities.titles == ["BAD_USER_INPUT"] * 2
    assert cases.code == "BAD_USER_INPUT"
    assert producer.asked == []


async def test_without_a_good_assertion_nothing_is_asked(adapter: Adapter, producer: Simulation) -> None:
    answer = await adapter.ask("A", aud="https://another.example")

    assert answer.status == 401
    assert producer.asked == []


async def test_a_failed_part_is_the_outcome_of_its_case_alone(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event(reference) for reference in "ABCDE"]
    producer.failing = {"B": 500, "C": 401, "E": 400}

    answer = await adapter.ask(*"ABCDEF")

    assert answer.titles == ["A kl 9", UNAVAILABLE, REFUSED, "D kl 9", FAULT, None]
    assert [entity["reference"] for entity in answer.body["data"]["_entities"] if entity] == ["A", "D", "F"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, FAULT), (401, REFUSED), (404, FAULT), (405, FAULT), (409, FAULT), (415, FAULT), (500, UNAVAILABLE)],
)
async def test_an_error_of_the_whole_is_the_outcome_of_every_case(
    adapter: Adapter, producer: Simulation, status: int, code: str
) -> None:
    producer.status = status

    assert (await adapter.ask("A", "B")).titles == [code, code]
    assert (await adapter.cases()).code == code


@pytest.mark.parametrize(
    ("upstream", "retry_after", "status", "passed_on"),
    [
        (429, "7", 429, "7"),
        (503, "30", 503, "30"),
        (503, "Wed, 21 Oct 2015 07:28:00 GMT", 503, "0"),
        (503, "9" * 30, 503, "86400"),
        (503, "soon", 503, None),
        (503, None, 503, None),
        (500, "7", 503, None),
    ],
)
async def test_a_producer_that_is_down_as_a_whole_is_told_by_http_with_its_retry_after(
    adapter: Adapter, producer: Simulation, upstream: int, retry_after: str | None, status: int, passed_on: str | None
) -> None:
    producer.status, producer.retry_after = upstream, retry_after

    entities, cases = await adapter.ask("A", "B"), await adapter.cases()
    many = await adapter.ask(*(f"D-{number}" for number in range(101)))

    for answer in (entities, cases, many):
        assert (answer.status, answer.retry_after) == (status, passed_on)
    assert entities.titles == [UNAVAILABLE] * 2


async def test_a_date_to_try_again_at_is_passed_on_in_seconds(adapter: Adapter, producer: Simulation) -> None:
    producer.status = 503
    producer.retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    answer = await adapter.ask("A")

    assert 55 <= int(answer.retry_after or "") <= 61


async def test_parts_that_fail_are_not_the_whole_and_neither_is_a_refusal(
    adapter: Adapter, producer: Simulation
) -> None:
    producer.events = [event("A"), event("B")]
    producer.failing = {"A": 503, "B": 503}
    parts = await adapter.ask("A", "B")
    producer.failing, producer.status = {}, 403
    refused = await adapter.ask("A", "B")

    assert (parts.status, parts.titles) == (200, [UNAVAILABLE] * 2)
    assert (refused.status, refused.titles) == (200, [REFUSED] * 2)


async def test_one_event_that_cannot_be_read_costs_its_own_case(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event("A"), event("B", rubrik=None), event("C", tidpunkt="2026-09-01T10:00:00")]

    assert (await adapter.ask("A", "B")).titles == ["A kl 9", FAULT]
    assert (await adapter.ask("A", "C")).titles == ["A kl 9", FAULT]


@pytest.mark.parametrize("query", ["statuses", "cases"])
@pytest.mark.parametrize(("milliseconds", "ending"), [(None, 0.3), ("300", None)])
async def test_the_producer_is_hung_up_on_when_nobody_waits_for_its_answer(
    keys: Gateway, tmp_path: Path, query: str, milliseconds: str | None, ending: float | None
) -> None:
    """By a caller that hangs up after so many seconds, and by one whose time is over after so many milliseconds."""
    hung_up = asyncio.Event()

    async def never(request: Request) -> Response:
        await request.body()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        hung_up.set()
        return Response()

    app = Starlette(routes=[Route(OPERATION, never, methods=["POST"])])
    async with serving(app) as base, running_adapter(keys, base, tmp_path) as adapter:
        adapter.headers = {} if milliseconds is None else {"Request-Timeout": milliseconds}
        asked = adapter.ask("A", "B") if query == "statuses" else adapter.cases()
        try:
            answer = await asyncio.wait_for(asked, ending)
            assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (504, "DEADLINE_EXCEEDED")
        except TimeoutError:
            assert milliseconds is None
        await asyncio.wait_for(hung_up.wait(), 1)


@pytest.mark.parametrize("adapter", [["[limits]\ndeadline = 0.3"]], indirect=True)
async def test_a_slow_producer_is_waited_for_as_long_as_configured(adapter: Adapter, producer: Simulation) -> None:
    producer.seconds = 60
    began = time.monotonic()

    answers = await asyncio.gather(adapter.ask("A", "B"), adapter.cases())

    assert time.monotonic() - began >= 0.3
    assert answers[0].titles == [UNAVAILABLE] * 2
    assert answers[1].code == UNAVAILABLE


async def test_cases_are_the_subjects_by_reference_with_the_type_of_the_longest_prefix(
    adapter: Adapter, producer: Simulation
) -> None:
    producer.events = [
        event("B", 9),
        event("A", 9, kundhandelseTyp="TESTKOP.MILJO.ANMALAN.KLAR"),
        event("C", 10, kundhandelseTyp="TESTKOP.MILJO.TILLSYN.KLAR"),
        event("B", 11, rubrik="Nyast"),
        event("B", 10),
        event("X", 9, customer=BJORN),
        event("Y", 9, kundhandelseTyp="TESTKOP.PARKERING.BESLUT"),
        event("Z", 9, referenser={"annat": "Z"}),
    ]

    answer = await adapter.cases()

    listed = [(edge["node"]["reference"], edge["caseType"]) for edge in answer.body["data"]["cases"]["edges"]]
    titles = [edge["node"]["status"]["title"] for edge in answer.body["data"]["cases"]["edges"]]
    assert listed == [("A", "ANMALAN"), ("B", "BYGGLOV"), ("C", "MILJO")]
    assert titles == ["A kl 9", "Nyast", "C kl 10"]
    assert len(producer.asked) == 1
    assert "arende" not in producer.asked[0].body["fraga"]["parter"][0]


async def test_cases_are_given_a_page_at_a_time(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event(reference) for reference in "EDCBA"]

    pages, arguments = [], "first: 2"
    for _ in range(3):
        pages.append((await adapter.cases(arguments)).body["data"]["cases"])
        arguments = f'first: 2, after: "{pages[-1]["pageInfo"]["endCursor"]}"'

    assert [[edge["node"]["reference"] for edge in page["edges"]] for page in pages] == [["A", "B"], ["C", "D"], ["E"]]
    assert [page["pageInfo"]["hasNextPage"] for page in pages] == [True, True, False]


async def test_all_events_are_gone_through_a_thousand_at_a_time(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event(f"D-{number % 7}", number % 24, kundhandelseId=str(number)) for number in range(2500)]

    answer = await adapter.cases()

    assert [edge["node"]["reference"] for edge in answer.body["data"]["cases"]["edges"]] == [f"D-{n}" for n in range(7)]
    assert [asked.body["fraga"]["behandling"]["paginering"] for asked in producer.asked] == [
        {"offset": offset, "limit": 1000} for offset in (0, 1000, 2000)
    ]


@pytest.mark.parametrize("adapter", [["[limits]\nmax_events = 1000"]], indirect=True)
async def test_more_events_than_are_gone_through_are_told(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event("A", kundhandelseId=str(number)) for number in range(1001)]

    assert (await adapter.cases()).code == FAULT


async def test_cases_are_never_told_in_part(adapter: Adapter, producer: Simulation) -> None:
    producer.events = [event("A"), event("B")]
    producer.failing = {"B": 503}

    assert (await adapter.cases()).code == UNAVAILABLE


async def _other_host(_: Request) -> Response:
    return RedirectResponse("https://other.example/", 307)


async def _html(_: Request) -> Response:
    return Response("<html>", media_type="application/json")


async def _list(_: Request) -> Response:
    return JSONResponse([])


async def _nan(_: Request) -> Response:
    return Response('{"kundhandelser": [NaN]}')


async def _deep(_: Request) -> Response:
    return Response('{"x":' * 5000)


async def _bomb(_: Request) -> Response:
    return Response(gzip.compress(b" " * 20_000_000), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("answering", [_other_host, _html, _list, _nan, _deep, _bomb], ids=lambda one: one.__name__)
async def test_what_is_not_an_answer_of_the_interface_is_a_fault(
    keys: Gateway, tmp_path: Path, answering: Callable[[Request], Awaitable[Response]]
) -> None:
    app = Starlette(routes=[Route(OPERATION, answering, methods=["POST"])])
    async with serving(app) as base, running_adapter(keys, base, tmp_path) as adapter:
        assert (await adapter.ask("A")).titles == [FAULT]


async def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(keys: Gateway, tmp_path: Path) -> None:
    async def drip(_: Request) -> Response:
        async def drops() -> AsyncIterator[bytes]:
            for _ in range(400):
                yield b" "
                await asyncio.sleep(0.05)

        return StreamingResponse(drops())

    app, lines = Starlette(routes=[Route(OPERATION, drip, methods=["POST"])]), ["[limits]", "deadline = 0.3"]
    async with serving(app) as base, running_adapter(keys, base, tmp_path, lines) as adapter:
        assert (await adapter.ask("A")).titles == [UNAVAILABLE]


async def test_a_producer_that_cannot_be_reached_is_unavailable(keys: Gateway, tmp_path: Path) -> None:
    async with running_adapter(keys, "http://127.0.0.1:1", tmp_path) as adapter:
        assert (await adapter.ask("A")).titles == [UNAVAILABLE]
