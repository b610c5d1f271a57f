"""The commands of the administration, run as an operator does, over a database with two consumers and two producers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.store.definitions import load_definitions
from gateway.store.driver import opened_database
from gateway.store.initialise import initialise
from tests.agreements import consumer_record, producer_record

Document = dict[str, Any]


@dataclass
class Office:
    """Where an operator sits."""

    uri: str
    database: Database[Document]
    settings: dict[str, str] = field(default_factory=dict)
    """Set for every command."""

    def run(self, *words: str, answer: str | None = None, **settings: str) -> Result:
        """Runs `gateway …` with `answer` on its standard input; a setting that is empty is not set."""
        given = {"mongodb_uri": self.uri, "mongodb_database": self.database.name, **self.settings, **settings}
        env = {f"GATEWAY_{name.upper()}": value or None for name, value in given.items()}
        return CliRunner().invoke(app, words, env=env, input=answer)

    def json(self, *words: str) -> Any:
        """What a command that is done prints with --json."""
        result = self.run(*words, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    def all(self) -> dict[str, list[Document]]:
        """Everything that is in the database."""
        return {
            name: list(self.database[name].find().sort("_id", 1))
            for name in sorted(self.database.list_collection_names())
        }

    def refused(self, *words: str, is_recorded: bool = False) -> list[str]:
        """The sentences that a refused command says; it has changed nothing, and where `is_recorded` has said so."""
        before = self.all()
        result = self.run(*words)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        after = self.all()
        if is_recorded:
            assert self.recorded()[-1]["outcome"] == "FAILED"
            after = {**after, **{name: before[name] for name in ("disclosures", "recordStreams")}}
        assert after == before
        return result.stderr.splitlines()

    def recorded(self) -> list[Document]:
        """What commands have recorded of changes to what is agreed, in order."""
        return list(self.database["disclosures"].find({"kind": "agreement"}).sort([("at", 1), ("_id", 1)]))


@pytest.fixture
def office(database_uri: str, database_name: str) -> Iterator[Office]:
    """An office over a database of its own, gone after the test."""

    async def prepare() -> None:
        async with opened_database(database_uri, database_name, timeout=10) as database:
            async for _ in initialise(database, load_definitions()):
                pass

    asyncio.run(prepare())
    with MongoClient[Document](database_uri, tz_aware=True) as client:
        database = client[database_name]
        database["consumers"].insert_many([consumer_record("business-portal"), consumer_record("accounting-program")])
        database["producers"].insert_many(
            [
                producer_record("tax-agency", ["FSKATT", "MOMS"]),
                producer_record("municipality", ["SERVERINGSTILLSTAND"]),
            ]
        )
        yield Office(database_uri, database)
        client.drop_database(database_name)


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there to be asked."""
    monkeypatch.setattr("gateway.administration.running.is_somebody_there", lambda: True)
