"""Health, and what a caller is told while the database is away: the truth, and nothing of the inside."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.database import GIVEN, embedded_database
from tests.gateway import BUSINESS, CREATE, Gateway, running_gateway
from tests.http.waiting import until
from tests.issuer import Issuer
from tests.producer import Producer
from tests.reads import Reads


class OwnDatabase:
    """A database that a test may stop and start again, with the same data on the same port."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running = ExitStack()
        self.uri = self._running.enter_context(embedded_database(directory))

    def stop(self) -> None:
        self._running.close()

    def start(self) -> None:
        port = urlsplit(self.uri).port
        assert port is not None
        self._running.enter_context(embedded_database(self._directory, port=port))


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[OwnDatabase]:
    if GIVEN in os.environ:
        pytest.skip("The MongoDB that was given cannot be stopped by a test.")
    database = OwnDatabase(tmp_path / "own-database")
    yield database
    database.stop()


@pytest_asyncio.fixture
async def fragile(
    own_database: OwnDatabase, database_name: str, issuer: Issuer, tax: Producer, tmp_path: Path, reads: Reads
) -> AsyncIterator[Gateway]:
    """A gateway on a database that can be stopped."""
    async with running_gateway(
        own_database.uri, database_name, issuer, [tax], tmp_path, reads, mongodb_timeout=0.5
    ) as gateway:
        yield gateway


async def health(gateway: Gateway, path: str) -> Any:
    return await gateway.send(None, {}, method="GET", path=f"/health/{path}", authorized=False)


async def test_a_gateway_with_all_it_needs_is_live_and_ready(gateway: Gateway) -> None:
    live, ready = await health(gateway, "live"), await health(gateway, "ready")

    assert (live.status, live.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json) == (
        200,
        {"status": "ok", "checks": {"database": True, "registry": True, "issuerKeys": True, "pseudonymKeys": True}},
    )
    assert live.headers["Cache-Control"] == ready.headers["Cache-Control"] == "no-store"


async def test_without_its_database_the_gateway_is_live_but_not_ready_and_recovers_by_itself(
    fragile: Gateway, own_database: OwnDatabase
) -> None:
    own_database.stop()

    live, ready = await health(fragile, "live"), await health(fragile, "ready")
    assert live.status == 200
    assert (ready.status, ready.json["status"], ready.json["checks"]["database"]) == (503, "unavailable", False)

    own_database.start()

    async def is_ready() -> bool:
        return bool((await health(fragile, "ready")).status == 200)

    await until(is_ready)


async def test_without_its_database_the_gateway_says_so_and_works_again_afterwards(
    fragile: Gateway, own_database: OwnDatabase, tax: Producer
) -> None:
    group = await fragile.a_group_with(tax.case("T-1"))
    question = "query($id: ID!) { viewer { consumer { name } } caseGroup(id: $id) { title } }"
    change = {"input": {"title": "Under avbrottet", "purpose": BUSINESS}}
    own_database.stop()

    read = await fragile.query(question, id=group["id"])
    changed = await fragile.query(CREATE, change)

    for answer in (read, changed):
        assert (answer.status, answer.code) == (200, "UNAVAILABLE")
        assert "Try again" in answer.error["message"]
        assert answer.error["extensions"]["requestId"] == answer.headers["X-Request-ID"]
        inside = (own_database.uri, str(urlsplit(own_database.uri).port), "127.0.0.1", "pymongo", "Traceback")
        assert [word for word in inside if word in answer.body.decode()] == []
    # What needs no database is answered as ever.
    assert read.json["data"] == {"viewer": {"consumer": {"name": "business-portal (sv)"}}, "caseGroup": None}
    assert changed.json["data"] == {"createCaseGroup": None}

    own_database.start()

    async def works_again() -> bool:
        again = await fragile.query(question, id=group["id"])
        return bool(again.json["data"]["caseGroup"] == {"title": "Starta kafé"})

    await until(works_again)
    assert await fragile.a_group_with(tax.case("T-2"))


async def test_the_keys_are_public_and_hold_nothing_private(gateway: Gateway) -> None:
    answer = await gateway.send(None, {}, method="GET", path="/.well-known/jwks.json", authorized=False)

    (key,) = answer.json["keys"]
    assert key.keys() >= {"kty", "crv", "x", "y", "kid"}
    assert "d" not in key
    assert "max-age" in answer.headers["Cache-Control"]


async def test_a_gateway_that_cannot_check_any_token_is_not_ready_until_it_can(
    database_uri: str, database_name: str, issuer: Issuer, tax: Producer, tmp_path: Path, reads: Reads
) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text("not there yet")
    settings: dict[str, Any] = {"token_jwks": str(keys), "token_jwks_min_interval": 0.01}
    async with running_gateway(database_uri, database_name, issuer, [tax], tmp_path, reads, **settings) as gateway:
        before = await health(gateway, "ready")
        refused = await gateway.query("{ __typename }")
        keys.write_bytes(issuer.jwks.read_bytes())

        async def is_answered() -> bool:
            return (await gateway.query("{ __typename }")).status == 200

        await until(is_answered)
        after = await health(gateway, "ready")

    assert (before.status, before.json["checks"]["issuerKeys"]) == (503, False)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "UNAVAILABLE", "5")
    assert after.status == 200
