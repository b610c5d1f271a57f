"""What a producer lets be used again is used again for the very same question, for as long as it says, and no wider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from gateway.model.purpose import InformationArea, Purpose
from gateway.model.status import StatusAnswer, StatusSelection
from gateway.producers.reuse import BYTES_BESIDE, LONGEST_REUSE, Asked, ReusableAnswers
from tests.gateway import Gateway
from tests.http.waiting import until
from tests.producer import Behaviour, Producer
from tests.producers.asking import a_group_for, raw
from tests.producers.clock import Clock

TAXES = Purpose(InformationArea.TAXES, None)
FILING = Purpose(InformationArea.TAXES, "filing-vat")
ASKED = Asked(
    producer="tax-agency",
    endpoint="https://tax.example/graphql",
    subject="A",
    actors=("B",),
    consumer="portal",
    purpose=TAXES,
    selection=StatusSelection(fields=("title",)),
    accept_language="sv",
)
ANSWER = StatusAnswer({"title": "Granskas"}, datetime(2026, 3, 2, 10, 0, tzinfo=UTC))


def kept(clock: Clock, most_bytes: int = 100_000, max_age: int = 60) -> ReusableAnswers:
    answers = ReusableAnswers(most_bytes, clock)
    answers.keep(ASKED, "T-1", ANSWER, since=clock(), max_age=max_age, size=100)
    return answers


def test_the_same_question_gets_the_same_answer_and_is_told_so() -> None:
    found = kept(Clock()).found(ASKED, "T-1")

    assert found == ANSWER._replace(reused=True)


@pytest.mark.parametrize(
    "other",
    [
        {"producer": "municipality"},
        {"endpoint": "https://elsewhere.example/graphql"},
        {"subject": "B"},
        {"actors": ()},
        {"actors": ("B", "C")},
        {"consumer": "program"},
        {"purpose": FILING},
        {"selection": StatusSelection(fields=("code", "title"))},
        {"selection": StatusSelection()},
        {"accept_language": "en"},
    ],
)
def test_another_question_does_not(other: dict[str, Any]) -> None:
    assert kept(Clock()).found(ASKED._replace(**other), "T-1") is None


def test_nor_does_another_case() -> None:
    assert kept(Clock()).found(ASKED, "T-2") is None


@pytest.mark.parametrize(("max_age", "seconds"), [(60, 60), (10**8, LONGEST_REUSE)])
def test_it_lasts_as_long_as_the_producer_says_and_not_for_ever(max_age: int, seconds: int) -> None:
    clock = Clock()
    answers = kept(clock, max_age=max_age)

    clock.after(seconds - 1)
    assert answers.found(ASKED, "T-1")
    clock.after(1)

    assert answers.found(ASKED, "T-1") is None


def test_memory_is_bounded_and_an_answer_larger_than_it_is_not_kept() -> None:
    clock = Clock()
    answers = kept(clock, most_bytes=3 * BYTES_BESIDE)
    for number in range(2, 50):
        answers.keep(ASKED, f"T-{number}", ANSWER, since=clock(), max_age=60, size=1)
    answers.keep(ASKED, "T-50", ANSWER, since=clock(), max_age=60, size=10_000)

    found = [number for number in range(1, 51) if answers.found(ASKED, f"T-{number}")]

    assert found == [48, 49]


STATUSES = """
  query Group($id: ID!) {
    caseGroup(id: $id) { cases(first: 9) { edges { node { status {
      ... on CaseStatus { title fetchedAt reused } ... on StatusUnavailable { reason }
    } } } } }
  }
"""


def cacheable(producer: Producer, cache_control: str, **headers: str) -> Behaviour:
    async def behave(request: web.Request) -> web.StreamResponse:
        answer = producer.correct_answer(await request.json())
        return web.json_response(answer, headers={"Cache-Control": cache_control, **headers})

    return behave


async def asked_twice(gateway: Gateway, group: dict[str, Any], **second: Any) -> tuple[Any, Any]:
    answers = [await gateway.query(STATUSES, id=group["id"], **more) for more in ({}, second)]
    first, again = ([edge["node"]["status"] for edge in a.data["caseGroup"]["cases"]["edges"]] for a in answers)
    return first, again


async def test_an_answer_is_used_again_where_the_producer_allows_it(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), tax.case("T-2"))
    tax.behaviour = cacheable(tax, "private, max-age=60")

    first, again = await asked_twice(gateway, group)

    assert tax.requests == 1
    assert [status["reused"] for status in (*first, *again)] == [False, False, True, True]
    assert [status["fetchedAt"] for status in first] == [status["fetchedAt"] for status in again]


@pytest.mark.parametrize(
    "headers",
    [
        {"cache_control": "no-store, max-age=60"},
        {"cache_control": "no-cache, max-age=60"},
        {"cache_control": "max-age=0"},
        {"cache_control": "max-age=soon"},
        {"cache_control": "max-age=-1"},
        {"cache_control": "s-maxage=60"},
        {"cache_control": "max-age=60", "Age": "60"},
        {"cache_control": "max-age=60", "Vary": "*"},
        {"cache_control": "max-age=60", "Vary": "Accept-Language, *"},
    ],
    ids=str,
)
async def test_without_leave_it_is_asked_for_again(gateway: Gateway, tax: Producer, headers: dict[str, str]) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    tax.behaviour = cacheable(tax, **headers)

    _, again = await asked_twice(gateway, group)

    assert (tax.requests, again[0]["reused"]) == (2, False)


async def test_what_failed_is_not_used_again(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    tax.behaviour = raw("{}", Cache_Control="max-age=60")

    await asked_twice(gateway, group)

    assert tax.requests == 2


async def test_another_language_and_another_purpose_are_other_questions(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    other = await a_group_for(gateway, {"event": None}, tax.case("T-1"))
    tax.behaviour = cacheable(tax, "max-age=60")

    await asked_twice(gateway, group, language="en")
    await asked_twice(gateway, other)

    assert tax.requests == 3


async def test_what_was_withdrawn_meanwhile_is_withheld_however_fresh_it_is(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    tax.behaviour = cacheable(tax, "max-age=60")
    await gateway.query(STATUSES, id=group["id"])
    await gateway.database["grants"].delete_many({"producer": tax.id})

    async def is_withdrawn() -> bool:
        answer = await gateway.query(STATUSES, id=group["id"])
        return bool(answer.data["caseGroup"]["cases"]["edges"][0]["node"]["status"] == {"reason": "NOT_PERMITTED"})

    await until(is_withdrawn)

    assert tax.requests == 1
