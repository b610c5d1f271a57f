"""What is appended to the record in one go, however large, and what is said when a place is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.store.disclosures import Disclosures, DocumentRefused, PlaceTaken
from gateway.store.driver import Database, open_database

SMALL, LARGE = 10, 1_000_000
COUNT = 20
"""So many that are LARGE are more than one message to the server holds, which is 16 MiB."""


@pytest_asyncio.fixture
async def bare(database: Database) -> AsyncIterator[Database]:
    """A database that takes whatever it is given."""
    bare = open_database(database.client, f"{database.name}_bare")
    yield bare
    await database.client.drop_database(bare.name)


def _documents(size: int) -> list[dict[str, Any]]:
    return [{"_id": f"stream/{number:012d}", "content": "x" * size} for number in range(COUNT)]


async def _ids(database: Database) -> list[str]:
    return [document["_id"] async for document in database["disclosures"].find({}, {"_id": True}).sort("_id", 1)]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_all_are_appended_in_order(bare: Database, size: int) -> None:
    documents = _documents(size)

    await Disclosures(bare).append(documents, within=20)

    assert await _ids(bare) == [document["_id"] for document in documents]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_where_a_place_is_taken_those_before_it_are_written_and_none_after_it(bare: Database, size: int) -> None:
    documents = _documents(size)
    await bare["disclosures"].insert_one({"_id": documents[18]["_id"]})

    with pytest.raises(PlaceTaken) as taken:
        await Disclosures(bare).append(documents, within=20)

    assert taken.value.written == 18
    assert await _ids(bare) == [document["_id"] for document in documents[:19]]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_what_is_no_bson_is_named_and_nothing_written(bare: Database, size: int) -> None:
    documents = _documents(size)
    documents[2]["content"] = 1 << 64

    with pytest.raises(DocumentRefused) as refused:
        await Disclosures(bare).append(documents, within=20)

    assert (refused.value.position, refused.value.written) == (2, 0)
    assert await _ids(bare) == []
