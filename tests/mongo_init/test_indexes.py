"""The indexes: what they promise, and that every hot query uses one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from bson import ObjectId
from pymongo.errors import DuplicateKeyError
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.case_group import CaseGroup, CaseGroupFilter, GroupId, IdempotencyKey
from gateway.model.page import Window
from gateway.model.producer import ProducerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.store.case_groups import CaseGroupStore, NewestFirst
from gateway.store.definitions import Definitions
from gateway.store.driver import Client, Database, Document
from gateway.store.initialise import apply_collections
from tests.database import GIVEN

SUBJECT = SubjectKey("A" * 43, "k1")
OWNER = ConsumerId("business-portal")
FILTERS: dict[str, Callable[[Document], Document]] = {
    "find": lambda command: command["filter"],
    "aggregate": lambda command: command["pipeline"][0]["$match"],
    "findAndModify": lambda command: command["query"],
    "update": lambda command: command["updates"][0]["q"],
    "delete": lambda command: command["deletes"][0]["q"],
}
"""Where each command that reads or changes documents has its filter."""
NOT_EXPLAINED = frozenset({"lsid", "txnNumber", "writeConcern", "readConcern", "ordered"})
"""Parts of a command that `explain` does not take."""


class Recorder(CommandListener):
    """Keeps the commands the driver sends that read or change documents."""

    def __init__(self) -> None:
        self.commands: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keeps the parts of the command that `explain` takes."""
        if event.command_name in FILTERS:
            parts = {name: part for name, part in event.command.items() if name not in NOT_EXPLAINED and name[0] != "$"}
            self.commands.append(parts)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to keep."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to keep."""


@pytest_asyncio.fixture
async def ready(database: Database, definitions: Definitions) -> Database:
    """A database with the collections and indexes."""
    async for _ in apply_collections(database, definitions):
        pass
    return database


@pytest_asyncio.fixture
async def recorded(mongodb: str, ready: Database) -> AsyncIterator[tuple[CaseGroupStore, Recorder]]:
    """A store whose commands are recorded."""
    recorder = Recorder()
    client = Client(mongodb, tz_aware=True, event_listeners=[recorder])
    yield CaseGroupStore(client[ready.name]), recorder
    await client.close()


def _group() -> CaseGroup:
    now = datetime.now(UTC)
    return CaseGroup(
        id=GroupId(str(ObjectId())),
        owner=OWNER,
        title="Starta kafé",
        purpose=Purpose(InformationArea.TAXES, None),
        cases=(),
        next_case_number=1,
        revision=1,
        created_at=now,
        updated_at=now,
        retain_until=now + timedelta(days=400),
    )


@pytest.mark.asyncio
async def test_no_hot_query_scans_a_collection(ready: Database, recorded: tuple[CaseGroupStore, Recorder]) -> None:
    store, recorder = recorded
    group, bound = _group(), NewestFirst(GroupId(str(ObjectId())))
    other, now = ConsumerId("accounting-program"), datetime.now(UTC)
    narrow = CaseGroupFilter(InformationArea.TAXES, "filing-vat", ProducerId("tax-agency"))
    await store.insert(SUBJECT, group, IdempotencyKey("k", "f"))
    for wanted in (CaseGroupFilter(), narrow):
        for window in (Window(20), Window(20, bound), Window(20, None, bound, backward=True)):
            await store.page((SUBJECT,), OWNER, wanted, window, now)
        await store.count((SUBJECT,), OWNER, wanted, now)
    await store.count_owned((SUBJECT,), OWNER, now)
    await store.by_ids((SUBJECT,), OWNER, [group.id, GroupId(str(ObjectId()))], now)
    await store.holding((SUBJECT,), OWNER, [ProducerId("tax-agency")], now)
    await store.offered((SUBJECT,), other, [OWNER], now)
    await store.offered_by_id((SUBJECT,), other, [OWNER], now, group.id)
    await store.by_idempotency_key((SUBJECT,), OWNER, "k", now)
    await store.retain((SUBJECT,), OWNER, [group.id], now, now + timedelta(days=401))
    await store.replace((SUBJECT,), group)
    await store.hand_over((SUBJECT,), replace(group, revision=2), other)
    await store.delete((SUBJECT,), other, group.id, 3)
    assert await ready["caseGroups"].count_documents({}) == 0

    assert {next(iter(command)) for command in recorder.commands} == set(FILTERS)
    for command in recorder.commands:
        plans = [await _plan(ready, command)]
        if "COLLSCAN" in plans[0] and GIVEN not in os.environ:
            plans = [await _plan(ready, narrowed) for narrowed in _narrowed_to_the_indexes(command)]
        for stages in plans:
            assert "COLLSCAN" not in stages, f"{command} scans the collection"
            assert any(stage.endswith(("IXSCAN", "IDHACK")) or stage.startswith("EXPRESS") for stage in stages), command
            if GIVEN in os.environ:
                assert "SORT" not in stages, f"{command} sorts in memory"


