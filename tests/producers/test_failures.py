"""A producer that answers wrongly, late or not at all costs its own statuses, and nobody else's."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from gateway.producers.answers import Answer, read_answer
from tests.gateway import Gateway
from tests.http.waiting import until
from tests.producer import Behaviour, Producer, answering
from tests.producers.asking import (
    OUTCOMES,
    Silence,
    as_json,
    changing,
    complete,
    hang_up,
    hang_up_in_a_chunk,
    hang_up_in_the_body,
    hang_up_in_the_headers,
    outcomes_of,
    raw,
    reasons_of,
    speak_another_language,
    zipped,
)

UNAVAILABLE, FAULT, REFUSED = "PRODUCER_UNAVAILABLE", "PRODUCER_FAULT", "PRODUCER_REFUSED"
RIGHT = as_json({"data": {"_entities": [None, None]}})
LIMIT = 20_000

errors_alone = answering({"data": None, "errors": [{"message": "fel"}]})
errors_alone_with_500 = answering({"errors": [{"message": "fel"}]}, status=500)

MORE_THAN_ONE_REQUEST = {
    hang_up: 2,  # nothing came: tried once more
    errors_alone: 3,  # failed as a whole: each case by itself
    errors_alone_with_500: 3,
}


async def assert_only_tax_fails(
    gateway: Gateway, tax: Producer, city: Producer, reason: str, retry_after: int | None = None
) -> None:
    """Both of the tax agency's cases have this outcome, and those of the municipality their statuses, whole."""
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"), tax.case("T-2"), city.case("C-2"))

    outcomes = await outcomes_of(gateway, group, language="en")

    assert list(outcomes) == ["T-1", "C-1", "T-2", "C-2"]
    assert outcomes["C-1"] == complete(city, "C-1")
    assert outcomes["C-2"] == complete(city, "C-2")
    for reference in ("T-1", "T-2"):
        assert outcomes[reference]["reason"] == reason
        assert outcomes[reference]["retryAfterSeconds"] == retry_after
        assert outcomes[reference]["message"].endswith(".")
        assert outcomes[reference]["requestId"]


