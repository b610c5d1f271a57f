"""Entries are written before anybody is told, many operations by one write, linked into a stream."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from gateway.disclosure import recorder as recording
from gateway.disclosure.keeping import gateway_record
from gateway.disclosure.streams import Stream
from gateway.errors import NotRecorded
from gateway.metrics import Metrics
from gateway.model.record import Entry, RecordKind
from gateway.model.replica import new_replica_id
from gateway.store.driver import Database
from tests.disclosure.record import Record, entries, entry, keeping, recorder
from tests.reads import Reads


async def test_what_was_recorded_is_in_the_database_when_it_says_so(database: Database, record: Record) -> None:
    recording = recorder(database)

    await recording.record(entries(3))

    (stream,) = (await record.streams()).values()
    assert [(one["kind"], one.get("reference")) for one in stream] == [
        ("opened", None),
        ("status", "r/1"),
        ("status", "r/2"),
        ("status", "r/3"),
    ]
    await recording.close()


async def test_many_operations_at_once_cost_a_few_writes(database: Database, record: Record, reads: Reads) -> None:
    recording = recorder(database)

    await asyncio.gather(*(recording.record(entries(20, f"r{number}")) for number in range(64)))

    sent = reads.commands(database.name)
    # The first goes at once and alone would be all that it could hold back; the others wait for it, together.
    assert sent["insert", "disclosures"] <= 3
    assert sent["insert", "recordStreams"] == 1
    assert sent["find", "disclosures"] == 0
    assert len(await record.references()) == 64 * 20
    await recording.close()


async def test_a_stream_is_registered_once_and_not_at_each_write(database: Database, reads: Reads) -> None:
    recording = recorder(database)

    for number in range(5):
        await recording.record(entries(2, f"r{number}"))
    await recording.close()

    sent = reads.commands(database.name)
    assert (sent["insert", "recordStreams"], sent["insert", "disclosures"]) == (1, 6)


async def test_an_operation_larger_than_a_write_is_recorded_in_order(database: Database, record: Record) -> None:
    recording = recorder(database)

    await asyncio.gather(recording.record(entries(2_500, "large")), recording.record(entries(1, "small")))

    (stream,) = (await record.streams()).values()
    references = [one["reference"] for one in stream if one["kind"] == "status"]
    assert references.pop(1_000) == "small/1", "whoever comes later does not wait for all of it"
    assert references == [f"large/{number}" for number in range(1, 2_501)]
    await recording.close()


async def test_a_stream_that_is_closed_ends_with_a_record_that_says_so(database: Database, record: Record) -> None:
    recording = recorder(database)
    under_way = asyncio.create_task(recording.record(entries(2)))
    await asyncio.sleep(0)

    await recording.close()

    await under_way
    (stream,) = (await record.streams()).values()
    assert [one["kind"] for one in stream] == ["opened", "status", "status", "closed"]


async def test_a_recorder_that_was_not_used_leaves_no_stream(database: Database, record: Record) -> None:
    recording = recorder(database)

    await recording.record([])
    await recording.close()

    assert await record.streams() == {}
    assert await database["recordStreams"].count_documents({}) == 0


async def test_nothing_is_taken_after_the_end(database: Database) -> None:
    recording = recorder(database)
    await recording.close()

    with capture_logs() as logs, pytest.raises(NotRecorded):
        await recording.record(entries(1))

    assert [line["event"] for line in logs] == ["record.not_written"]


async def test_one_who_goes_away_while_waiting_stops_nobody_elses_write(database: Database, record: Record) -> None:
    recording = recorder(database)
    gone, waiting, staying = (
        asyncio.create_task(recording.record(entries(2, name))) for name in ("gone", "waiting", "staying")
    )
    await asyncio.sleep(0)

    gone.cancel()
    await asyncio.gather(waiting, staying)

    with pytest.raises(asyncio.CancelledError):
        await gone
    assert {"waiting/1", "waiting/2", "staying/1", "staying/2"} <= set(await record.references())
    await recording.close()


async def test_more_than_can_wait_is_refused_at_once(
    database: Database, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 10)
    few = recorder(database)
    waiting = asyncio.create_task(few.record(entries(8, "first")))
    await asyncio.sleep(0)

    with capture_logs() as logs, pytest.raises(NotRecorded):
        await few.record(entries(3, "second"))

    await waiting
    assert [(line["event"], line["records"]) for line in logs] == [("record.not_written", 3)]
    assert await record.references() == [f"first/{number}" for number in range(1, 9)]
    await few.close()


async def test_whoever_finds_nobody_waiting_is_let_in_with_more_than_can_wait(
    database: Database, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 10)
    few = recorder(database)

    await few.record(entries(11))

    assert len(await record.references()) == 11
    await few.close()


async def test_three_operations_of_ten_thousand_cases_at_once_are_recorded(
    database: Database, record: Record, reads: Reads
) -> None:
    recording = recorder(database, write_seconds=30.0)

    await asyncio.gather(*(recording.record(entries(10_000, name)) for name in ("a", "b", "c")))

    assert reads.commands(database.name)["insert", "disclosures"] == 30
    stream = await database["disclosures"].find({"kind": "status"}, sort=[("_id", 1)]).to_list(None)
    for name in ("a", "b", "c"):
        of_one = [one["reference"] for one in stream if one["requestId"] == name]
        assert of_one == [f"{name}/{number}" for number in range(1, 10_001)]
    await recording.close()


async def test_one_who_goes_away_in_the_middle_of_many_records_has_the_rest_not_written(
    database: Database, record: Record
) -> None:
    recording = recorder(database)
    large = asyncio.create_task(recording.record(entries(5_000, "large")))
    await asyncio.sleep(0)

    await recording.record(entries(1, "small"))
    large.cancel()
    await recording.close()

    with pytest.raises(asyncio.CancelledError):
        await large
    written = len(await record.references()) - 1
    assert 1_000 <= written < 5_000


async def test_a_refused_entry_among_many_refuses_what_is_not_written_yet(database: Database, record: Record) -> None:
    recording = recorder(database)
    large = [*entries(1_500, "large"), entry(details={"number": 2**70}), *entries(1_500, "later")]

    with capture_logs() as logs:
        results = await asyncio.gather(
            recording.record(large), *(recording.record(entries(20, f"s{n}")) for n in range(3)), return_exceptions=True
        )
    await recording.record(entries(1, "after"))

    assert [type(result) for result in results] == [NotRecorded, *[type(None)] * 3]
    assert [(line["event"], line["records"]) for line in logs] == [("record.not_written", 2_001)]
    written = [reference.split("/")[0] for reference in await record.references()]
    assert {name: written.count(name) for name in written} == {"after": 1, "large": 1_000, "s0": 20, "s1": 20, "s2": 20}
    await recording.close()


async def test_nothing_is_kept_of_what_is_written(database: Database) -> None:
    async with gateway_record(database, keeping(seal_records=10), new_replica_id()) as recording:
        await asyncio.gather(*(recording.record(entries(20, f"gone-{number}")) for number in range(8)))
        await recording.record(entries(1_500, "gone-large"))

        gc.collect()
        kept = [one.said if isinstance(one, Entry) else one for one in gc.get_objects() if type(one) in (Entry, dict)]
        assert [one for one in kept if str(one.get("requestId")).startswith("gone-")] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"reference": "r" * 101},
        {"consumer": "c" * 65},
        {"details": {"text": "\ud800"}},
        {"details": {"number": 2**70}},
    ],
    ids=["too long", "against the validator", "no Unicode", "no number"],
)
async def test_an_entry_that_cannot_be_stored_costs_only_its_own_operation(
    database: Database, record: Record, fault: dict[str, object]
) -> None:
    recording = recorder(database)
    first, bad, last = entries(2, "first"), entries(3, "bad"), entries(2, "last")
    bad[1] = entry(**fault)

    with capture_logs() as logs:
        results = await asyncio.gather(*(recording.record(one) for one in (first, bad, last)), return_exceptions=True)
    await recording.record(entries(1, "later"))

    assert [type(result) for result in results] == [type(None), NotRecorded, type(None)]
    assert [line["event"] for line in logs] == ["record.not_written"]
    assert {"first/1", "first/2", "last/1", "last/2", "later/1"} <= set(await record.references())
    assert len(await record.streams()) == 1
    await recording.close()


async def test_time_never_goes_back_within_a_stream() -> None:
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    moments = [begin, begin - timedelta(minutes=5), begin + timedelta(seconds=1)]
    stream = Stream(segment_records=10, moments=lambda: moments.pop(0))

    written = []
    for _ in range(3):
        documents = stream.link(entries(1))
        stream.wrote(documents)
        written += documents

    assert [document["at"] for document in written] == [begin, begin, begin + timedelta(seconds=1)]


async def test_what_is_linked_but_not_written_is_not_part_of_the_stream() -> None:
    stream = Stream(segment_records=10)
    stream.wrote(stream.link(entries(1)))

    lost = stream.link(entries(2, "lost"))
    again = stream.link(entries(2, "again"))

    assert lost[0]["previous"] == again[0]["previous"]
    assert [document["sequence"] for document in again] == [2, 3]
    assert RecordKind.CLOSED.value not in {document["kind"] for document in again}


async def test_what_was_written_and_what_was_not_is_counted(database: Database) -> None:
    counted = Metrics(new_replica_id())
    async with gateway_record(database, keeping(), new_replica_id(), counted.record) as recording:
        await recording.record(entries(3))
        await recording.record(entries(2))
    with pytest.raises(NotRecorded):
        await recording.record(entries(4))

    read = counted.registry.get_sample_value
    assert read("gateway_records_written_total") == 5
    assert read("gateway_records_not_written_total") == 4
    assert read("gateway_record_write_duration_seconds_count") == 2