@pytest.mark.asyncio
async def test_a_query_without_an_index_is_seen_to_scan(ready: Database) -> None:
    assert "COLLSCAN" in await _plan(ready, {"find": "caseGroups", "filter": {"title": "x"}})


@pytest.mark.asyncio
async def test_an_idempotency_key_counts_once_for_a_subject_and_owner(
    recorded: tuple[CaseGroupStore, Recorder],
) -> None:
    store, _ = recorded

    assert await store.insert(SUBJECT, _group(), IdempotencyKey("k", "f"))
    assert not await store.insert(SUBJECT, _group(), IdempotencyKey("k", "other"))
    assert await store.insert(SubjectKey("B" * 43, "k1"), _group(), IdempotencyKey("k", "f"))
    assert await store.insert(SUBJECT, _group(), IdempotencyKey("another", "f"))


@pytest.mark.asyncio
async def test_groups_without_an_idempotency_key_do_not_collide(recorded: tuple[CaseGroupStore, Recorder]) -> None:
    store, _ = recorded

    for _ in range(3):
        assert await store.insert(SUBJECT, _group(), None)


@pytest.mark.asyncio
async def test_the_unique_index_is_the_servers_not_the_stores(
    ready: Database, recorded: tuple[CaseGroupStore, Recorder]
) -> None:
    store, _ = recorded
    await store.insert(SUBJECT, _group(), IdempotencyKey("k", "f"))
    document = await ready["caseGroups"].find_one()
    assert document is not None

    with pytest.raises(DuplicateKeyError):
        await ready["caseGroups"].insert_one({**document, "_id": ObjectId()})


@pytest.mark.asyncio
async def test_a_group_lapses_when_its_time_has_come(ready: Database) -> None:
    indexes = await ready["caseGroups"].index_information()

    assert indexes["case_groups_retention"]["key"] == [("retainUntil", 1)]
    assert indexes["case_groups_retention"]["expireAfterSeconds"] == 0


async def _plan(database: Database, command: Document) -> set[str]:
    return _stages(await database.command("explain", command, verbosity="queryPlanner"))


def _narrowed_to_the_indexes(command: Document) -> list[Document]:
    """The command's query, a query for each side of an "or", with no more conditions than an index has fields for.

    MongoDB looks such a query up in the index and sifts what it finds by the other conditions, and each side of an
    "or" by itself. The embedded database (SecantusDB 0.6.0b17) takes an index only when it has a field for every
    condition, and never a partial one; what is shown against it is that the indexes serve what they have to, and
    against a given MongoDB the whole query.
    """
    name = next(iter(command))
    wanted = FILTERS[name](command)
    sides = [{**wanted, **side} for side in wanted.get("$or", [{}])]
    return [{"find": command[name], "filter": _indexed(side)} for side in sides]


def _indexed(side: Document) -> Document:
    if permission := side.get("readPermissions"):
        indexed = {"readPermissions.consumer": permission["$elemMatch"]["consumer"]}
    elif isinstance(side.get("owner"), str):
        indexed = {"owner": side["owner"]}
    else:  # a partial index serves it, or owners in a list before an id: to the embedded database, only the beginning
        return {field: side[field] for field in ("subject", "owner") if field in side}
    return {"subject": side["subject"], **indexed, **({"_id": side["_id"]} if "_id" in side else {})}


def _stages(plan: Any) -> set[str]:
    """Every stage named anywhere in a plan that wins; what was rejected does not count."""
    if isinstance(plan, dict):
        own = {plan["stage"]} if isinstance(plan.get("stage"), str) else set()
        return own.union(*(_stages(part) for name, part in plan.items() if name not in ("rejectedPlans", "command")))
    if isinstance(plan, list):
        return set().union(*map(_stages, plan))
    return set()
