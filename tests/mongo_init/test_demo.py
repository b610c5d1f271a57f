"""The demo data as it stands in the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import pytest_asyncio
from bson import json_util

from gateway.identity.pseudonyms import Pseudonyms
from gateway.store.definitions import Definitions, DemoData
from gateway.store.driver import Database
from gateway.store.initialise import initialise

ALVA_EK, FIKA_AND_FORM, BJORN_SAND = "199003152390", "165599990010", "198811274560"
GROUPS = {
    ("Starta kafé i Exempelköping", FIKA_AND_FORM, "business-portal"): [
        "BV-2026-104233",
        "SKV-2026-55810",
        "SKV-2026-55811",
        "EXK-2026-0417",
        "EXK-2026-0418",
    ],
    ("Min enskilda firma", ALVA_EK, "business-portal"): ["BV-2026-100871", "SKV-2026-40017"],
    ("Bokföring 2026", FIKA_AND_FORM, "accounting-program"): ["SKV-2026-55811", "SKV-2026-55810"],
    ("Uteservering på torget", BJORN_SAND, "business-portal"): ["BV-2026-118090", "EXK-2026-0622"],
}


@pytest_asyncio.fixture
async def filled(database: Database, definitions: Definitions, demo: DemoData) -> Database:
    """A database with the demo data."""
    async for _ in initialise(database, definitions, demo=demo):
        pass
    return database


@pytest.mark.asyncio
async def test_the_groups_are_there_under_their_subjects_pseudonyms(filled: Database, pseudonyms: Pseudonyms) -> None:
    groups = {
        (group["title"], group["subject"], group["owner"]): [case["reference"] for case in group["cases"]]
        async for group in filled["caseGroups"].find({"subjectKey": "k1"})
    }

    assert groups == {
        (title, pseudonyms.of(number).digest, owner): references
        for (title, number, owner), references in GROUPS.items()
    }


@pytest.mark.asyncio
async def test_a_pseudonym_is_the_agreed_one(filled: Database) -> None:
    """Worked out with `openssl dgst -sha256 -hmac`, by hand and with no code of ours."""
    group = await filled["caseGroups"].find_one({"title": "Min enskilda firma"})

    assert group is not None
    assert group["subject"] == "LujCLlxW2yLzsEVkAHjsGBeXKAwVoLrVpVpLLwzDVdA"


@pytest.mark.asyncio
async def test_no_identity_number_stands_in_the_database(filled: Database) -> None:
    whole = ""
    for name in await filled.list_collection_names():
        whole += json_util.dumps([document async for document in filled[name].find()])

    assert "SKV-2026-55810" in whole
    for number in (ALVA_EK, FIKA_AND_FORM, BJORN_SAND):
        for form in (number, number[2:], f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}"):
            assert form not in whole


@pytest.mark.asyncio
async def test_every_case_is_of_an_open_type_at_a_connected_producer(filled: Database) -> None:
    open_types = {
        (producer["_id"], kind["code"])
        async for producer in filled["producers"].find({"state": "active"})
        for kind in producer["caseTypes"]
        if kind["state"] == "open"
    }
    owners = {consumer["_id"] async for consumer in filled["consumers"].find({"state": "active"})}

    async for group in filled["caseGroups"].find():
        assert group["owner"] in owners
        assert {(case["producer"], case["caseType"]) for case in group["cases"]} <= open_types
        assert [case["number"] for case in group["cases"]] == list(range(1, group["nextCaseNumber"]))


@pytest.mark.asyncio
async def test_the_dates_are_near_the_day_of_initialisation(filled: Database) -> None:
    now = datetime.now(UTC)

    async for group in filled["caseGroups"].find():
        assert group["createdAt"] <= group["updatedAt"] <= now
        assert all(group["createdAt"] <= case["addedAt"] <= now for case in group["cases"])
        assert (now - group["createdAt"]).days < 100
        assert (group["retainUntil"] - now).days in (399, 400)


@pytest.mark.asyncio
async def test_new_groups_come_before_the_demos(filled: Database) -> None:
    """The list is newest first by id, so the demo's fixed ids must be older than any made now."""
    newest = await filled["caseGroups"].find_one(sort=[("_id", -1)])

    assert newest is not None
    assert newest["_id"].generation_time < datetime(2026, 1, 1, tzinfo=UTC)
