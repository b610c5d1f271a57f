"""No identity number is stored or logged: not by what the gateway writes, and not by what others make it write."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
import structlog

from gateway.model.identity_numbers import IDENTITY_NUMBER, without_numbers
from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.issuer import ALVA, BJORN, COMPANY
from tests.producer import Producer, answering

NUMBERS = (ALVA, BJORN, COMPANY)


@pytest.mark.parametrize(
    "text",
    [
        "199003152390",
        "9003152390",
        "19900315-2390",
        "900315+2390",
        "19900315 2390",
        "SE165599990010",
        "x199003152390",
        "199003152390x",
        "subject_199003152390_1",
        "\\n199003152390",
        "\\u00e5 199003152390",
    ],
)
def test_what_could_be_an_identity_number_is_blotted_whatever_letters_are_beside_it(text: str) -> None:
    assert re.search(r"\d{3}", without_numbers(text).replace("u00e5", "")) is None
    assert "…" in without_numbers(text)


@pytest.mark.parametrize("text", ["2026-11-23T15:00:05.123456Z", "SKV-2026-55810", "1990031523901", "123456789"])
def test_other_digits_are_left(text: str) -> None:
    assert without_numbers(text) == text


async def a_session_of_changes(gateway: Gateway, tax: Producer, city: Producer) -> None:
    """Groups of three subjects, one of them acted for; created, asked about, changed and deleted."""
    for token in (
        gateway.token_for(ALVA),
        gateway.token_for(BJORN),
        gateway.token_for(COMPANY, actor=ALVA),
    ):
        group = await gateway.a_group_with(tax.case(), token=token, idempotencyKey="one")
        doomed = await gateway.a_group_with(city.case(), token=token)
        id_, revision = group["id"], group["revision"]
        await gateway.change("updateCaseGroup", token, id=id_, expectedRevision=revision, title="Nytt namn")
        await gateway.change("addCases", token, id=id_, expectedRevision=revision + 1, cases=[city.case()])
        await gateway.change("deleteCaseGroup", token, id=doomed["id"], expectedRevision=1)
        await gateway.query(GROUP_WITH_STATUSES, id=id_, token=token)


async def test_the_database_holds_no_identity_number_in_the_clear(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    await a_session_of_changes(gateway, tax, city)

    documents = [
        document
        for collection in await gateway.database.list_collection_names()
        async for document in gateway.database[collection].find()
    ]
    groups = await gateway.database["caseGroups"].find().to_list(None)

    assert len(groups) == 3
    assert {len(group["subject"]) for group in groups} == {43}
    assert {len(group["cases"]) for group in groups} == {2}
    for number in NUMBERS:
        assert number not in str(documents)


async def test_the_logs_hold_no_identity_number_and_no_token_even_before_they_are_blotted(
    gateway: Gateway, tax: Producer, city: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    city.behaviour = answering({"errors": [{"message": f"{ALVA} finns inte"}]}, status=500)
    expired = gateway.token_for(ALVA, exp=1)

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await a_session_of_changes(gateway, tax, city)
        await gateway.query("{ viewer { subject { identifier } } }", token=expired)

    logged = f"{lines}\n{caplog.text}"
    assert events_of(lines) >= {"request", "producer.asked"}
    assert [number for number in NUMBERS if number in logged] == []
    assert [token for token in tokens_seen(tax, city) if token in logged] == []
    assert expired not in logged
    assert "eyJ" not in logged
    assert IDENTITY_NUMBER.search(str(lines)) is None


def events_of(lines: Any) -> set[str]:
    return {line["event"] for line in lines}


def tokens_seen(*producers: Producer) -> list[str]:
    tokens = [asked.headers["Authorization"].split()[1] for producer in producers for asked in producer.asked]
    assert tokens
    return tokens
