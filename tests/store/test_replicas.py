"""What a replica says of itself: stored and removed again, and never in the way of anything."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from gateway.model.availability import Availability, BreakerState
from gateway.model.connection import Environment
from gateway.model.producer import ProducerId
from gateway.model.replica import ProducerSeen, ReplicaReport, new_replica_id
from gateway.store.driver import Database, opened_database
from gateway.store.replicas import LIVE_SECONDS, Replicas
from tests.http.waiting import until

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEEN = ProducerSeen(
    ProducerId("tax-agency"), Availability.UNAVAILABLE, BreakerState.OPEN, NOW + timedelta(seconds=7), 12, 10, 1
)
REPORT = ReplicaReport(new_replica_id(), Environment.TEST, NOW - timedelta(hours=1), NOW, [SEEN])


async def stored(database: Database) -> list[dict[str, Any]]:
    return await database["replicas"].find().to_list(None)


def ids(reports: list[ReplicaReport]) -> set[str]:
    return {report.id for report in reports}


async def test_what_a_replica_says_is_there_while_it_runs_and_gone_afterwards(database: Database) -> None:
    replicas = Replicas(database)

    async with replicas.reporting(lambda: REPORT, 0.01):
        await until(lambda: is_stored(database))
        found = await replicas.live(Environment.TEST, NOW)

    assert found == [REPORT]
    assert await stored(database) == []


async def is_stored(database: Database) -> bool:
    return bool(await stored(database))


async def test_only_what_runs_in_the_same_environment_is_read(database: Database) -> None:
    replicas = Replicas(database)
    live = replace(REPORT, id=new_replica_id(), environment=Environment.LIVE)
    gone = replace(REPORT, id=new_replica_id(), at=NOW - timedelta(seconds=LIVE_SECONDS))
    late = replace(REPORT, id=new_replica_id(), at=NOW - timedelta(seconds=LIVE_SECONDS - 1), producers=[])
    for report in (REPORT, live, gone, late):
        await replicas._store(report)

    assert ids(await replicas.live(Environment.TEST, NOW)) == {REPORT.id, late.id}
    assert ids(await replicas.live(Environment.LIVE, NOW)) == {live.id}


async def test_what_is_said_next_replaces_what_was_said(database: Database) -> None:
    moments = iter(range(1_000))

    async with Replicas(database).reporting(lambda: replace(REPORT, at=NOW + timedelta(seconds=next(moments))), 0.01):
        await until(lambda: said_at(database, NOW + timedelta(seconds=3)))
        assert len(await stored(database)) == 1


async def said_at(database: Database, moment: datetime) -> bool:
    return any(one["at"] >= moment for one in await stored(database))


async def test_a_database_that_is_away_is_told_once_and_does_no_harm() -> None:
    times = 0

    def report() -> ReplicaReport:
        nonlocal times
        times += 1
        return REPORT

    with structlog.testing.capture_logs() as lines:
        async with (
            opened_database("mongodb://127.0.0.1:1/", "none", timeout=0.05) as away,
            Replicas(away).reporting(report, 0.01),
        ):
            await until(lambda: times > 4)

    assert [(line["event"], line["log_level"]) for line in lines] == [("replica.not_reported", "warning")]


async def test_a_report_that_the_database_refuses_is_told_once_and_that_it_goes_well_again(database: Database) -> None:
    wrong = replace(REPORT, producers=[replace(SEEN, requests=-1)])
    reports: list[ReplicaReport] = [wrong]

    with structlog.testing.capture_logs() as lines:
        async with Replicas(database).reporting(lambda: reports[0], 0.01):
            await until(lambda: bool(lines))
            await asyncio.sleep(0.1)
            reports[0] = REPORT
            await until(lambda: len(lines) > 1)

    assert [line["event"] for line in lines] == ["replica.not_reported", "replica.reported_again"]
