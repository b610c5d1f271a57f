"""`init.js`, run by the real MongoDB shell as the official image does, against what the Python initialiser makes."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from gateway.store.definitions import MONGO_INIT, DemoData, load_definitions
from gateway.store.driver import Database, Document
from gateway.store.initialise import initialise
from tests.mongo_init.shell import SHELL, shell_is_installed

PASSWORDS = {"gateway": "one", "operator": "two"}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", autouse=True)
def shell() -> None:
    shell_is_installed()


@pytest.fixture
def other(mongodb: str) -> Iterator[str]:
    """The name of another empty database, gone after the test."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    with MongoClient[Document](mongodb) as client:
        client[name].command("dropAllUsersFromDatabase")
        client[name].command("dropAllRolesFromDatabase")
        client.drop_database(name)


@pytest.fixture
def run(mongodb: str, tmp_path: Path) -> Run:
    """Runs init.js as the official image's entry point does: on a database by name, in an empty home."""

    def run(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["node", SHELL, "--quiet", mongodb.replace("/?", f"/{name}?"), MONGO_INIT / "init.js"],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.asyncio
async def test_the_shell_and_the_gateway_make_the_same_database(
    run: Run, other: str, database: Database, demo: DemoData, key_file: Path
) -> None:
    definitions = load_definitions()
    password = key_file.with_name("password")
    password.write_text("two\n")
    async for _ in initialise(database, definitions, demo=demo, passwords=PASSWORDS):
        pass

    done = run(
        other,
        MONGO_INIT_GATEWAY_PASSWORD="one",
        MONGO_INIT_OPERATOR_PASSWORD_FILE=str(password),
        MONGO_INIT_DEMO="yes",
        GATEWAY_PSEUDONYM_KEY_FILE=str(key_file),
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "created collection caseGroups" in done.stdout
    made_by_shell = await _all_of(database.client[other])
    assert made_by_shell == await _all_of(database)
    assert len(made_by_shell["documents"]["caseGroups"]) == 4
    # To the initialiser it is one of its own: nothing is left to do.
    steps = [step async for step in initialise(database.client[other], definitions, demo=demo, passwords=PASSWORDS)]
    assert [str(step) for step in steps if step.changed] == []


@pytest.mark.asyncio
async def test_what_is_not_asked_for_is_left_out(run: Run, other: str, database: Database) -> None:
    done = run(other)

    assert done.returncode == 0
    assert "user gateway is left out: neither MONGO_INIT_GATEWAY_PASSWORD nor" in done.stdout
    made = await _all_of(database.client[other])
    assert made["users"] == []
    assert all(documents == [] for documents in made["documents"].values())


@pytest.mark.asyncio
async def test_the_demo_producers_endpoints_can_be_given(
    run: Run, other: str, database: Database, key_file: Path
) -> None:
    endpoints = {"tax-agency": "http://tax-agency:8101/graphql"}

    done = run(
        other,
        MONGO_INIT_DEMO="yes",
        MONGO_INIT_DEMO_ENDPOINTS=json.dumps(endpoints),
        GATEWAY_PSEUDONYM_KEY_FILE=str(key_file),
    )

    assert (done.returncode, done.stderr) == (0, "")
    producers = {one["_id"]: one["endpoint"] async for one in database.client[other]["producers"].find()}
    assert producers["tax-agency"] == endpoints["tax-agency"]
    assert producers["municipality"] == "http://127.0.0.1:8103/graphql"


@pytest.mark.asyncio
async def test_a_database_in_use_is_refused(run: Run, database: Database) -> None:
    await database["caseGroups"].insert_one({"_id": 1})

    done = run(database.name)

    assert done.returncode == 1
    assert "has collections already; bring it up to date with: gateway db init" in done.stderr
    assert await database.list_collection_names() == ["caseGroups"]


async def _all_of(database: Database) -> dict[str, Any]:
    """What a database holds, apart from its own name and from times; types count, since 1 and 1.0 are not the same."""
    collections = {info["name"]: info["options"] async for info in await database.list_collections()}
    names = sorted(collections)
    roles = (await database.command("rolesInfo", 1, showPrivileges=True))["roles"]
    users = (await database.command("usersInfo"))["users"]
    return {
        "collections": collections,
        "indexes": {name: await database[name].index_information() for name in names},
        "roles": sorted(json.dumps(_less(role, "_id")).replace(database.name, "DB") for role in roles),
        "users": sorted(json.dumps(_less(user, "_id", "userId")).replace(database.name, "DB") for user in users),
        "documents": {name: [_typed(one) async for one in database[name].find().sort("_id", 1)] for name in names},
    }


def _less(document: Document, *fields: str) -> Document:
    return {name: value for name, value in document.items() if name not in fields}


def _typed(value: Any) -> Any:
    """The value with the type of each part, and of a date nothing but that."""
    if isinstance(value, dict):
        return {name: _typed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_typed(part) for part in value]
    return type(value).__name__ if type(value).__name__ == "datetime" else (type(value).__name__, value)
