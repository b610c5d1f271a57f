"""Every page of the record is read by an index that begins with the subject."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.case_group import GroupId
from gateway.model.disclosure import DisclosureFilter, DisclosureId, DisclosureOutcome, LatestFirst
from gateway.model.page import Window
from gateway.model.producer import ProducerId
from gateway.store.disclosure_pages import DisclosurePages
from gateway.store.driver import Client, Database, Document
from tests.database import GIVEN, initialised_database
from tests.mongo_init.test_indexes import Recorder

SUBJECT = (SubjectKey("A" * 43, "k2"), SubjectKey("B" * 43, "k1"))
PORTAL = ConsumerId("business-portal")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLACE = LatestFirst(NOW, DisclosureId("0123456789abcdef/000000000001"))
GROUP = DisclosureFilter(group=GroupId("690000000000000000000001"))
NARROW = DisclosureFilter(
    GROUP.group, PORTAL, ProducerId("tax-agency"), DisclosureOutcome.DISCLOSED, datetime(2026, 1, 1, tzinfo=UTC), NOW
)


@pytest_asyncio.fixture
async def database(database_uri: str, database_name: str) -> AsyncIterator[Database]:
    """A database with the collections and indexes."""
    async with initialised_database(database_uri, database_name) as database:
        yield database


async def test_no_page_scans_the_record(database: Database, database_uri: str) -> None:
    recorder = Recorder()
    client: Client = Client(database_uri, tz_aware=True, event_listeners=[recorder])
    pages = DisclosurePages(client[database.name])
    for consumer in (None, PORTAL):
        for wanted in (DisclosureFilter(), GROUP, NARROW):
            for window in (Window(50), Window(50, PLACE), Window(50, None, PLACE, backward=True)):
                await pages.page(SUBJECT, consumer, wanted, window)
            await pages.count(SUBJECT, consumer, wanted)
        await pages.by_id(SUBJECT, consumer, PLACE.id)
    await client.close()

    assert len(recorder.commands) == 26
    for command in recorder.commands:
        plan = await database.command("explain", command, verbosity="queryPlanner")
        if GIVEN not in os.environ:
            plan = await database.command("explain", _narrowed_to_the_index(command), verbosity="queryPlanner")
        assert "COLLSCAN" not in str(plan), command
        assert any(stage in str(plan) for stage in ("IXSCAN", "IDHACK", "EXPRESS")), command
        if GIVEN in os.environ:
            assert "'SORT'" not in str(plan), f"{command} sorts in memory"


def _narrowed_to_the_index(command: Document) -> Document:
    """The command's query with those conditions alone that an index has fields for.

    MongoDB enters the index by these and sifts what it finds by the others. The embedded database takes an index only
    when it has a field for every condition; against a given MongoDB the whole query is explained.
    """
    wanted: Document = command.get("filter") or command["pipeline"][0]["$match"]
    indexed: dict[str, Any] = {"subject": wanted["subject"]["$in"][0]}
    if "_id" in wanted:
        indexed = {"_id": wanted["_id"]}
    elif "group" in wanted:
        indexed["group"] = wanted["group"]
    return {"find": "disclosures", "filter": indexed}
