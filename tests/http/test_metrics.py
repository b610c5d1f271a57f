"""`/metrics`: who can read it, what it counts of operations and documents, and that no label can grow without bound."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientError, web

from gateway.execution.documents import CHARACTERS_A_FIELD
from gateway.metrics import Metrics
from gateway.model.replica import new_replica_id
from gateway.serving import CannotListen, listen_for_metrics
from gateway.settings import Settings, load_settings
from tests.gateway import CREATE, GROUP_WITH_STATUSES, Gateway, running_gateway
from tests.http.waiting import until
from tests.issuer import ALVA, Issuer
from tests.metrics import Samples, address, listening, read
from tests.producer import Producer
from tests.producers.asking import Silence
from tests.reads import Reads

OPERATIONS = "gateway_operation_duration_seconds_count"
VIEWER = "{ viewer { consumer { id } } }"


class Watched:
    """A gateway whose metrics can be read."""

    def __init__(self, gateway: Gateway, url: str) -> None:
        self.gateway = gateway
        self.url = url

    async def metrics(self) -> Samples:
        """What they say now."""
        return await read(self.gateway.session, self.url)


@pytest_asyncio.fixture
async def watched(
    request: pytest.FixtureRequest,
    database_uri: str,
    database_name: str,
    issuer: Issuer,
    tax: Producer,
    tmp_path: Path,
    reads: Reads,
) -> AsyncIterator[Watched]:
    """`@pytest.mark.settings(name=value)` changes its settings."""
    marker = request.node.get_closest_marker("settings")
    with listening() as metrics:
        async with running_gateway(
            database_uri,
            database_name,
            issuer,
            [tax],
            tmp_path,
            reads,
            metrics=metrics,
            **(marker.kwargs if marker else {}),
        ) as gateway:
            yield Watched(gateway, address(metrics))


async def test_callers_cannot_read_the_metrics(watched: Watched) -> None:
    elsewhere = watched.url.removesuffix("/metrics")

    of_the_gateway = await watched.gateway.send(None, {}, method="GET", path="/metrics")
    async with watched.gateway.session.get(f"{elsewhere}/graphql") as response:
        of_the_metrics = response.status

    assert of_the_gateway.status == 404
    assert of_the_metrics == 404


async def test_the_metrics_end_with_the_gateway(watched: Watched) -> None:
    await watched.metrics()

    await watched.gateway.stop()

    with pytest.raises(ClientError):
        await watched.metrics()


async def test_an_operation_is_counted_by_its_type_and_what_came_of_it(watched: Watched, tax: Producer) -> None:
    gateway, before = watched.gateway, await watched.metrics()
    group = await gateway.a_group_with(tax.case("T-1"))
    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    await gateway.query(VIEWER)
    await gateway.query('{ node(id: "none") { id } nothing }')
    await gateway.query("{", accept="application/json")
    await gateway.query(VIEWER, token="none")
    await gateway.query("query($id: ID!) { producer(id: $id) { id } }", id="no id at all")
    await gateway.send(None, {}, method="PUT")
    await gateway.send(json.dumps({"query": CREATE}).encode(), {"Content-Type": "text/plain"})

    moved = (await watched.metrics()).since(before)

    assert moved.of(OPERATIONS) == {
        ("ok", "mutation"): 1,
        ("ok", "query"): 2,
        ("GRAPHQL_VALIDATION_FAILED", "none"): 1,
        ("GRAPHQL_PARSE_FAILED", "none"): 1,
        ("UNAUTHENTICATED", "none"): 1,
        ("errors", "query"): 1,
        ("BAD_USER_INPUT", "none"): 2,
    }
    assert moved.of("gateway_http_requests_total") == {("/graphql", "2xx"): 5, ("/graphql", "4xx"): 4}
    assert moved.of("gateway_producer_questions_total") == {("ok", "tax-agency"): 1}


@pytest.mark.settings(operation_deadline=0.3)
async def test_an_operation_that_takes_too_long_is_counted_with_its_seconds(watched: Watched, tax: Producer) -> None:
    group = await watched.gateway.a_group_with(tax.case("T-1"))
    before = await watched.metrics()
    tax.behaviour = Silence()

    await watched.gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    moved = (await watched.metrics()).since(before)
    assert moved.of(OPERATIONS) == {("ok", "query"): 1}
    assert moved.of("gateway_statuses_total") == {("DEADLINE_EXCEEDED", "tax-agency"): 1}
    assert 0.3 <= moved.of("gateway_operation_duration_seconds_sum")["ok", "query"] < 1


@pytest.mark.settings(producer_deadline=60, operation_deadline=60)
async def test_a_caller_that_hangs_up_is_counted_and_the_places_it_took_can_be_seen(
    watched: Watched, tax: Producer
) -> None:
    gateway = watched.gateway
    group = await gateway.a_group_with(tax.case("T-1"))
    tax.behaviour = silence = Silence()
    asking = asyncio.create_task(gateway.query(GROUP_WITH_STATUSES, id=group["id"]))
    await until(lambda: tax.requests == 1)
    during = await watched.metrics()

    asking.cancel()
    await until(lambda: silence.hung_up_on == 1)

    after = await watched.metrics()
    assert during.of("gateway_producer_places_taken") == {("tax-agency",): 1}
    assert after.of("gateway_producer_places_taken") == {}
    assert after.of("gateway_producer_places") == {("tax-agency",): 64}
    assert after.since(during).of(OPERATIONS) == {("hung_up", "query"): 1}


async def test_documents_are_counted_as_remembered_or_not(watched: Watched) -> None:
    before = await watched.metrics()
    for query in (VIEWER, VIEWER, "{ viewer { __typename } }", VIEWER):
        await watched.gateway.query(query)

    moved = (await watched.metrics()).since(before)

    assert moved.of("gateway_document_cache_hits_total") == {(): 2}
    assert moved.of("gateway_document_cache_misses_total") == {(): 2}
    # With the three fields and the two that they are compiled to.
    characters = len(VIEWER) + len("{ viewer { __typename } }") + 5 * CHARACTERS_A_FIELD
    assert moved.of("gateway_document_cache_characters") == {(): characters}


async def test_an_answer_that_is_used_again_is_told_from_one_that_was_asked_for(
    watched: Watched, tax: Producer
) -> None:
    group = await watched.gateway.a_group_with(tax.case("T-1"))
    before = await watched.metrics()

    async def reusable(asked: web.Request) -> web.StreamResponse:
        return web.json_response(tax.correct_answer(await asked.json()), headers={"Cache-Control": "max-age=60"})

    tax.behaviour = reusable

    for _ in range(3):
        await watched.gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    moved = (await watched.metrics()).since(before)
    assert moved.of("gateway_statuses_total") == {("ok", "tax-agency"): 1, ("reused", "tax-agency"): 2}
    assert moved.of("gateway_producer_questions_total") == {("ok", "tax-agency"): 1}


async def test_the_registrys_age_the_replica_and_the_process_can_be_seen(watched: Watched) -> None:
    samples = await watched.metrics()

    assert 0 <= samples.of("gateway_registry_age_seconds")[()] < 10
    (replica, version), value = next(iter(samples.of("gateway_info").items()))
    assert (len(replica), value) == (16, 1)
    assert version
    assert samples.of("process_resident_memory_bytes")[()] > 10_000_000
    assert samples.of("process_open_fds")[()] > 3


async def test_no_label_holds_what_a_caller_sends(watched: Watched, tax: Producer) -> None:
    gateway = watched.gateway
    group = await gateway.a_group_with(tax.case("T-1"))
    await gateway.query(GROUP_WITH_STATUSES, id=group["id"], request_id="a-request-of-mine")
    await gateway.send(None, {}, method="GET", path=f"/{ALVA}/a-path-of-mine")
    await gateway.query("query MyOwn { viewer { __typename } }")

    text = str(await watched.metrics())

    for private in (ALVA, "a-request-of-mine", "a-path-of-mine", "MyOwn", "business-portal", "T-1", group["id"]):
        assert private not in text


def test_two_gateways_in_one_process_count_apart() -> None:
    one, other = Metrics(new_replica_id()), Metrics(new_replica_id())

    one.of_producer("tax-agency").retries.inc()

    assert b'gateway_producer_retries_total{producer="tax-agency"} 1.0' in one.exposition()
    assert b"gateway_producer_retries_total{" not in other.exposition()


def test_without_a_port_nothing_is_served() -> None:
    assert listen_for_metrics(load_settings()) is None


def test_a_port_that_is_taken_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen, match=f"port {port} of 127.0.0.1: .* Set GATEWAY_METRICS_PORT or GATEWAY_MET"):
            listen_for_metrics(Settings(metrics_port=port))
