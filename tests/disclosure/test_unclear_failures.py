"""Whatever becomes of an answer on its way, a delivery is recorded once, or nobody is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from gateway.disclosure.streams import now
from gateway.errors import NotRecorded
from gateway.store.driver import Database, connect, open_database
from tests.disclosure.line import Line, line_to
from tests.disclosure.record import Record, entries, recorder


@pytest_asyncio.fixture
async def line(database_uri: str) -> AsyncIterator[Line]:
    """The line to the database."""
    async with line_to(database_uri) as line:
        yield line


@pytest_asyncio.fixture
async def far(line: Line, database: Database) -> AsyncIterator[Database]:
    """The database at the other end of the line."""
    client = connect(line.uri, timeout=3)
    yield open_database(client, database.name)
    await client.close()


@contextmanager
def nothing_given_up() -> Iterator[None]:
    """Nobody was refused, and no stream was left."""
    with capture_logs() as logs:
        yield
    assert [line["event"] for line in logs] == []


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_write_whose_answer_got_lost_is_there_once(
    far: Database, line: Line, record: Record, lost: int
) -> None:
    recording = recorder(far)
    await recording.record(entries(2, "before"))

    line.answers_lost = lost
    with nothing_given_up():
        await recording.record(entries(3, "lost"))
        await recording.record(entries(1, "after"))
    await recording.close()

    assert line.answers_lost == 0
    assert await record.references() == ["after/1", "before/1", "before/2", "lost/1", "lost/2", "lost/3"]
    assert len(await record.streams()) == 1


async def test_the_first_write_of_a_stream_whose_answer_got_lost_is_there_once(
    far: Database, line: Line, record: Record
) -> None:
    recording = recorder(far)

    line.answers_lost = 1
    with nothing_given_up():
        await recording.record(entries(2))
    await recording.close()

    (stream,) = (await record.streams()).values()
    assert [one["kind"] for one in stream] == ["opened", "status", "status", "closed"]


async def test_a_write_that_never_arrived_is_sent_again(far: Database, line: Line, record: Record) -> None:
    recording = recorder(far)
    await recording.record(entries(1, "before"))

    line.requests_lost = 2
    with nothing_given_up():
        await recording.record(entries(2, "lost"))
    await recording.close()

    assert line.requests_lost == 0
    assert await record.references() == ["before/1", "lost/1", "lost/2"]


async def test_of_a_write_that_arrived_in_part_the_rest_is_written(
    far: Database, line: Line, record: Record, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = recorder(far)
    await recording.record(entries(1, "before"))
    assert recording.stream is not None
    moment = now()
    monkeypatch.setattr(recording.stream, "_moments", lambda: moment)
    await database["disclosures"].insert_many(recording.stream.link(entries(5, "part"))[:2])

    with nothing_given_up():
        await recording.record(entries(5, "part"))
    await recording.close()

    assert await record.references() == ["before/1", *(f"part/{number}" for number in range(1, 6))]
    assert len(await record.streams()) == 1


async def test_when_the_time_is_up_nobody_who_waits_is_told(far: Database, line: Line, record: Record) -> None:
    recording = recorder(far, write_seconds=0.5)
    await recording.record(entries(1, "before"))

    line.hold_up()
    with capture_logs() as logs:
        under_way = asyncio.create_task(recording.record(entries(2, "under way")))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(recording.record(entries(3, "waiting")))
        results = await asyncio.gather(under_way, waiting, return_exceptions=True)

    assert [type(result) for result in results] == [NotRecorded, NotRecorded]
    assert [(one["event"], one["records"]) for one in logs] == [("record.not_written", 5)]
    assert "under way" not in str(logs)
    line.go_on()


async def test_a_stream_that_was_given_up_is_never_written_to_again(far: Database, line: Line, record: Record) -> None:
    recording = recorder(far, write_seconds=0.5)
    await recording.record(entries(1, "before"))
    assert recording.stream is not None
    left = recording.stream.id

    line.answers_lost = 100
    with capture_logs(), pytest.raises(NotRecorded):
        await recording.record(entries(600, "lost"))
    line.answers_lost = 0
    await recording.record(entries(2, "after"))
    await recording.close()

    streams = await record.streams()
    kinds = {stream == left: [one["kind"] for one in records] for stream, records in streams.items()}
    assert kinds[False] == ["opened", "status", "status", "closed"]
    assert "closed" not in kinds[True], "somebody else closes it"
    assert recording.left_behind == {left}


async def test_a_database_that_is_away_at_first_and_then_there_is_written_to(
    far: Database, line: Line, record: Record
) -> None:
    recording = recorder(far, write_seconds=1.0)
    line.hold_up()
    with capture_logs(), pytest.raises(NotRecorded):
        await recording.record(entries(1, "away"))

    line.go_on()
    await recording.record(entries(1, "there"))
    await recording.close()

    assert "there/1" in await record.references()