@pytest.mark.settings(producer_max_response_bytes=LIMIT)
@pytest.mark.parametrize(
    ("behaviour", "reason", "retry_after"),
    [
        pytest.param(hang_up, UNAVAILABLE, None, id="hangs up"),
        pytest.param(hang_up_in_the_headers, UNAVAILABLE, None, id="hangs up in the headers"),
        pytest.param(hang_up_in_the_body, UNAVAILABLE, None, id="hangs up in the body"),
        pytest.param(hang_up_in_a_chunk, UNAVAILABLE, None, id="hangs up in a chunk"),
        pytest.param(speak_another_language, FAULT, None, id="is no HTTP server"),
        pytest.param(raw(b"", status=204), FAULT, None, id="204"),
        pytest.param(raw(RIGHT, status=202), FAULT, None, id="202"),
        pytest.param(raw(RIGHT, status=301, Location="/elsewhere"), FAULT, None, id="301"),
        pytest.param(raw(RIGHT, status=400), FAULT, None, id="400"),
        pytest.param(raw(RIGHT, status=401), REFUSED, None, id="401"),
        pytest.param(raw(RIGHT, status=403), REFUSED, None, id="403"),
        pytest.param(raw(RIGHT, status=404), FAULT, None, id="404"),
        pytest.param(raw(RIGHT, status=429), UNAVAILABLE, None, id="429"),
        pytest.param(raw(RIGHT, status=429, Retry_After="17"), UNAVAILABLE, 17, id="429 for a while"),
        pytest.param(raw(RIGHT, status=500), UNAVAILABLE, None, id="500"),
        pytest.param(raw(RIGHT, status=503, Retry_After="0"), UNAVAILABLE, 0, id="503 for no time"),
        pytest.param(raw(RIGHT, status=503, Retry_After="99999999"), UNAVAILABLE, 86_400, id="503 for years"),
        pytest.param(raw(RIGHT, status=503, Retry_After="-1"), UNAVAILABLE, None, id="503 before now"),
        pytest.param(raw(RIGHT, status=503, Retry_After="soon"), UNAVAILABLE, None, id="503 until soon"),
        pytest.param(
            raw(RIGHT, status=503, Retry_After="Fri, 31 Dec 2032 23:59:59 GMT"),
            UNAVAILABLE,
            86_400,
            id="503 until a day",
        ),
        pytest.param(
            raw(RIGHT, status=503, Retry_After="Mon, 01 Jan 99999999999 00:00:00 GMT"),
            UNAVAILABLE,
            None,
            id="503 until no day there is",
        ),
        pytest.param(raw(b"<html>", Content_Type="text/html"), FAULT, None, id="a page"),
        pytest.param(raw(b""), FAULT, None, id="nothing"),
        pytest.param(raw(RIGHT[:-10]), FAULT, None, id="half of an answer"),
        pytest.param(raw(RIGHT + b" " * LIMIT), FAULT, None, id="too much"),
        pytest.param(zipped(RIGHT + b" " * LIMIT), FAULT, None, id="too much when unpacked"),
        pytest.param(raw(b"\x1f\x8bnot gzip at all", Content_Encoding="gzip"), FAULT, None, id="no gzip"),
        pytest.param(raw(gzip.compress(RIGHT)[:-20], Content_Encoding="gzip"), FAULT, None, id="half of a gzip"),
        pytest.param(errors_alone, FAULT, None, id="errors alone"),
        pytest.param(errors_alone_with_500, FAULT, None, id="errors alone with 500"),
        pytest.param(
            answering({"errors": [{"message": "nej", "extensions": {"code": "FORBIDDEN"}}]}),
            REFUSED,
            None,
            id="refuses",
        ),
        pytest.param(answering({"data": {"_entities": []}}), FAULT, None, id="no entities"),
        pytest.param(raw(RIGHT), "NO_STATUS", None, id="nothing to disclose"),
        pytest.param(zipped(RIGHT), "NO_STATUS", None, id="nothing to disclose, compressed"),
    ],
)
async def test_what_a_producer_does_wrong_is_told_for_its_own_cases_and_leaves_the_others_alone(
    gateway: Gateway, tax: Producer, city: Producer, behaviour: Behaviour, reason: str, retry_after: int | None
) -> None:
    tax.behaviour = behaviour

    await assert_only_tax_fails(gateway, tax, city, reason, retry_after)

    assert (tax.requests, city.requests) == (MORE_THAN_ONE_REQUEST.get(behaviour, 1), 1)


