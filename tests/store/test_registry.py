"""The registry over a real database: what it reads, when it reads again, and what time alone changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from bson.datetime_ms import DatetimeMS
from pymongo.errors import OperationFailure
from structlog.testing import capture_logs

from gateway.errors import StoreUnavailable
from gateway.model.caller import ConsumerId
from gateway.model.connection import Environment
from gateway.model.producer import ProducerId
from gateway.store import registry as registry_module
from gateway.store.background import in_the_background
from gateway.store.driver import Database, connect, open_database
from gateway.store.registry import Registry
from tests.agreements import SINCE, consumer_record, grant_record, producer_record
from tests.reads import Reads

PORTAL, TAX = ConsumerId("business-portal"), ProducerId("tax-agency")
PATIENCE = 30.0
REFUSAL = OperationFailure("not authorized on it to execute command { aggregate }", 13)


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Deaf:
    """A database that does not tell of changes, to this user; everything else is the real one's."""

    def __init__(self, database: Database, *, heard: int = 0) -> None:
        self._database, self._heard = database, heard

    def __getitem__(self, name: str) -> Any:
        return _DeafCollection(self, self._database[name])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def hear(self) -> None:
        self._heard -= 1
        if self._heard < 0:
            raise REFUSAL


class _DeafCollection:
    def __init__(self, database: Deaf, collection: Any) -> None:
        self._database, self._collection = database, collection

    async def watch(self, **options: Any) -> Any:
        stream = await self._collection.watch(**options)
        listen = stream.try_next

        async def try_next() -> Any:
            self._database.hear()
            return await listen()

        stream.try_next = try_next
        return stream


async def _agree(database: Database) -> None:
    await database["consumers"].insert_one(consumer_record(PORTAL))
    await database["producers"].insert_one(producer_record(TAX))
    await database["grants"].insert_one(grant_record(PORTAL, TAX, ["PERMIT"]))


async def _until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "it never came to hold"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def _kept_read(registry: Registry, interval: float = 0.05) -> AsyncIterator[None]:
    async with in_the_background(registry.keep_reading(interval)):
        yield


CHANGES: list[tuple[str, Callable[[Database], Awaitable[Any]], Callable[[Registry], bool]]] = [
    (
        "a grant withdrawn",
        lambda database: database["grants"].update_one({}, {"$set": {"withdrawnAt": SINCE}}),
        lambda registry: not registry.agreements.grants_of(PORTAL),
    ),
    (
        "a grant given",
        lambda database: database["grants"].insert_one(grant_record(PORTAL, TAX, ["OTHER"])),
        lambda registry: len(registry.agreements.grants_of(PORTAL)) == 2,
    ),
    (
        "a consumer suspended",
        lambda database: database["consumers"].update_one({}, {"$set": {"state": "suspended"}}),
        lambda registry: registry.connected_consumer(PORTAL) is None and not registry.agreements.grants_of(PORTAL),
    ),
    (
        "a producer ended",
        lambda database: database["producers"].update_one({}, {"$set": {"state": "ended"}}),
        lambda registry: registry.connected_producer(TAX) is None and not registry.agreements.grants_of(PORTAL),
    ),
]


@pytest.mark.parametrize(("what", "change", "has_taken_effect"), CHANGES)
@pytest.mark.parametrize("told", [True, False])
async def test_a_change_takes_effect_whether_the_database_tells_of_it_or_not(
    database: Database,
    told: bool,
    what: str,
    change: Callable[[Database], Awaitable[Any]],
    has_taken_effect: Callable[[Registry], bool],
) -> None:
    await _agree(database)
    registry = Registry(database if told else cast(Database, Deaf(database)), Environment.TEST)
    with capture_logs() as logs:
        async with _kept_read(registry):
            await _until(lambda: bool(registry.agreements.grants_of(PORTAL)) and bool(logs))
            version = registry.agreements.version

            await change(database)

            await _until(lambda: has_taken_effect(registry))
            assert registry.agreements.version > version
    if told:
        assert logs == [{"event": "registry.changes_told", "log_level": "info"}]
    else:
        assert [(one["event"], one["problem"].partition(" on")[0]) for one in logs] == [
            ("registry.changes_not_told", "not authorized")
        ]


async def test_nothing_is_read_while_the_database_tells_of_no_change(database: Database, reads: Reads) -> None:
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    async with _kept_read(registry):
        await _until(lambda: registry.is_read)
        before = reads.of(database.name, "grants")

        await asyncio.sleep(3 * registry_module.PEEK_SECONDS)

        assert reads.of(database.name, "grants") == before


