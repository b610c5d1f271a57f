"""Reading by a plain command finds what the driver's own cursor finds, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pymongo.monitoring import ConnectionPoolListener

from gateway.errors import StoreUnavailable
from gateway.store import driver
from gateway.store.driver import Client, Database, connect, ended_within, found_at_once, open_database, translated
from tests.disclosure.line import Line, line_to
from tests.reads import Reads

MANY = [{"_id": number, "even": number % 2 == 0} for number in range(7)]


@pytest_asyncio.fixture
async def line(database_uri: str) -> AsyncIterator[Line]:
    """The line to the database."""
    async with line_to(database_uri) as line:
        yield line


async def test_all_is_found_and_in_the_form_that_is_asked_for(database: Database) -> None:
    await database["many"].insert_many(MANY)

    found = await found_at_once(database["many"], {"even": True}, {"even": False}, seconds=10)

    assert found == [{"_id": 0}, {"_id": 2}, {"_id": 4}, {"_id": 6}]
    assert await found_at_once(database["many"], {"even": None}, seconds=None) == []


async def test_what_is_too_much_for_one_answer_is_found_whole_and_no_cursor_is_left(
    database: Database, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database["many"].insert_many(MANY)
    monkeypatch.setattr(driver, "MOST_AT_ONCE", 3)

    assert await found_at_once(database["many"], {}, seconds=10) == MANY
    assert reads.commands(database.name)["killCursors", "many"] == 1


async def test_a_lost_connection_is_made_anew_and_the_question_asked_again(database: Database, line: Line) -> None:
    await database["many"].insert_many(MANY)
    client = connect(line.uri, timeout=10)
    many = open_database(client, database.name)["many"]
    await found_at_once(many, {}, seconds=10)

    line.hold_up()
    finding = asyncio.create_task(found_at_once(many, {}, seconds=10))
    await asyncio.sleep(0.05)
    line.go_on()

    assert await finding == MANY
    await client.close()


class Connections(ConnectionPoolListener):
    """Counts what becomes of connections."""

    def __init__(self) -> None:
        self.closed = self.taken = self.given_back = self.pools_cleared = 0

    def connection_closed(self, _: object) -> None:
        self.closed += 1

    def connection_checked_out(self, _: object) -> None:
        self.taken += 1

    def connection_checked_in(self, _: object) -> None:
        self.given_back += 1

    def pool_cleared(self, _: object) -> None:
        self.pools_cleared += 1

    def pool_created(self, _: object) -> None:
        """Nothing."""

    def pool_ready(self, _: object) -> None:
        """Nothing."""

    def pool_closed(self, _: object) -> None:
        """Nothing."""

    def connection_created(self, _: object) -> None:
        """Nothing."""

    def connection_ready(self, _: object) -> None:
        """Nothing."""

    def connection_check_out_started(self, _: object) -> None:
        """Nothing."""

    def connection_check_out_failed(self, _: object) -> None:
        """Nothing."""


async def test_an_operation_that_is_ended_costs_its_own_connection_and_no_other(database: Database, line: Line) -> None:
    await database["many"].insert_many(MANY)
    connections = Connections()
    client = Client(line.uri, event_listeners=[connections], serverMonitoringMode="poll")
    many = client[database.name]["many"]
    assert await many.count_documents({}) == len(MANY)

    async def ended() -> None:
        with translated():
            async with ended_within(0.1):
                await many.count_documents({})

    line.hold_up()
    results = await asyncio.gather(*(ended() for _ in range(3)), return_exceptions=True)

    # Before the line goes on: that cuts what it held up, and the driver may have asked how the server is meanwhile.
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    assert (connections.closed, connections.pools_cleared) == (3, 0)
    line.go_on()
    assert await many.count_documents({}) == len(MANY)
    assert connections.taken == connections.given_back
    await client.close()
