"""Three producers and the group subgraph, in one process: `python -m tests.bench.speed.backends URI DATABASE`.

Prints their addresses as JSON, then serves. A line `delay SECONDS ID...` on standard input has those producers take so
long over every answer from then on. `count` has it print, as JSON, how many requests each producer and which commands
the database has had since the last time. `database` among the addresses is what to use in the place of the database's
own (stand_in.py), unless that is a MongoDB that was given.

The producers answer any reference, and do not look at who asks: they are not what is measured. The group subgraph is
for the gateways that have no database of their own; ours does not ask it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
import uvloop
from bson import ObjectId
from pymongo import AsyncMongoClient

from gateway.identity.pseudonyms import PseudonymKey, Pseudonyms
from tests.bench.producing import PRODUCERS
from tests.bench.speed.http_answering import serving
from tests.bench.speed.peers import case_type_of
from tests.bench.speed.projection import operation
from tests.bench.speed.stand_in import StandIn
from tests.bench.speed.subjects import PSEUDONYM_KEY
from tests.database import GIVEN


class Producer:
    """Answers `_entities`. `delay` is how many seconds it takes over it; `requests` how many it has had."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.requests = 0

    async def answer(self, body: bytes, _authorization: str) -> bytes:
        """The statuses of the cases asked for, as far as selected."""
        self.requests += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        request = orjson.loads(body)
        data = await operation(request["query"]).answer(self._root, request["variables"])
        return orjson.dumps({"data": data})

    async def _root(self, _name: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [_entity(one["__typename"], one["reference"]) for one in arguments["representations"]]


def _entity(type_: str, reference: str) -> dict[str, Any]:
    return {
        "__typename": type_,
        "reference": reference,
        "status": {
            "__typename": "CaseStatus",
            "code": "GRANSKNING",
            "title": f"Granskas ({reference})",
            "description": "Ärendet har tagits emot och granskas. Du behöver inte göra något nu.",
            "language": "sv",
            "updatedAt": "2026-03-01T08:30:00+00:00",
            "requiresCustomerAction": False,
            "completed": False,
        },
    }


class Groups:
    """Answers `caseGroup(id)` from the database, for the subject of the token that its gateway has checked."""

    def __init__(self, uri: str, name: str) -> None:
        self._groups = AsyncMongoClient[dict[str, Any]](uri, tz_aware=True)[name]["caseGroups"]
        self._pseudonyms = Pseudonyms([PseudonymKey("default", PSEUDONYM_KEY)])

    async def answer(self, body: bytes, authorization: str) -> bytes:
        """The group, as far as selected."""
        request = orjson.loads(body)
        claims = _claims(authorization)

        async def root(_name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
            return await self._group(claims, arguments["id"])

        data = await operation(request["query"]).answer(root, request["variables"])
        return orjson.dumps({"data": data})

    async def _group(self, claims: Mapping[str, Any], id_: str) -> dict[str, Any] | None:
        found = await self._groups.find_one(
            {
                "_id": ObjectId(id_),
                "subject": self._pseudonyms.of(claims["sub"]).digest,
                "owner": claims["client_id"],
            }
        )
        if found is None:
            return None
        return {
            "__typename": "CaseGroup",
            "id": id_,
            "title": found["title"],
            "revision": found["revision"],
            "createdAt": found["createdAt"],
            "updatedAt": found["updatedAt"],
            "purpose": {"__typename": "Purpose", **found["purpose"]},
            "cases": {
                "__typename": "CaseConnection",
                "edges": [{"__typename": "CaseEdge", "node": _node(case)} for case in found["cases"]],
            },
        }


def _node(case: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "__typename": case_type_of(case["producer"]),
        "reference": case["reference"],
        "addedAt": case["addedAt"],
        "note": case["note"],
    }


def _claims(authorization: str) -> dict[str, Any]:
    payload = authorization.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


async def serve(uri: str, name: str) -> None:
    """Serves until standard input ends."""
    producers = {id_: Producer() for id_ in PRODUCERS}
    servers, addresses = [], {"database": uri}
    commands = Counter[str]()
    if GIVEN not in os.environ:
        reads, addresses["database"] = await StandIn(uri, name, commands).serving()
        servers.append(reads)
    for id_, answer in (
        *((id_, one.answer) for id_, one in producers.items()),
        ("groups", Groups(addresses["database"], name).answer),
    ):
        server, addresses[id_] = await serving(answer)
        servers.append(server)
    print(json.dumps(addresses), flush=True)  # noqa: T201 - the parent reads
    while line := await asyncio.to_thread(sys.stdin.readline):
        match line.split():
            case ["delay", seconds, *ids]:
                for id_ in ids:
                    producers[id_].delay = float(seconds)
                said = "done"
            case _:
                counted = {"producers": {id_: one.requests for id_, one in producers.items()}, "database": commands}
                said = json.dumps(counted)
                commands.clear()
                for one in producers.values():
                    one.requests = 0
        print(said, flush=True)  # noqa: T201 - the parent waits for it


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
