"""A stream whose writer is gone is closed and sealed by another; a writer that lives goes on in another stream."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from gateway.disclosure.keeping import gateway_record
from gateway.disclosure.recorder import Recorder
from gateway.disclosure.sealing import SealChain
from gateway.disclosure.seals import SealingKey
from gateway.disclosure.streams import now
from gateway.disclosure.takeover import Takeover
from gateway.errors import NotRecorded
from gateway.model.replica import new_replica_id
from gateway.store.disclosures import Disclosures
from gateway.store.driver import Database
from gateway.store.record_streams import RecordSeals, RecordStreams
from tests.disclosure.record import KEY, Record, entries, keeping, recorder
from tests.disclosure.test_sealing import eventually

DEAD_AFTER = timedelta(minutes=3)


def takeover(database: Database, *, later: timedelta = timedelta(), segment_records: int = 1_000) -> Takeover:
    """What another replica does, whose clock is that much later."""

    def moment() -> datetime:
        return now() + later

    seals = RecordSeals(database)
    return Takeover(
        Disclosures(database),
        RecordStreams(database),
        seals,
        SealChain(seals, SealingKey(KEY), timedelta(days=1), moments=moment),
        dead_after=DEAD_AFTER,
        segment_records=segment_records,
        moments=moment,
    )


async def check(takeover: Takeover, *, own: Recorder | None = None) -> list[str]:
    """One check; which events it logged beside seals."""
    with capture_logs() as logs:
        await takeover.check(own=own.stream if own else None, left_behind=own.left_behind if own else set())
    return [line["event"] for line in logs if line["event"] != "record.sealed"]


async def test_a_stream_whose_records_nobody_seals_is_closed_and_sealed(database: Database, record: Record) -> None:
    await recorder(database).record(entries(25))

    events = await check(takeover(database, later=DEAD_AFTER * 2, segment_records=10))

    assert events == ["record.stream_taken_over"]
    (stream,) = (await record.streams()).values()
    assert stream[-1]["kind"] == "closed"
    assert [(seal["first"], seal["last"]) for seal in await record.seals()] == [(1, 10), (11, 20), (21, 27)]
    assert await record.sealed()


async def test_a_stream_whose_records_are_young_is_left_alone(database: Database, record: Record) -> None:
    await recorder(database).record(entries(2))

    assert await check(takeover(database)) == []

    assert await record.seals() == []


async def test_ones_own_stream_is_left_alone_whatever_its_age(database: Database, record: Record) -> None:
    own = recorder(database)
    await own.record(entries(2))

    assert await check(takeover(database, later=DEAD_AFTER * 2), own=own) == []

    assert await record.seals() == []


async def test_a_stream_of_which_all_is_sealed_is_closed_after_a_day_of_silence(
    database: Database, record: Record
) -> None:
    silent = recorder(database)
    await silent.record(entries(2))
    assert silent.stream is not None
    silent.stream.cut()
    await SealChain(RecordSeals(database), SealingKey(KEY), timedelta(days=1)).add(silent.stream.segments[0])

    events = [await check(takeover(database, later=later)) for later in (DEAD_AFTER * 2, timedelta(days=2))]

    assert events == [[], ["record.stream_taken_over"]]
    assert await record.sealed()


async def test_a_stream_that_was_registered_and_never_written_to_troubles_nobody(
    database: Database, record: Record
) -> None:
    await RecordStreams(database).register("ab" * 8, opened_at=now(), writer="gateway", version="1", within=2)
    other = takeover(database, later=timedelta(days=2))

    assert [await check(other), await check(other)] == [[], []]

    assert await record.streams() == {}


async def test_who_lives_goes_on_in_another_stream_and_nothing_is_lost_or_doubled(
    database: Database, record: Record
) -> None:
    alive = recorder(database)
    await alive.record(entries(3, "before"))
    await check(takeover(database, later=DEAD_AFTER * 2))

    with capture_logs() as logs:
        await asyncio.gather(*(alive.record(entries(2, f"after{number}")) for number in range(3)))
    await alive.close()

    assert [line["event"] for line in logs] == ["record.stream_lost"]
    first, second = sorted((await record.streams()).values(), key=lambda records: records[0]["at"])
    assert [one["kind"] for one in first] == ["opened", "status", "status", "status", "closed"]
    assert [one["kind"] for one in second] == ["opened", *["status"] * 6, "closed"]
    assert len(await record.references()) == 9


async def test_a_stream_that_was_given_up_is_closed_at_once(
    database: Database, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = recorder(database)
    await own.record(entries(2))
    monkeypatch.setattr(own, "_write_seconds", 0.0)
    with capture_logs(), pytest.raises(NotRecorded):
        await own.record(entries(2, "late"))

    events = await check(takeover(database), own=own)

    assert events == ["record.stream_taken_over"]
    assert own.left_behind == set()
    assert await record.sealed()


async def test_two_who_take_over_at_once_close_and_seal_once(database: Database, record: Record) -> None:
    for number in range(5):
        await recorder(database).record(entries(7, f"r{number}"))
    both = [takeover(database, later=DEAD_AFTER * 2, segment_records=3) for _ in range(2)]

    await asyncio.gather(*(check(one) for one in both))
    for one in both:  # who found a seal taken looks again at the next check
        await check(one)

    assert await record.sealed()
    assert [[one["kind"] for one in records].count("closed") for records in (await record.streams()).values()] == [
        1
    ] * 5


async def test_what_does_not_fit_together_is_not_signed(database: Database, record: Record) -> None:
    await recorder(database).record(entries(5))
    await database["disclosures"].update_one({"sequence": 3}, {"$set": {"reference": "another"}})
    other = takeover(database, later=DEAD_AFTER * 2)

    events = [await check(other), await check(other)]

    assert events == [["record.stream_taken_over", "record.stream_broken"], []]
    assert await database["recordSeals"].count_documents({}) == 0


async def test_what_a_killed_gateway_wrote_is_whole_and_sealed_by_the_next_start(
    database: Database, database_uri: str, record: Record
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.disclosure.writing", database_uri, database.name),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    told = [(await process.stdout.readline()).decode().strip() for _ in range(40)]
    process.kill()
    told += (await process.stdout.read()).decode().split()
    await process.wait()

    async with gateway_record(database, keeping(seal_seconds=0.2), new_replica_id()) as recording:
        await recording.record(entries(1, "next"))
        await eventually(lambda: _is_closed(record))
    assert await record.sealed()

    references = await record.references()
    assert len(references) == len(set(references))
    assert {f"{request}/{number}" for request in told for number in (1, 2, 3)} <= set(references)


async def _is_closed(record: Record) -> bool:
    return [seal["closes"] for seal in await record.seals()].count(True) == 1