async def test_a_stream_that_breaks_is_told_of_once_and_asked_for_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_module, "READ_ANYWAY_SECONDS", 0.2)
    monkeypatch.setattr(registry_module, "PEEK_SECONDS", 0.01)
    await _agree(database)
    registry = Registry(cast(Database, Deaf(database, heard=10)), Environment.TEST)
    with capture_logs() as logs:
        async with _kept_read(registry):
            await _until(lambda: len(logs) == 2)
            await database["grants"].update_one({}, {"$set": {"withdrawnAt": SINCE}})
            await _until(lambda: registry.is_read and not registry.agreements.grants_of(PORTAL))
            await asyncio.sleep(0.5)  # it was asked again meanwhile, and refused

    assert [one["event"] for one in logs] == ["registry.changes_told", "registry.changes_not_told"]


async def test_a_collection_that_is_dropped_ends_the_stream_and_not_the_reading(database: Database) -> None:
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    with capture_logs() as logs:
        async with _kept_read(registry):
            await _until(lambda: bool(registry.agreements.grants_of(PORTAL)))

            await database["grants"].drop()

            await _until(lambda: not registry.agreements.grants_of(PORTAL) and len(logs) == 2)
    assert logs[1]["event"] == "registry.changes_not_told"


async def test_a_fault_of_ours_does_not_end_the_reading(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    read, faults = registry.read, iter([1, 2])

    async def faulty() -> None:
        for _ in faults:
            raise RuntimeError("a fault")
        await read()

    monkeypatch.setattr(registry, "read", faulty)
    with capture_logs() as logs:
        async with _kept_read(registry):
            await _until(lambda: registry.is_read)
    assert [one["event"] for one in logs].count("registry.not_read") == 2


async def test_reading_the_same_again_keeps_the_version(database: Database) -> None:
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    await registry.read()
    agreements = registry.agreements

    await registry.read()

    assert registry.agreements is agreements
    assert agreements.version == 1


async def test_a_change_of_the_history_alone_is_no_change(database: Database) -> None:
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    await registry.read()
    agreements = registry.agreements

    entry = {"at": SINCE, "by": "kim", "action": "note", "why": "Asked to.", "changes": {}}
    await database["grants"].update_one({}, {"$push": {"history": entry}, "$inc": {"revision": 1}})
    await registry.read()

    assert registry.agreements is agreements


async def test_time_alone_changes_what_holds_without_a_read(database: Database, reads: Reads) -> None:
    clock = Clock(SINCE + timedelta(days=1))
    validity: dict[str, Any] = {"validFrom": SINCE + timedelta(days=2), "validUntil": SINCE + timedelta(days=3)}
    await database["consumers"].insert_one(consumer_record(PORTAL, validUntil=SINCE + timedelta(days=4)))
    await database["producers"].insert_one(producer_record(TAX))
    await database["grants"].insert_one(grant_record(PORTAL, TAX, ["PERMIT"], **validity))
    registry = Registry(database, Environment.TEST, clock)
    await registry.read()
    before = [reads.of(database.name, name) for name in registry_module.COLLECTIONS]

    seen = []
    for days in (1, 2, 3, 4):
        clock.now = SINCE + timedelta(days=days)
        agreements = registry.agreements
        assert registry.agreements is agreements
        seen.append((agreements.version, len(agreements.grants_of(PORTAL)), [one.id for one in registry.consumers()]))

    assert seen == [(1, 0, [PORTAL]), (2, 1, [PORTAL]), (3, 0, [PORTAL]), (4, 0, [])]
    assert [reads.of(database.name, name) for name in registry_module.COLLECTIONS] == before


async def test_only_what_is_of_the_gateways_environment_is_let_in(database: Database) -> None:
    await _agree(database)
    await database["consumers"].insert_one(consumer_record("live-portal", environment="live"))
    registry = Registry(database, Environment.LIVE)
    await registry.read()

    assert [one.id for one in registry.consumers()] == ["live-portal"]
    assert registry.producers() == []
    assert registry.connected_consumer(PORTAL) is None
    assert registry.consumer(PORTAL) is not None
    assert registry.producer(TAX) is not None


BAD: list[tuple[str, dict[str, Any]]] = [
    ("grants", {"onlyReferences": ["R-1"]}),
    ("grants", {"fields": ["title", "everything"]}),
    ("grants", {"fields": "title"}),
    ("grants", {"caseTypes": "PERMIT"}),
    ("grants", {"caseTypes": [1]}),
    ("grants", {"purposes": {"informationArea": "TAXES", "event": None}}),
    ("grants", {"purposes": [{"informationArea": "TAXES"}]}),
    ("grants", {"purposes": [{"informationArea": "SPACE_TRAVEL", "event": None}]}),
    ("grants", {"purposes": [{"informationArea": "TAXES", "event": 1}]}),
    ("grants", {"environment": "every"}),
    ("grants", {"validFrom": None}),
    ("grants", {"validFrom": "2026-01-01"}),
    ("grants", {"validUntil": "2026-01-01"}),
    ("grants", {"withdrawnAt": False}),
    ("grants", {"consumer": 1}),
    ("consumers", {"state": "lively"}),
    ("consumers", {"representatives": "no"}),
    ("consumers", {"environment": None}),
    ("consumers", {"contact": {"name": "Kim Berg"}}),
    ("consumers", {"validUntil": 0}),
    ("consumers", {"endedAt": "yesterday"}),
    ("producers", {"validFrom": None}),
    ("producers", {"informationAreas": ["SPACE_TRAVEL"]}),
    ("producers", {"endpoint": None}),
    ("producers", {"caseTypes": ["PERMIT"]}),
    ("producers", {"caseTypes": {}}),
    ("producers", {"caseTypes.0.state": "piloted"}),
    ("producers", {"caseTypes.0.from": "2027-01-01"}),
    ("producers", {"caseTypes.0.pilots": "business-portal"}),
    ("producers", {"caseTypes.0.pilots": [1]}),
    ("producers", {"overrides": []}),
    ("producers", {"overrides.deadline": "3"}),
    ("producers", {"overrides.deadline": float("nan")}),
    ("producers", {"overrides.maxWait": True}),
    ("producers", {"overrides.maxBatch": 0}),
    ("producers", {"overrides.maxBatch": 1.5}),
    ("producers", {"organisation": "Skatteverket"}),
    ("producers", {"support": "Ring oss."}),
    ("producers", {"incidents": {"name": "Kim"}}),
    ("producers", {"offersCases": 1}),
]


@pytest.mark.parametrize(("collection", "change"), BAD)
async def test_a_record_that_cannot_be_understood_is_logged_and_grants_nothing(
    database: Database, collection: str, change: dict[str, Any]
) -> None:
    await _agree(database)
    for name in registry_module.COLLECTIONS:
        await database.command("collMod", name, validator={})
    await database[collection].update_one({}, {"$set": change})
    registry = Registry(database, Environment.TEST)

    with capture_logs() as logs:
        await registry.read()

    assert registry.agreements.grants_of(PORTAL) == ()
    assert registry.is_read
    assert [(one["event"], one["collection"], one["log_level"]) for one in logs] == [
        ("registry.bad_record", collection, "error")
    ]


@pytest.mark.parametrize("field", ["withdrawnAt", "validUntil", "purposes", "fields", "environment"])
async def test_a_grant_that_does_not_say_all_it_must_grants_nothing(database: Database, field: str) -> None:
    await _agree(database)
    await database.command("collMod", "grants", validator={})
    await database["grants"].update_one({}, {"$unset": {field: True}})
    registry = Registry(database, Environment.TEST)

    with capture_logs():
        await registry.read()

    assert registry.agreements.grants_of(PORTAL) == ()


async def test_a_good_record_stands_beside_a_bad_one(database: Database) -> None:
    await _agree(database)
    await database.command("collMod", "consumers", validator={})
    await database["consumers"].insert_one({"_id": "older", "name": {"sv": "x", "en": "x"}, "state": "active"})
    registry = Registry(database, Environment.TEST)

    with capture_logs():
        await registry.read()

    assert [one.id for one in registry.consumers()] == [PORTAL]


async def test_a_date_that_python_cannot_hold_costs_its_own_record_and_no_other(database: Database) -> None:
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    await registry.read()
    stray = grant_record("another-portal", TAX, ["MOMS"], validUntil=DatetimeMS(253_402_300_800_000))
    await database["grants"].insert_one(stray)
    await database["grants"].update_one({"consumer": PORTAL}, {"$set": {"withdrawnAt": SINCE}})

    with capture_logs() as logs:
        await registry.read()

    assert [one["id"] for one in logs] == [str(stray["_id"])]
    assert registry.agreements.grants_of(PORTAL) == ()


async def test_what_could_not_be_read_again_for_too_long_counts_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(registry_module, "monotonic", lambda: now)
    await _agree(database)
    registry = Registry(database, Environment.TEST)
    assert not registry.is_read

    await registry.read()
    now += 89.9
    assert registry.is_read
    now += 0.1
    assert not registry.is_read
    await registry.read()
    assert registry.is_read


async def test_what_was_last_read_stays_while_the_database_is_away_and_time_still_ends_it(database: Database) -> None:
    clock = Clock(datetime.now(UTC))
    await _agree(database)
    await database["grants"].update_one({}, {"$set": {"validUntil": clock.now + timedelta(hours=1)}})
    registry = Registry(database, Environment.TEST, clock)
    await registry.read()
    away = connect("mongodb://127.0.0.1:1/?directConnection=true", timeout=0.05)
    registry._database = open_database(away, "none")

    with pytest.raises(StoreUnavailable):
        await registry.read()
    with capture_logs() as logs:
        async with _kept_read(registry):
            await _until(lambda: len(logs) >= 3)

    assert [one["event"] for one in logs[:3]] == ["registry.changes_not_told", *["registry.not_read"] * 2]
    assert len(registry.agreements.grants_of(PORTAL)) == 1
    clock.now += timedelta(hours=2)
    assert registry.agreements.grants_of(PORTAL) == ()
    await away.close()
