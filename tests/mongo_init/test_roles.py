"""What each user may do, in a MongoDB that enforces it.

The embedded database (SecantusDB 0.6.0b17) enforces the actions of a role but not which collection each is for: it
allows on all what is allowed on one. Against it, each collection's part of a role is therefore tried as a role of its
own, with a user of its own; against a given MongoDB the roles and users are tried as they are.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from pymongo.errors import DuplicateKeyError, OperationFailure

from gateway.store.definitions import Definitions, Role, load_definitions
from gateway.store.driver import Client, Collection, Database
from gateway.store.initialise import initialise
from tests.database import GIVEN, embedded_database
from tests.mongo_init.test_validators import GOOD

NAME = "test-roles"
PASSWORD = "only for tests"
UNAUTHORIZED = 13
Login = Callable[[str, str], Database]

pytestmark = pytest.mark.skipif(
    GIVEN in os.environ and "@" not in os.environ[GIVEN],
    reason=f"{GIVEN} names a MongoDB without users",
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB that enforces users and roles, with those of mongo-init/ and an owner."""
    directory = tmp_path_factory.mktemp("guarded")
    with embedded_database(directory) as uri:
        asyncio.run(_prepare(uri))
    with embedded_database(directory, auth=True) as uri:
        yield uri
        if GIVEN in os.environ:
            asyncio.run(_clear(uri))


def _in_parts(definitions: Definitions) -> Definitions:
    """The definitions and, for each collection, each role's part for it as a role and user of their own."""
    roles, users = list(definitions.roles), list(definitions.users)
    for role in definitions.roles:
        for collection in GOOD:
            part = {collection: role.privileges[collection]} if collection in role.privileges else {}
            roles.append(Role(role=f"{role.role}-{collection}", description="", privileges=part))
    for user in definitions.users:
        for collection in GOOD:
            part_of = {"user": f"{user.user}-{collection}", "role": f"{user.role}-{collection}"}
            users.append(user.model_copy(update=part_of))
    return replace(definitions, roles=roles, users=users)


async def _prepare(uri: str) -> None:
    client = Client(uri)
    database = client[NAME]
    definitions = _in_parts(load_definitions())
    async for _ in initialise(database, definitions, passwords={user.user: PASSWORD for user in definitions.users}):
        pass
    await database.command("createUser", "owner", pwd=PASSWORD, roles=["dbOwner"])
    await client.close()


async def _clear(uri: str) -> None:
    client = Client(uri)
    await client[NAME].command("dropAllUsersFromDatabase")
    await client[NAME].command("dropAllRolesFromDatabase")
    await client.drop_database(NAME)
    await client.close()


@pytest_asyncio.fixture
async def login(guarded: str) -> AsyncIterator[Login]:
    """Gives the database as a user sees it who works on a collection."""
    clients = []

    def as_user(user: str, collection: str) -> Database:
        name = user if GIVEN in os.environ or user == "owner" else f"{user}-{collection}"
        clients.append(Client(guarded, username=name, password=PASSWORD, authSource=NAME))
        return clients[-1][NAME]

    yield as_user
    for client in clients:
        await client.close()


async def _listen(collection: Collection) -> None:
    async with await collection.watch(max_await_time_ms=1) as stream:
        await stream.try_next()


async def _try(database: Database, collection: str, action: str) -> None:
    target = database[collection]
    actions: dict[str, Callable[[], Any]] = {
        "find": lambda: target.find_one({"_id": "none"}),
        "insert": lambda: target.insert_one(GOOD[collection]),
        "update": lambda: target.update_one({"_id": "there already"}, {"$set": {"state": "active"}}),
        "remove": lambda: target.delete_one({"_id": GOOD[collection]["_id"]}),
        "drop": target.drop,
        "changeStream": lambda: _listen(target),
    }
    with suppress(DuplicateKeyError):  # what another user inserted, and nobody may remove
        await actions[action]()


