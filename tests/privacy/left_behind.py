"""Everything that a run leaves behind, place by place, as bytes to be scanned."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import bson
from bson.json_util import dumps

from gateway.store.driver import Database
from tests.privacy.scanner import Found, Scanner

Place = tuple[str, bytes]
BLOCK = 65_536


def files(folder: Path) -> Iterator[Place]:
    """All files below `folder`, and their names: also the database's own, whatever form they have."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            name = str(file.relative_to(folder))
            yield name, name.encode() + b"\n" + b"".join(_blocks(file))


def _blocks(file: Path) -> Iterator[bytes]:
    """What is written in a file: a database makes its own larger than that, and full of zeros."""
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            if any(block):
                yield block


async def documents(database: Database) -> AsyncIterator[Place]:
    """Every document of every collection, as JSON and as BSON: the database's files may be compressed."""
    for name in sorted(await database.list_collection_names()):
        async for document in database[name].find():
            yield f"{name} {document['_id']}", dumps(document, ensure_ascii=False).encode() + bson.encode(document)


async def numbers_kept(scanner: Scanner, database: Database) -> list[Found]:
    """The numbers in all that a gateway has kept, what end users and producers write themselves apart.

    That is titles, notes and references: in the groups, and in the record a case's reference.
    """
    kept = bytearray()
    for name in await database.list_collection_names():
        if name != "caseGroups":
            async for document in database[name].find({}, {"reference": 0}):
                kept += dumps(document, ensure_ascii=False).encode()
    return scanner.found(bytes(kept))


def numbers_in(scanner: Scanner, places: Mapping[str, bytes]) -> dict[str, list[Found]]:
    """The places in which there is a number, and what was found in each."""
    return {name: found for name, content in places.items() if (found := scanner.found(content))}
