"""What every question asks goes past the driver over connections of its own, and by the driver where that fails."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import bson
import pytest
import uvloop
from bson.errors import BSONError
from pymongo.errors import AutoReconnect, OperationFailure
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    ConnectionPoolListener,
)
from structlog.testing import capture_logs

from gateway.errors import StoreUnavailable
from gateway.store import kept_connections
from gateway.store.driver import Client, Collection, answer_at_once, connect, found_at_once, open_database
from tests.database import GIVEN, embedded_database
from tests.disclosure.line import line_to
from tests.faults.certificates import Authority
from tests.http.waiting import until
from tests.store.replica_set import HEADER, Document, Member, running

Make = Callable[[bytes], list[bytes]]


@asynccontextmanager
async def many_at(uri: str, name: str = "db", **options: object) -> AsyncIterator[Collection]:
    """The collection `many` of a database, over a client of the gateway's."""
    client = connect(uri, timeout=10) if not options else Client(uri, **options)
    try:
        yield open_database(client, name)["many"]
    finally:
        await client.close()


async def found(many: Collection) -> list[object]:
    """The ids that are found."""
    return [document["_id"] for document in await found_at_once(many, {}, seconds=10)]


def writable(many: Collection) -> set[int | None]:
    """The ports of the servers that the driver knows to be primaries."""
    servers = many.database.client.topology_description.server_descriptions()
    return {port for (_, port), server in servers.items() if server.is_writable}


async def has_kept_one(many: Collection, member: Member) -> None:
    """Waits until what is asked of `member` goes past the driver."""

    for _ in range(1_000):
        await found(many)
        if member.sent_past_the_driver[-1]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no connection is kept")


async def test_the_first_goes_by_the_driver_and_what_follows_past_it() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        for _ in range(3):
            assert await found(many) == ["one"]

    assert not one.sent_past_the_driver[0]
    assert one.sent_past_the_driver[-3:] == [True] * 3


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_what_is_encrypted_for_the_driver_is_encrypted_past_it(
    run: Callable[[Coroutine[Any, Any, None]], None],
    tmp_path: Path,
    is_encrypted: bool,
) -> None:
    authority, one = Authority(tmp_path), Member("one")
    certificate = authority.server("localhost") if is_encrypted else None

    async def asked() -> None:
        async with running(one, certificate=certificate) as replicas:
            tls = f"&tls=true&tlsCAFile={authority.file}" if is_encrypted else ""
            async with many_at(replicas.uri + tls) as many:
                await has_kept_one(many, one)
                assert await found(many) == ["one"]
            await until(lambda: one.connections == 0)

    run(asked())

    assert one.sent_past_the_driver[-1]


@pytest.mark.skipif(GIVEN in os.environ, reason="the users of a given MongoDB are not ours")
async def test_who_the_driver_is_authenticated_as_is_who_asks_past_it(tmp_path: Path) -> None:
    with embedded_database(tmp_path) as uri:
        async with many_at(uri, "users") as many:
            await many.database.command("createUser", "reader", pwd="only for tests", roles=["read"])
            await many.insert_one({"_id": 1})
    with embedded_database(tmp_path, auth=True) as uri:
        address = uri.replace("mongodb://", "mongodb://reader:only%20for%20tests@") + "&authSource=users"
        async with many_at(address, "users") as many, many_at(uri, "users") as nobody:
            for _ in range(20):
                assert await found(many) == [1]
                with pytest.raises(OperationFailure, match="auth"):
                    await found(nobody)
            insert = {"insert": "many", "documents": [{"_id": 2}]}
            with pytest.raises(OperationFailure, match="authorized"):
                await answer_at_once(many.database, insert, seconds=10)


async def test_after_an_election_the_new_primary_is_asked_and_the_old_one_no_more() -> None:
    one, other = Member("one"), Member("other")
    async with running(one, other) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)

        replicas.elect(other)

        # The old one refuses, which the driver knows to make something of.
        assert await found(many) == ["other"]
        await has_kept_one(many, other)
        asked_before = len(one.finds)
        assert await found(many) == ["other"]
        assert len(one.finds) == asked_before


async def test_after_an_election_that_was_heard_of_the_old_primary_is_not_even_asked() -> None:
    one, other = Member("one"), Member("other")
    async with running(one, other) as replicas, many_at(f"{replicas.uri}&heartbeatFrequencyMS=500") as many:
        await has_kept_one(many, one)
        asked = len(one.finds)
        replicas.elect(other)
        await until(lambda: other.port in writable(many))

        assert await found(many) == ["other"]

        assert len(one.finds) == asked


