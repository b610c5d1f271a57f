"""What the roles let one do with the record: all that writing it takes, and nothing by which it could be changed.

The embedded database (SecantusDB 0.6.0b17) enforces the actions of a role but not which collection each is for, so the
part of each role that is about the record is tried as a role of its own (tests/mongo_init/test_roles.py).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from pymongo.errors import OperationFailure
from structlog.testing import capture_logs

from gateway.disclosure.keeping import command_record, gateway_record
from gateway.model.replica import new_replica_id
from gateway.store.definitions import Role, load_definitions
from gateway.store.driver import Client, Database, connect, open_database
from gateway.store.initialise import initialise
from tests.database import GIVEN, embedded_database
from tests.disclosure.record import Record, entries, keeping
from tests.disclosure.test_sealing import eventually
from tests.disclosure.test_takeover import check, takeover

NAME = "test-record-roles"
PASSWORD = "only for tests"
UNAUTHORIZED = 13
RECORD = ("disclosures", "recordStreams", "recordSeals")
Login = Callable[[str], Database]

pytestmark = pytest.mark.skipif(GIVEN in os.environ, reason="tests/mongo_init/test_roles.py tries a given MongoDB")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database that enforces the roles' parts that are about the record."""
    directory = tmp_path_factory.mktemp("guarded")
    with embedded_database(directory) as uri:
        asyncio.run(_prepare(uri))
    with embedded_database(directory, auth=True) as uri:
        yield uri


async def _prepare(uri: str) -> None:
    client = Client(uri)
    definitions = load_definitions()
    parts = [
        Role(
            role=role.role,
            description="",
            privileges={name: role.privileges[name] for name in RECORD if name in role.privileges},
        )
        for role in definitions.roles
    ]
    users = {user.user: PASSWORD for user in definitions.users}
    async for _ in initialise(client[NAME], replace(definitions, roles=parts), passwords=users):
        pass
    await client.close()


@pytest_asyncio.fixture
async def login(guarded: str) -> AsyncIterator[Login]:
    """Gives the database as a user sees it."""
    clients = []

    def as_user(user: str) -> Database:
        address = guarded.replace("mongodb://", f"mongodb://{user}:{PASSWORD.replace(' ', '%20')}@")
        clients.append(connect(f"{address}&authSource={NAME}", timeout=10))
        return open_database(clients[-1], NAME)

    yield as_user
    for client in clients:
        await client.close()


async def test_the_gateway_writes_seals_and_takes_over_with_find_and_insert_alone(login: Login) -> None:
    database = login("gateway")
    record = Record(database)

    with capture_logs() as logs:
        async with gateway_record(database, keeping(seal_seconds=0.2), new_replica_id()) as recording:
            await recording.record(entries(3, "first"))
            assert recording.stream is not None
            recording.leave(recording.stream)
            await recording.record(entries(3, "second"))
            await eventually(lambda: _closed(database, 1))

    assert await record.sealed()
    assert {line["event"] for line in logs} == {"record.sealed", "record.stream_taken_over"}


async def test_a_command_writes_with_insert_alone_and_reads_nothing(login: Login) -> None:
    operator, gateway = login("operator"), login("gateway")

    async with command_record(operator) as recording:
        await recording.record(entries(2, "command"))
    await check(takeover(gateway, later=timedelta(0)))

    assert await Record(gateway).sealed()
    for collection in RECORD:
        await _is_refused(operator[collection].find_one())


@pytest.mark.parametrize("collection", RECORD)
@pytest.mark.parametrize("user", ["gateway", "operator"])
async def test_nobody_who_writes_can_change_or_remove(login: Login, user: str, collection: str) -> None:
    target = login(user)[collection]

    await _is_refused(target.update_one({}, {"$set": {"hash": "0" * 64}}))
    await _is_refused(target.replace_one({}, {"hash": "0" * 64}))
    await _is_refused(target.find_one_and_update({}, {"$set": {"hash": "0" * 64}}))
    await _is_refused(target.delete_one({}))
    await _is_refused(target.delete_many({}))
    await _is_refused(target.drop())


async def _is_refused(doing: Any) -> None:
    with pytest.raises(OperationFailure) as refused:
        await doing
    assert refused.value.code == UNAUTHORIZED


async def _closed(database: Database, least: int) -> bool:
    return await database["recordSeals"].count_documents({"closes": True}) >= least
