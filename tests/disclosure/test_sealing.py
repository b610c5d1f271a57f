"""What was written is sealed: signed, in one chain over all streams, in time, and by one who is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.disclosure.keeping import command_record, gateway_record
from gateway.disclosure.sealing import SealChain
from gateway.disclosure.seals import SealingKey
from gateway.disclosure.streams import Stream
from gateway.errors import StoreUnavailable
from gateway.model.replica import new_replica_id
from gateway.store.driver import Database
from gateway.store.record_streams import RecordSeals
from tests.disclosure.record import KEY, Record, entries, keeping, recorder


async def eventually(condition: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> None:
    """Waits until `condition` holds."""
    give_up = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < give_up, "it never came about"
        await asyncio.sleep(0.05)


async def test_at_the_end_the_stream_is_closed_and_sealed(database: Database, record: Record) -> None:
    async with gateway_record(database, keeping(), new_replica_id()) as recording:
        await recording.record(entries(3))

    (seal,) = await record.seals()
    assert (seal["first"], seal["last"], seal["closes"]) == (1, 5, True)
    assert seal["retainUntil"] - seal["lastAt"] == timedelta(days=1_826)
    (stream,) = (await record.streams()).values()
    assert [one["kind"] for one in stream] == ["opened", "status", "status", "status", "closed"]


async def test_the_first_record_says_which_replica_writes(database: Database, record: Record) -> None:
    replica = new_replica_id()

    async with gateway_record(database, keeping(), replica) as recording:
        await recording.record(entries(1))

    (stream,) = (await record.streams()).values()
    assert stream[0]["details"]["replica"] == replica
    assert stream[0]["details"]["writer"] == "gateway"


async def test_what_is_under_way_at_the_end_is_recorded(database: Database, record: Record) -> None:
    async with gateway_record(database, keeping(), new_replica_id()) as recording:
        under_way = [asyncio.create_task(recording.record(entries(20, f"r{number}"))) for number in range(10)]
        await asyncio.sleep(0)

    await asyncio.gather(*under_way)
    assert len(await record.references()) == 200
    assert await record.sealed()


async def test_a_gateway_that_tells_nothing_leaves_no_trace(database: Database, record: Record) -> None:
    async with gateway_record(database, keeping(), new_replica_id()):
        pass

    assert (await record.streams(), await record.seals()) == ({}, [])


async def test_a_segment_is_sealed_when_it_has_enough_records(database: Database, record: Record) -> None:
    async with gateway_record(database, keeping(seal_records=10), new_replica_id()) as recording:
        await recording.record(entries(35))
        await eventually(lambda: _seals(database, 3))

        assert [(seal["first"], seal["last"]) for seal in await record.seals()] == [(1, 10), (11, 20), (21, 30)]
    assert await record.sealed()


async def test_a_segment_is_sealed_when_its_time_is_up(database: Database, record: Record) -> None:
    async with gateway_record(database, keeping(seal_seconds=0.3), new_replica_id()) as recording:
        await recording.record(entries(2))
        assert await record.seals() == []

        await eventually(lambda: _seals(database, 1))

        (seal,) = await record.seals()
        assert (seal["last"], seal["closes"]) == (3, False)


async def test_a_seal_is_told_in_the_log_so_that_the_log_is_an_anchor(database: Database, record: Record) -> None:
    with capture_logs() as logs:
        async with gateway_record(database, keeping(), new_replica_id()) as recording:
            await recording.record(entries(2))

    (seal,) = await record.seals()
    (line,) = (line for line in logs if line["event"] == "record.sealed")
    assert (line["number"], line["records"]) == (1, 4)
    assert line["hash"].replace(":", "") == seal["hash"]


async def test_many_replicas_that_seal_at_once_make_one_chain_without_a_gap(database: Database, record: Record) -> None:
    async def replica(name: str) -> None:
        async with gateway_record(database, keeping(seal_records=5, seal_seconds=0.1), new_replica_id()) as recording:
            for number in range(8):
                await recording.record(entries(7, f"{name}{number}"))

    await asyncio.gather(*(replica(name) for name in "abcd"))

    seals = await record.seals()
    assert {seal["stream"] for seal in seals} == (await record.streams()).keys()
    assert len(seals) > 30
    assert await record.sealed()


async def test_a_clock_that_is_years_behind_lets_no_record_go_early(database: Database, record: Record) -> None:
    async with gateway_record(database, keeping(seal_records=1), new_replica_id()) as recording:
        await recording.record(entries(1))

    behind = Stream(segment_records=2, moments=lambda: datetime(2019, 1, 1, tzinfo=UTC))
    behind.wrote(behind.link(entries(2)))
    await SealChain(RecordSeals(database), SealingKey(KEY), timedelta(days=1_826)).add(behind.segments[0])

    *_, before, seal = await database["recordSeals"].find({}, sort=[("_id", 1)]).to_list(None)
    assert seal["lastAt"] == datetime(2019, 1, 1, tzinfo=UTC)
    assert seal["retainUntil"] == before["sealedAt"] + timedelta(days=1_826)


async def test_a_seal_whose_answer_got_lost_is_not_made_twice(database: Database, record: Record) -> None:
    chain = SealChain(RecordSeals(database), SealingKey(KEY), timedelta(days=1))
    recording = recorder(database, segment_records=2)
    await recording.record(entries(3))
    assert recording.stream is not None

    for segment in (*recording.stream.segments[:1], *recording.stream.segments):
        await chain.add(segment)

    assert [(seal["first"], seal["last"]) for seal in await record.seals()] == [(1, 2), (3, 4)]
    await recording.close()


async def test_while_it_cannot_seal_it_says_so_once_and_seals_later(
    database: Database, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> bool:
        raise StoreUnavailable("the database is away")

    with capture_logs() as logs:
        async with gateway_record(database, keeping(seal_seconds=0.1), new_replica_id()) as recording:
            with monkeypatch.context() as patched:
                patched.setattr(RecordSeals, "add", away)
                await recording.record(entries(2))
                await asyncio.sleep(0.5)
                assert await record.seals() == []
            await eventually(lambda: _seals(database, 1))

    assert [line["event"] for line in logs if line["event"] != "record.sealed"] == ["record.not_sealed"]
    assert await record.sealed()


async def test_a_command_leaves_a_closed_stream_which_a_gateway_seals(database: Database, record: Record) -> None:
    async with command_record(database) as recording:
        await recording.record(entries(2))
    assert await record.seals() == []

    async with gateway_record(database, keeping(), new_replica_id()):
        await eventually(record.sealed)

    (seal,) = await record.seals()
    assert (seal["last"], seal["closes"]) == (4, True)


async def _seals(database: Database, least: int) -> bool:
    return await database["recordSeals"].count_documents({}) >= least
