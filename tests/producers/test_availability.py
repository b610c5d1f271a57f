"""A producer in trouble is asked less, told of its own wishes, and back as soon as it is well."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from aiohttp import web

from gateway.model.status import UnavailableReason
from gateway.producers.addresses import AddressRules
from gateway.producers.connecting import Connector
from gateway.producers.connections import Connections
from gateway.producers.exchange import Exchange
from gateway.producers.failures import Failed
from tests.gateway import Gateway
from tests.http.waiting import until
from tests.producer import Producer
from tests.producers.asking import Silence, hang_up, outcomes_of, raw, reasons_of

AVAILABILITY = "query($id: ID!) { producer(id: $id) { availability } }"

hasty = pytest.mark.settings(
    producer_breaker_min_requests=2, producer_breaker_open_seconds=2, producer_breaker_probes=1
)


async def availability_of(gateway: Gateway, producer: Producer) -> str:
    answer = await gateway.query(AVAILABILITY, id=producer.global_id)
    return str(answer.data["producer"]["availability"])


@hasty
async def test_a_producer_that_keeps_failing_is_left_alone_and_found_again(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    assert await availability_of(gateway, tax) == "AVAILABLE"
    tax.behaviour = raw(b"", status=502)
    await reasons_of(gateway, group)
    assert await availability_of(gateway, tax) == "DEGRADED"
    await reasons_of(gateway, group)

    outcomes = await outcomes_of(gateway, group)

    assert await availability_of(gateway, tax) == "UNAVAILABLE"
    assert await availability_of(gateway, city) == "AVAILABLE"
    assert (outcomes["T-1"]["reason"], outcomes["T-1"]["retryAfterSeconds"]) == ("PRODUCER_UNAVAILABLE", 2)
    assert outcomes["C-1"]["title"] == "Granskas (C-1)"
    assert (tax.requests, city.requests) == (2, 3)

    tax.behaviour = None

    async def is_back() -> bool:
        return (await reasons_of(gateway, group))["T-1"] == "Granskas (T-1)"

    await until(is_back)
    assert tax.requests == 3
    assert await availability_of(gateway, tax) == "AVAILABLE"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_producer_that_asks_for_a_pause_gets_it_and_the_caller_is_told(
    gateway: Gateway, tax: Producer, status: int
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    tax.behaviour = raw(b"", status=status, Retry_After="17")

    first = (await outcomes_of(gateway, group))["T-1"]
    again = (await outcomes_of(gateway, group))["T-1"]

    assert first["retryAfterSeconds"] == again["retryAfterSeconds"] == 17
    assert tax.requests == 1
    assert await availability_of(gateway, tax) == "UNAVAILABLE"


@hasty
async def test_a_producer_that_refuses_or_answers_wrongly_is_there_and_is_asked(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    for behaviour in (raw(b"", status=403), raw(b"<html>"), raw(b"", status=404)) * 2:
        tax.behaviour = behaviour
        await reasons_of(gateway, group)

    assert tax.requests == 6
    assert await availability_of(gateway, tax) == "AVAILABLE"


async def test_a_request_that_met_a_dead_connection_is_sent_once_more(
    gateway: Gateway, tax: Producer, logged: list[dict[str, Any]]
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    async def once(request: web.Request) -> web.StreamResponse:
        tax.behaviour = None
        return await hang_up(request)

    tax.behaviour = once

    assert await reasons_of(gateway, group) == {"T-1": "Granskas (T-1)"}
    assert tax.asked[0].claims["jti"] != tax.asked[1].claims["jti"]
    assert [line["event"] for line in logged if line["event"].startswith("producer.")] == [
        "producer.retried",
        "producer.asked",
    ]


@pytest.mark.settings(producer_retry_reserve=1, producer_retry_percent=1)
async def test_without_budget_nothing_is_sent_twice(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    tax.behaviour = hang_up

    for _ in range(3):
        await reasons_of(gateway, group)

    assert tax.requests == 4


async def test_what_a_record_says_of_its_producer_wins_over_the_settings(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), tax.case("T-2"), city.case("C-1"))
    await gateway.database["producers"].update_one(
        {"_id": tax.id}, {"$set": {"overrides": {"deadline": 0.2, "maxBatch": 1}}}
    )

    async def is_known() -> bool:
        tax.asked.clear()
        await reasons_of(gateway, group)
        return tax.requests == 2

    await until(is_known)
    tax.behaviour = Silence()

    assert await reasons_of(gateway, group) == {
        "T-1": "PRODUCER_TIMEOUT",
        "T-2": "PRODUCER_TIMEOUT",
        "C-1": "Granskas (C-1)",
    }


def connections(rules: AddressRules) -> Connections:
    return Connections(Connector(ssl.create_default_context(), rules.open_socket), keep_alive=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_that_is_not_permitted_is_not_connected_to(tax: Producer, host: str) -> None:
    async with connections(AddressRules(loopback=False)) as opened:
        with pytest.raises(Failed, match=r"the address .* is not one that producers may be at") as failed:
            await Exchange(opened, https_only=False).ask(
                tax.url.replace("127.0.0.1", host), b"{}", {}, connect_timeout=1, seconds=1, most_bytes=1
            )

    assert failed.value.outcome.reason is UnavailableReason.PRODUCER_UNAVAILABLE
    assert not failed.value.can_repeat
    assert tax.requests == 0


async def test_where_only_https_will_do_nothing_is_sent_without_it(tax: Producer) -> None:
    async with connections(AddressRules(loopback=True)) as opened:
        with pytest.raises(Failed, match="the endpoint is not https"):
            await Exchange(opened, https_only=True).ask(tax.url, b"{}", {}, connect_timeout=1, seconds=1, most_bytes=1)

    assert tax.requests == 0
