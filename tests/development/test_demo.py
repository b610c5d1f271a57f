"""The demo data of `gateway dev`: under the key its gateway has, and in no database that others use."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.development import programs
from gateway.development.demo import make_ready
from gateway.development.directory import DevelopmentDirectory, occupied
from gateway.development.errors import DevelopmentError
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.settings import Settings
from gateway.store.driver import Database, connect, open_database

COMPANY = "165599990010"
CONSUMER = {"name": {"sv": "Riktig", "en": "Real"}, "state": "active"}


@pytest_asyncio.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """An empty database, gone after the test."""
    client = connect(database_uri, timeout=10)
    yield open_database(client, database_name)
    await client.drop_database(database_name)
    await client.close()


@pytest.fixture
def directory(tmp_path: Path) -> DevelopmentDirectory:
    """A folder with keys."""
    with occupied(tmp_path / "development") as directory:
        return directory


@pytest.fixture
def embedded(directory: DevelopmentDirectory, database_name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name no MongoDB, and the key of another gateway."""
    monkeypatch.delenv("GATEWAY_MONGODB_URI", raising=False)
    other = directory.path / "other.key"
    other.write_bytes(base64.b64encode(b"o" * 32))
    return Settings(
        dev_directory=directory.path,
        mongodb_database=database_name,
        pseudonym_key_file=other,
        pseudonym_key_id="other",
    )


@pytest.fixture
def given(embedded: Settings, database_uri: str) -> Settings:
    """The same, with a MongoDB that somebody has."""
    return Settings(**{**embedded.model_dump(exclude_unset=True), "mongodb_uri": database_uri})


async def test_the_demo_data_is_under_the_key_that_the_gateway_is_given_whatever_else_is_set(
    embedded: Settings, directory: DevelopmentDirectory, database: Database, database_uri: str
) -> None:
    changes = await make_ready(embedded, database_uri, timeout=10)

    gateway = programs.gateway(embedded, directory, ["gateway"], database_uri, coloured=False).environment
    pseudonyms = read_pseudonyms(Path(gateway["GATEWAY_PSEUDONYM_KEY_FILE"]), gateway["GATEWAY_PSEUDONYM_KEY_ID"])
    company = pseudonyms.of(COMPANY)
    found = await database["caseGroups"].count_documents({"subject": company.digest, "subjectKey": company.key_id})
    assert found == 2
    assert "created collection caseGroups" in changes


async def test_a_second_start_changes_nothing(given: Settings, database: Database, database_uri: str) -> None:
    await make_ready(given, database_uri, timeout=10)

    assert await make_ready(given, database_uri, timeout=10) == []


async def test_a_given_database_that_others_use_is_left_alone(
    given: Settings, database: Database, database_uri: str
) -> None:
    await database["consumers"].insert_many([{"_id": id_, **CONSUMER} for id_ in ("business-portal", "real-portal")])

    with pytest.raises(DevelopmentError) as refused:
        await make_ready(given, database_uri, timeout=10)

    assert str(refused.value) == (
        f"`gateway dev` writes demo data, and the database {database.name} of GATEWAY_MONGODB_URI is used by others "
        "(real-portal). Nothing was changed in it. Name another database in GATEWAY_MONGODB_DATABASE, or unset "
        "GATEWAY_MONGODB_URI for the embedded one."
    )
    assert await database.list_collection_names() == ["consumers"]


async def test_the_embedded_database_is_the_developers_own_whoever_is_in_it(
    embedded: Settings, database: Database, database_uri: str
) -> None:
    await database["consumers"].insert_one({"_id": "my-portal", **CONSUMER})

    await make_ready(embedded, database_uri, timeout=10)

    assert await database["caseGroups"].count_documents({}) == 4


async def test_a_mongodb_that_is_away_is_a_sentence(given: Settings) -> None:
    with pytest.raises(DevelopmentError, match=r"^The MongoDB of GATEWAY_MONGODB_URI cannot be used: 127.0.0.1:1: "):
        await make_ready(given, "mongodb://127.0.0.1:1", timeout=0.1)


async def test_an_address_that_is_none_is_a_sentence(given: Settings) -> None:
    with pytest.raises(DevelopmentError, match=r"cannot be used: Invalid URI"):
        await make_ready(given, "http://127.0.0.1", timeout=0.1)


async def test_a_damaged_key_is_a_sentence(embedded: Settings, directory: DevelopmentDirectory) -> None:
    directory.pseudonym_key.write_text("not base64!")

    with pytest.raises(DevelopmentError, match="does not hold base64"):
        await make_ready(embedded, "mongodb://127.0.0.1:1", timeout=0.1)


async def test_a_collection_that_does_not_fit_is_a_sentence(
    embedded: Settings, database: Database, database_uri: str
) -> None:
    await database["caseGroups"].insert_many(
        [{"subject": "s", "owner": "o", "idempotency": {"key": "k"}} for _ in "12"]
    )

    with pytest.raises(DevelopmentError, match=r"^Creating index case_groups_by_idempotency_key"):
        await make_ready(embedded, database_uri, timeout=10)