def _to_another(message: bytes) -> list[bytes]:
    length, id_, to, code = HEADER.unpack_from(message)
    return [HEADER.pack(length, id_, to + 1, code) + message[HEADER.size :]]


def _of_another_kind(message: bytes) -> list[bytes]:
    length, id_, to, _ = HEADER.unpack_from(message)
    return [HEADER.pack(length, id_, to, 1) + message[HEADER.size :]]


def _with_more_to_come(message: bytes) -> list[bytes]:
    return [message[: HEADER.size] + struct.pack("<i", 2) + message[HEADER.size + 4 :]]


def _of_length(length: int) -> Make:
    return lambda message: [struct.pack("<i", length) + message[4:]]


def _no_document(message: bytes) -> list[bytes]:
    return [message[:25] + b"\xff" * (len(message) - 25)]


WRONG: dict[str, Make] = {
    "another command's": _to_another,
    "another kind": _of_another_kind,
    "one of several": _with_more_to_come,
    "shorter than any": _of_length(20),
    "of no length": _of_length(-1),
    "longer than any": _of_length(2_000_000_000),
    "no document": _no_document,
    "followed by more": lambda message: [message + b"\0"],
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
async def test_a_reply_that_is_none_ends_its_connection_and_the_driver_asks_again(make: Make) -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        asked = len(one.finds)
        one.garble = lambda command, message: (
            make(message) if "find" in command and "lsid" not in command else [message]
        )

        assert await found(many) == ["one"]

        assert one.sent_past_the_driver[asked:] == [True, False]


@pytest.mark.parametrize("size", [1, 3, 16, 40])
async def test_a_reply_may_come_in_pieces(size: int) -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        one.garble = lambda _, message: [message[at : at + size] for at in range(0, len(message), size)]
        asked = len(one.finds)

        assert await found(many) == ["one"]

        assert one.sent_past_the_driver[asked:] == [True]


async def test_what_comes_unasked_ends_the_connection() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        one.garble = lambda command, message: (
            [message, message] if "find" in command and "lsid" not in command else [message]
        )
        before = one.connections

        with suppress(StoreUnavailable):
            await found(many)
        await until(lambda: one.connections < before)
        one.garble = lambda _, message: [message]

        assert await found(many) == ["one"]


async def test_what_the_server_will_not_carry_out_the_driver_is_left_to_tell(database_uri: str) -> None:
    async with many_at(database_uri) as many:
        for _ in range(5):
            with pytest.raises(OperationFailure):
                await found_at_once(many, {"$nothing": 1}, seconds=10)


async def test_what_cannot_be_written_is_refused_and_costs_no_connection() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        for _ in range(3):
            with pytest.raises(BSONError):
                await found_at_once(many, {"_id": object()}, seconds=10)
        asked = len(one.finds)

        assert await found(many) == ["one"]

        assert one.sent_past_the_driver[asked:] == [True]


async def test_what_is_too_long_for_one_message_is_left_to_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        monkeypatch.setattr(kept_connections, "LONGEST_SENT", 10)
        asked = len(one.finds)

        assert await found(many) == ["one"]

        assert one.sent_past_the_driver[asked:] == [False]


async def test_what_takes_too_long_costs_its_own_connection_and_no_other(database_uri: str) -> None:
    async with line_to(database_uri) as line, many_at(line.uri) as many:
        for _ in range(10):
            assert await found(many) == []
        line.hold_up()

        waiting = [found_at_once(many, {}, seconds=0.1) for _ in range(3)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        line.go_on()

        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
        assert await found(many) == []


async def test_who_is_cancelled_takes_the_connection_along() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        one.garble = lambda command, message: [] if "find" in command else [message]
        before, asked = one.connections, len(one.finds)
        finding = asyncio.create_task(found(many))
        await until(lambda: len(one.finds) > asked)

        finding.cancel()

        with pytest.raises(asyncio.CancelledError):
            await finding
        await until(lambda: one.connections < before)


@pytest.mark.parametrize("limit", ["ours", "the address's"])
async def test_connections_that_are_not_needed_are_given_back(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    one, more = Member("one"), ""
    if limit == "ours":
        monkeypatch.setattr(kept_connections, "KEPT_IDLE_SECONDS", 0.2)
    else:
        more = "&maxIdleTimeMS=200"
    async with running(one) as replicas, many_at(replicas.uri + more) as many:
        await has_kept_one(many, one)
        for _ in range(5):
            await asyncio.gather(*(found(many) for _ in range(4)))
            await asyncio.sleep(0.01)
        at_most = one.connections

        await until(lambda: one.connections < at_most)

        assert await found(many) == ["one"]


async def test_one_that_was_idle_for_too_long_is_not_used_where_nobody_swept_it_away() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri + "&maxIdleTimeMS=200") as many:
        await has_kept_one(many, one)
        sweeping = many.database.client.kept_connections._sweeping
        assert sweeping is not None
        sweeping.cancel()
        await asyncio.sleep(0.3)

        assert await found(many) == ["one"]
        assert not one.sent_past_the_driver[-1]


class Pool(ConnectionPoolListener):
    """Counts what becomes of the driver's connections."""

    def __init__(self) -> None:
        self.taken = self.given_back = self.made = self.closed = 0

    def connection_checked_out(self, _: object) -> None:
        self.taken += 1

    def connection_checked_in(self, _: object) -> None:
        self.given_back += 1

    def connection_created(self, _: object) -> None:
        self.made += 1

    def connection_closed(self, _: object) -> None:
        self.closed += 1

    def pool_created(self, _: object) -> None:
        """Nothing."""

    def pool_ready(self, _: object) -> None:
        """Nothing."""

    def pool_cleared(self, _: object) -> None:
        """Nothing."""

    def pool_closed(self, _: object) -> None:
        """Nothing."""

    def connection_ready(self, _: object) -> None:
        """Nothing."""

    def connection_check_out_started(self, _: object) -> None:
        """Nothing."""

    def connection_check_out_failed(self, _: object) -> None:
        """Nothing."""


async def test_in_the_end_all_are_closed_and_given_back_to_the_driver() -> None:
    one, pool = Member("one"), Pool()
    before = asyncio.all_tasks()
    async with running(one) as replicas:
        async with many_at(replicas.uri, event_listeners=[pool]) as many:
            await has_kept_one(many, one)
            await asyncio.gather(*(found(many) for _ in range(4)))
            assert pool.taken > pool.given_back
        await until(lambda: one.connections == 0)

    assert pool.taken == pool.given_back
    assert pool.made == pool.closed
    assert asyncio.all_tasks() == before


async def test_what_is_kept_after_all_were_lost_is_given_back_in_the_end_as_well() -> None:
    one, pool = Member("one"), Pool()
    async with running(one) as replicas, many_at(replicas.uri, event_listeners=[pool]) as many:
        await has_kept_one(many, one)
        one.garble = lambda command, message: [] if "find" in command and "lsid" not in command else [message]
        with pytest.raises(StoreUnavailable):
            await found_at_once(many, {}, seconds=0.1)
        one.garble = lambda _, message: [message]
        await has_kept_one(many, one)

    assert pool.taken == pool.given_back
    assert pool.made == pool.closed


async def test_what_the_driver_has_given_up_is_not_used_any_more() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        one.hangs_up = lambda command: "ping" in command
        with pytest.raises(AutoReconnect):
            await many.database.command("ping")
        one.hangs_up = lambda _: False
        asked = len(one.finds)

        assert await found(many) == ["one"]

        assert one.sent_past_the_driver[asked:] == [False]


async def test_an_opening_that_comes_to_no_end_is_given_up_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_connections, "OPENING_SECONDS", 0.2)
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        # The driver has one of its own, and no other comes to be.
        assert [await found(many), len(one.finds)] == [["one"], 1]
        one.garble = lambda command, message: [] if "hello" in command or "ismaster" in command else [message]
        assert await asyncio.gather(*(found(many) for _ in range(1))) == [["one"]]
        await asyncio.sleep(0.3)
        one.garble = lambda _, message: [message]

        await has_kept_one(many, one)


async def test_a_limit_counts_for_all_that_reading_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        cursor = {"firstBatch": [{"_id": 1}], "id": bson.Int64(7), "ns": "db.many"}
        one.reply = lambda command: {"ok": 1.0, "cursor": cursor} if "find" in command else None
        one.garble = lambda command, message: [] if "killCursors" in command else [message]

        async with asyncio.timeout(5):
            with pytest.raises(StoreUnavailable):
                await found_at_once(many, {}, seconds=0.2)
        one.garble = lambda _, message: [message]


async def test_what_has_no_limit_is_not_ended_by_the_limit_of_what_came_before() -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        assert await found_at_once(many, {}, seconds=0.1) == [{"_id": "one"}]
        one.seconds = 0.3
        asked = len(one.finds)

        assert await found_at_once(many, {}, seconds=None) == [{"_id": "one"}]

        assert one.sent_past_the_driver[asked:] == [True]


class Nuisance(CommandListener):
    """Fails at whatever it hears."""

    def started(self, event: CommandStartedEvent) -> None:
        raise ValueError(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        raise ValueError(event.command_name)

    def failed(self, event: CommandFailedEvent) -> None:
        raise ValueError(event.command_name)


async def test_who_listens_to_commands_hears_of_all_and_disturbs_none(capfd: pytest.CaptureFixture[str]) -> None:
    one, heard = Member("one"), HeardEverywhere()
    async with running(one) as replicas, many_at(replicas.uri, event_listeners=[Nuisance(), heard]) as many:
        with capture_logs() as lines:
            await has_kept_one(many, one)
            one.reply = lambda command: {"ok": 0.0, "errmsg": "no"} if "find" in command else None
            with pytest.raises(OperationFailure):
                await found(many)

    assert len(one.finds) == heard.started_ones.count("find")
    assert heard.ended.count(("find", "one")) == len(one.finds) - 2
    assert heard.ended.count(("find", "no")) == 2
    assert {line["event"] for line in lines} == {"store.listener_failed"}
    capfd.readouterr()  # the driver prints what its own listeners raise


class Heard(CommandListener):
    """What it heard of `find`."""

    def __init__(self) -> None:
        self.started_ones: list[str] = []
        self.ended: list[tuple[str, object]] = []

    def started(self, event: CommandStartedEvent) -> None:
        assert next(iter(event.command)) == event.command_name
        self.started_ones.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name == "find":
            self.ended.append(("find", event.reply["cursor"]["firstBatch"][0]["_id"]))

    def failed(self, event: CommandFailedEvent) -> None:
        self.ended.append((event.command_name, event.failure["errmsg"]))


class HeardEverywhere(Pool, Heard):
    """Hears of connections besides, and is in two lists of the driver's."""

    def __init__(self) -> None:
        Pool.__init__(self)
        Heard.__init__(self)


async def test_a_date_that_python_cannot_hold_is_read_whoever_listens() -> None:
    one = Member("one")
    far = bson.DatetimeMS(253_402_300_800_000)
    reply = {"ok": 1.0, "cursor": {"firstBatch": [{"_id": far}], "id": bson.Int64(0), "ns": "db.many"}}
    async with running(one) as replicas, many_at(replicas.uri, event_listeners=[Heard()]) as many:
        await has_kept_one(many, one)
        one.reply = lambda command: reply if "find" in command else None
        asked = len(one.finds)

        assert await found(many) == [far]

        assert one.sent_past_the_driver[asked:] == [True]


@pytest.mark.parametrize("option", ["maxPoolSize=1", "readPreference=primaryPreferred"])
async def test_none_is_kept_where_the_pool_has_but_one_or_the_primary_is_not_to_be_asked(option: str) -> None:
    one = Member("one")
    async with running(one) as replicas, many_at(f"{replicas.uri}&{option}") as many:
        for _ in range(5):
            assert await found(many) == ["one"]
            await asyncio.sleep(0.01)

    assert one.sent_past_the_driver == [False] * 5


async def test_a_driver_of_another_make_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Member("one")
    monkeypatch.setattr(Client, "_conn_for_writes", None)
    with capture_logs() as lines:
        async with running(one) as replicas, many_at(replicas.uri) as many:
            for _ in range(5):
                assert await found(many) == ["one"]
                await asyncio.sleep(0.01)

    assert one.sent_past_the_driver == [False] * 5
    assert [line["event"] for line in lines] == ["store.keeps_no_connections"]


async def test_a_reply_may_be_long() -> None:
    reply: Document = {"ok": 1.0, "cursor": {"firstBatch": [{"_id": "x" * 3_000_000}], "id": bson.Int64(0)}}
    one = Member("one")
    async with running(one) as replicas, many_at(replicas.uri) as many:
        await has_kept_one(many, one)
        one.reply = lambda command: reply if "find" in command else None

        assert await found(many) == ["x" * 3_000_000]
        assert one.sent_past_the_driver[-1]