ALLOWED = [
    ("gateway", "caseGroups", ("find", "insert", "update", "remove")),
    ("gateway", "consumers", ("find", "changeStream")),
    ("gateway", "producers", ("find", "changeStream")),
    ("gateway", "grants", ("find", "changeStream")),
    ("gateway", "notices", ("find", "insert", "remove")),
    ("gateway", "replicas", ("find", "insert", "update", "remove")),
    ("gateway", "disclosures", ("find", "insert")),
    ("gateway", "recordStreams", ("find", "insert")),
    ("gateway", "recordSeals", ("find", "insert")),
    ("gateway", "pseudonymKeys", ("find", "changeStream")),
    ("keykeeper", "caseGroups", ("find", "update")),
    ("keykeeper", "pseudonymKeys", ("find", "insert", "update")),
    ("keykeeper", "disclosures", ("insert",)),
    ("keykeeper", "recordStreams", ("insert",)),
    ("privacy", "caseGroups", ("find", "remove")),
    ("privacy", "notices", ("find", "remove")),
    ("privacy", "pseudonymKeys", ("find",)),
    ("privacy", "consumers", ("find",)),
    ("privacy", "producers", ("find",)),
    ("privacy", "disclosures", ("find", "insert")),
    ("privacy", "recordStreams", ("insert",)),
    ("operator", "consumers", ("find", "insert", "update")),
    ("operator", "producers", ("find", "insert", "update")),
    ("operator", "grants", ("find", "insert", "update")),
    ("operator", "notices", ("find",)),
    ("operator", "replicas", ("find",)),
    ("operator", "disclosures", ("insert",)),
    ("operator", "recordStreams", ("insert",)),
    *(
        (user, collection, actions)
        for user in ("auditor", "recordkeeper")
        for collection, actions in (
            ("disclosures", ("find", "insert")),
            ("recordStreams", ("find", "insert")),
            ("recordSeals", ("find",)),
            ("pseudonymKeys", ("find",)),
        )
    ),
    ("recordkeeper", "disclosures", ("remove",)),
    ("auditor", "consumers", ("find",)),
    ("auditor", "producers", ("find",)),
]
REFUSED = [
    ("auditor", "disclosures", ("update", "remove", "drop")),
    ("auditor", "producers", ("insert", "update", "remove", "drop")),
    ("recordkeeper", "disclosures", ("update", "drop")),
    *(
        (user, collection, actions)
        for user in ("auditor", "recordkeeper")
        for collection, actions in (
            ("recordStreams", ("update", "remove", "drop")),
            ("recordSeals", ("insert", "update", "remove", "drop")),
            ("caseGroups", ("find", "insert", "update", "remove", "drop")),
            ("consumers", ("insert", "update", "remove", "drop")),
        )
    ),
    ("gateway", "caseGroups", ("drop",)),
    ("gateway", "consumers", ("insert", "update", "remove", "drop")),
    ("gateway", "producers", ("insert", "update", "remove", "drop")),
    ("gateway", "grants", ("insert", "update", "remove", "drop")),
    ("gateway", "notices", ("update", "drop")),
    ("gateway", "replicas", ("drop",)),
    ("gateway", "disclosures", ("update", "remove", "drop")),
    ("gateway", "recordStreams", ("update", "remove", "drop")),
    ("gateway", "recordSeals", ("update", "remove", "drop")),
    ("gateway", "pseudonymKeys", ("insert", "update", "remove", "drop")),
    ("keykeeper", "caseGroups", ("insert", "remove", "drop")),
    ("keykeeper", "pseudonymKeys", ("remove", "drop")),
    ("keykeeper", "disclosures", ("find", "update", "remove", "drop")),
    *(
        ("keykeeper", name, ("find", "insert", "update", "remove", "drop"))
        for name in ("consumers", "grants", "notices")
    ),
    ("privacy", "caseGroups", ("insert", "update", "drop")),
    ("privacy", "notices", ("insert", "update", "drop")),
    ("privacy", "pseudonymKeys", ("insert", "update", "remove", "drop")),
    ("privacy", "disclosures", ("update", "remove", "drop")),
    ("privacy", "grants", ("find", "insert", "update", "remove", "drop")),
    ("operator", "pseudonymKeys", ("find", "insert", "update", "remove", "drop")),
    ("operator", "caseGroups", ("find", "insert", "update", "remove", "drop")),
    ("operator", "consumers", ("remove", "drop")),
    ("operator", "producers", ("remove", "drop")),
    ("operator", "grants", ("remove", "drop")),
    ("operator", "notices", ("insert", "update", "remove", "drop")),
    ("operator", "replicas", ("insert", "update", "remove", "drop")),
    ("operator", "disclosures", ("find", "update", "remove", "drop")),
    ("operator", "recordStreams", ("find", "update", "remove", "drop")),
    ("operator", "recordSeals", ("find", "insert", "update", "remove", "drop")),
]


@pytest.mark.parametrize(("user", "collection", "actions"), ALLOWED)
@pytest.mark.asyncio
async def test_a_user_may_do_its_work(login: Login, user: str, collection: str, actions: tuple[str, ...]) -> None:
    for action in actions:
        await _try(login(user, collection), collection, action)


@pytest.mark.parametrize(("user", "collection", "actions"), REFUSED)
@pytest.mark.asyncio
async def test_a_user_may_do_nothing_else(login: Login, user: str, collection: str, actions: tuple[str, ...]) -> None:
    for action in actions:
        with pytest.raises(OperationFailure) as refused:
            await _try(login(user, collection), collection, action)
        assert refused.value.code == UNAUTHORIZED, action


@pytest.mark.asyncio
async def test_nobody_reads_without_logging_in(guarded: str) -> None:
    client = Client("mongodb://" + guarded.removeprefix("mongodb://").rpartition("@")[2])

    with pytest.raises(OperationFailure):
        await client[NAME]["caseGroups"].find_one()
    await client.close()


@pytest.mark.asyncio
async def test_the_owner_of_the_database_can_initialise_it(login: Login) -> None:
    definitions = load_definitions()

    steps = [step async for step in initialise(login("owner", "all"), definitions, passwords={})]

    assert [str(step) for step in steps if step.changed] == []