async def test_a_fault_of_our_own_that_an_answer_brings_to_light_costs_its_producers_statuses(
    gateway: Gateway, tax: Producer, city: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(body: bytes, references: Sequence[str], *more: Any) -> Answer:
        if "T-1" in references:
            raise RuntimeError("a fault of ours")
        return read_answer(body, references, *more)

    monkeypatch.setattr("gateway.producers.client.read_answer", read)

    with capture_logs() as lines:
        await assert_only_tax_fails(gateway, tax, city, FAULT)

    assert [(one["producer"], one["cases"]) for one in lines if one["event"] == "producer.failed"] == [
        ("tax-agency", 2)
    ]


async def test_a_producer_that_refuses_connections_is_unavailable_and_comes_back_by_itself(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    await tax.stop()
    await assert_only_tax_fails(gateway, tax, city, UNAVAILABLE)
    group = await gateway.a_group_with(tax.case("T-3"))

    app = web.Application()
    app.router.add_post("/graphql", tax.answer)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", urlsplit(tax.url).port).start()
        recovered = await reasons_of(gateway, group)
    finally:
        await runner.cleanup()

    assert recovered == {"T-3": "Granskas (T-3)"}


async def test_a_producer_that_failed_in_one_operation_is_asked_again_in_the_next(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    tax.behaviour = hang_up
    failed = await reasons_of(gateway, group)
    tax.behaviour = None
    recovered = await reasons_of(gateway, group)

    assert (failed, recovered) == ({"T-1": UNAVAILABLE}, {"T-1": "Granskas (T-1)"})
    assert tax.requests == 3  # the first one twice


@pytest.mark.settings(producer_deadline=0.5)
async def test_a_producer_that_never_answers_is_given_up_after_its_deadline(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    tax.behaviour = Silence()

    await assert_only_tax_fails(gateway, tax, city, "PRODUCER_TIMEOUT")


@pytest.mark.settings(producer_deadline=0.5)
async def test_a_producer_that_never_ends_its_answer_is_given_up_after_its_deadline(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    tax.behaviour = drip

    await assert_only_tax_fails(gateway, tax, city, "PRODUCER_TIMEOUT")


@pytest.mark.settings(operation_deadline=0.5)
async def test_a_producer_that_outlasts_the_whole_operation_is_told_from_one_that_outlasts_its_own_deadline(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    tax.behaviour = Silence()

    await assert_only_tax_fails(gateway, tax, city, "DEADLINE_EXCEEDED")


@pytest.mark.settings(producer_deadline=0.3)
async def test_nothing_is_left_of_a_question_that_was_given_up(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await reasons_of(gateway, group)
    tasks = asyncio.all_tasks()
    tax.behaviour = silence = Silence()

    assert await reasons_of(gateway, group) == {"T-1": "PRODUCER_TIMEOUT"}

    await until(lambda: silence.hung_up_on == 1)
    await until(lambda: asyncio.all_tasks() <= tasks)


@pytest.mark.settings(producer_max_connections=1, producer_max_wait=0.1, producer_deadline=0.5, producer_max_batch=1)
async def test_a_request_waits_for_its_turn_no_longer_than_it_may(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), tax.case("T-2"), tax.case("T-3"), city.case("C-1"))
    tax.behaviour = Silence()

    assert await reasons_of(gateway, group) == {
        "T-1": "PRODUCER_TIMEOUT",
        "T-2": UNAVAILABLE,
        "T-3": UNAVAILABLE,
        "C-1": "Granskas (C-1)",
    }


def first_two_swapped(answer: dict[str, Any]) -> None:
    found = answer["data"]["_entities"]
    found[0], found[1] = found[1], found[0]


def last_one_lost(answer: dict[str, Any]) -> None:
    answer["data"]["_entities"].pop()


def one_too_many(answer: dict[str, Any]) -> None:
    answer["data"]["_entities"].append(None)


def first_of_another(answer: dict[str, Any]) -> None:
    answer["data"]["_entities"][0]["reference"] = "X-1"


def first_null(answer: dict[str, Any]) -> None:
    answer["data"]["_entities"][0] = None


def first_null_with_an_error(answer: dict[str, Any]) -> None:
    first_null(answer)
    answer["errors"] = [{"message": "fel", "path": ["_entities", 0]}]


def first_without_a_status(answer: dict[str, Any]) -> None:
    answer["data"]["_entities"][0]["status"] = None


def first_without_a_field(answer: dict[str, Any]) -> None:
    del answer["data"]["_entities"][0]["status"]["title"]


@pytest.mark.parametrize(
    ("change", "of_first", "of_second", "of_third"),
    [
        (first_two_swapped, FAULT, FAULT, "Granskas (T-3)"),
        (last_one_lost, FAULT, FAULT, FAULT),
        (one_too_many, FAULT, FAULT, FAULT),
        (first_of_another, FAULT, "Granskas (T-2)", "Granskas (T-3)"),
        (first_null, "NO_STATUS", "Granskas (T-2)", "Granskas (T-3)"),
        (first_null_with_an_error, FAULT, "Granskas (T-2)", "Granskas (T-3)"),
        (first_without_a_status, "NO_STATUS", "Granskas (T-2)", "Granskas (T-3)"),
        (first_without_a_field, FAULT, "Granskas (T-2)", "Granskas (T-3)"),
    ],
)
async def test_no_case_ever_gets_the_status_of_another(
    gateway: Gateway,
    tax: Producer,
    change: Callable[[dict[str, Any]], object],
    of_first: str,
    of_second: str,
    of_third: str,
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), tax.case("T-2"), tax.case("T-3"))
    tax.behaviour = changing(tax, change)

    assert await reasons_of(gateway, group) == {"T-1": of_first, "T-2": of_second, "T-3": of_third}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ({"title": "\x00\u202etxet\u202c\x1b[31m"}, "\x00\u202etxet\u202c\x1b[31m"),
        ({"updatedAt": "2026-03-01T09:30:00"}, FAULT),
        ({"updatedAt": "0000-03-01T09:30:00Z"}, FAULT),
        ({"updatedAt": "2026-03-01T14:00:00+05:30"}, "Granskas (T-1)"),
    ],
)
async def test_text_is_shown_as_it_is_and_moments_in_utc(
    gateway: Gateway, tax: Producer, status: dict[str, Any], shown: str
) -> None:
    group = await gateway.a_group_with(tax.case("T-1", **status))

    outcome = (await outcomes_of(gateway, group))["T-1"]

    assert (outcome.get("title") or outcome["reason"]) == shown
    assert outcome.get("updatedAt") in {None, "2026-03-01T08:30:00Z"}


EXTENSION = OUTCOMES.replace("code title updatedAt", "title extension")


@pytest.mark.parametrize(("levels", "is_read"), [(20, True), (60, False)])
async def test_an_extension_is_shown_untouched_unless_it_is_nested_beyond_reason(
    gateway: Gateway, tax: Producer, city: Producer, levels: int, is_read: bool
) -> None:
    extension = json.loads('{"a":' * levels + '"å"' + "}" * levels)
    group = await gateway.a_group_with(tax.case("T-1", extension=extension), city.case("C-1", extension=None))

    answer = await gateway.query(EXTENSION, id=group["id"])

    of_tax, of_city = (edge["node"]["status"] for edge in answer.data["caseGroup"]["cases"]["edges"])
    assert of_city == {"title": "Granskas (C-1)", "extension": None}
    assert (of_tax == {"title": "Granskas (T-1)", "extension": extension}) is is_read
    assert (of_tax.get("reason") == FAULT) is not is_read


@pytest.mark.parametrize("state", ["suspended", "ended", None])
async def test_a_producer_that_is_not_connected_is_not_asked(
    gateway: Gateway, tax: Producer, city: Producer, state: str | None
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    producers = gateway.database["producers"]
    if state is None:
        await producers.delete_one({"_id": tax.id})
    else:
        await producers.update_one({"_id": tax.id}, {"$set": {"state": state}})

    async def is_noticed() -> bool:
        return (await reasons_of(gateway, group))["T-1"] == UNAVAILABLE

    await until(is_noticed)
    requests = tax.requests

    assert await reasons_of(gateway, group) == {"T-1": UNAVAILABLE, "C-1": "Granskas (C-1)"}
    assert tax.requests == requests


@pytest.mark.parametrize(
    "endpoint", ["http://", "ftp://127.0.0.1/graphql", "http://127.0.0.1:99999/graphql", "nowhere"]
)
async def test_an_endpoint_that_is_no_address_is_an_outcome_too(
    gateway: Gateway, tax: Producer, city: Producer, endpoint: str
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    await gateway.database.command({"collMod": "producers", "validator": {}})
    await gateway.database["producers"].update_one({"_id": tax.id}, {"$set": {"endpoint": endpoint}})

    async def is_noticed() -> bool:
        return (await reasons_of(gateway, group))["T-1"] in {FAULT, UNAVAILABLE}

    await until(is_noticed)

    assert (await reasons_of(gateway, group))["C-1"] == "Granskas (C-1)"
