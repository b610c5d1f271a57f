"""`gateway producer show`: how a producer answers each gateway that runs, as that gateway has said itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from tests.administration.conftest import Office
from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.http.conftest import logged
from tests.http.waiting import until
from tests.producer import Producer
from tests.producers.asking import raw

__all__ = ["logged"]

# What the gateway logs goes to the same standard output as what the command prints.
pytestmark = pytest.mark.usefixtures("logged")


async def shown(gateway: Gateway, uri: str, *words: str) -> Result:
    """What an operator sees, in a thread: the command has an event loop of its own."""
    env = {"GATEWAY_MONGODB_URI": uri, "GATEWAY_MONGODB_DATABASE": gateway.database.name}
    result = await asyncio.to_thread(CliRunner().invoke, app, ["producer", "show", *words], env=env)
    assert result.exit_code == 0, result.output
    return result


async def replicas(gateway: Gateway, uri: str, producer: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((await shown(gateway, uri, producer, "--json")).stdout)["replicas"]
    return found


@pytest.mark.settings(replica_interval=0.05, producer_breaker_min_requests=4, producer_breaker_open_seconds=60)
async def test_each_running_gateway_says_how_a_producer_answers_it(
    gateway: Gateway, tax: Producer, city: Producer, database_uri: str
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await until(lambda: is_told(gateway, database_uri, 0))
    (unasked,) = await replicas(gateway, database_uri, "tax-agency")

    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    await until(lambda: is_told(gateway, database_uri, 1))
    (good,) = await replicas(gateway, database_uri, "tax-agency")
    tax.behaviour = raw("", status=503)
    for _ in range(2):
        await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    await until(lambda: is_told(gateway, database_uri, 3))
    (bad,) = await replicas(gateway, database_uri, "tax-agency")
    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    await until(lambda: is_told(gateway, database_uri, 0))
    (worst,) = await replicas(gateway, database_uri, "tax-agency")
    (other,) = await replicas(gateway, database_uri, "municipality")

    assert said(unasked) == (None, None, 0, 0)
    assert said(good) == ("AVAILABLE", "CLOSED", 1, 0)
    assert said(bad) == ("DEGRADED", "CLOSED", 3, 2)
    assert said(worst) == ("UNAVAILABLE", "OPEN", 0, 0)
    assert worst["leftAloneUntil"] > worst["startedAt"]
    assert good["leftAloneUntil"] is None
    assert said(other) == said(unasked)
    assert len({one["replica"] for one in (unasked, good, bad, worst, other)}) == 1
    assert all(0 <= one["ageSeconds"] < 30 for one in (unasked, good, bad, worst, other))
    for_people = (await shown(gateway, database_uri, "tax-agency")).stdout
    assert all(part in for_people for part in ("How it answers the gateways that run", worst["replica"], "s ago"))


async def is_told(gateway: Gateway, uri: str, requests: int) -> bool:
    return [one["requests"] for one in await replicas(gateway, uri, "tax-agency")] == [requests]


def said(replica: dict[str, Any]) -> tuple[Any, ...]:
    return replica["availability"], replica["breaker"], replica["requests"], replica["failed"]


async def test_a_gateway_that_was_stopped_is_seen_no_more(gateway: Gateway, database_uri: str) -> None:
    await until(lambda: is_told(gateway, database_uri, 0))

    await gateway.stop()

    assert await replicas(gateway, database_uri, "tax-agency") == []


def test_where_no_gateway_runs_that_is_said(office: Office) -> None:
    assert office.json("producer", "show", "tax-agency")["replicas"] == []
    assert "No gateway of the environment test runs, so nothing is seen of it right now." in (
        office.run("producer", "show", "tax-agency").stdout
    )
