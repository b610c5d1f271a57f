"""Servers that speak as much of MongoDB's protocol as a driver needs to find a primary: there is no replica set to run.

Each says which of them is the primary, answers `find` with its own name, and notes what it was asked.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import bson

HEADER = struct.Struct("<iiii")
OP_MSG = 2013
NOT_WRITABLE_PRIMARY = {"ok": 0.0, "code": 10107, "errmsg": "not primary", "codeName": "NotWritablePrimary"}

Document = dict[str, Any]


class Member:
    """One server. `is_primary` can be changed while it runs, and so can what its replies are made into."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_primary = False
        self.port = 0
        self.finds: list[Document] = []
        """The `find` commands it had."""
        self.reply: Callable[[Document], Document | None] = lambda _: None
        """What it replies to a command in the place of its usual reply, if anything."""
        self.garble: Callable[[Document, bytes], list[bytes]] = lambda _, message: [message]
        """What becomes of a reply on its way: the pieces it comes in."""
        self.hangs_up: Callable[[Document], bool] = lambda _: False
        """Whether it ends the connection for a command."""
        self.seconds = 0.0
        """How long each `find` takes."""
        self.connections = 0
        """That are open now."""
        self.set: ReplicaSet

    @property
    def sent_past_the_driver(self) -> list[bool]:
        """For each `find`, whether it came past the driver, which names a session in all that it sends."""
        return ["lsid" not in command for command in self.finds]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    length, request, _, _ = HEADER.unpack(await reader.readexactly(HEADER.size))
                    rest = await reader.readexactly(length - HEADER.size)
                    (size,) = struct.unpack_from("<i", rest, 5)
                    command = bson.decode(rest[5 : 5 + size])
                    if self.hangs_up(command):
                        return
                    if "find" in command:
                        await asyncio.sleep(self.seconds)
                    body = bson.encode(self._answer(command))
                    whole = HEADER.pack(HEADER.size + 5 + len(body), 7, request, OP_MSG) + bytes(5) + body
                    for piece in self.garble(command, whole):
                        writer.write(piece)
                        await writer.drain()
                        await asyncio.sleep(0)
        finally:
            self.connections -= 1
            writer.close()

    def _answer(self, command: Document) -> Document:
        name = next(iter(command))
        if name.lower() in {"hello", "ismaster"}:
            return self._hello()
        if name == "find":
            self.finds.append(command)
        if (reply := self.reply(command)) is not None:
            return reply
        if name != "find":
            return {"ok": 1.0}
        if not self.is_primary:
            return NOT_WRITABLE_PRIMARY
        return {"ok": 1.0, "cursor": {"firstBatch": [{"_id": self.name}], "id": bson.Int64(0), "ns": "db.many"}}

    def _hello(self) -> Document:
        addresses = [f"localhost:{member.port}" for member in self.set.members]
        return {
            "ok": 1.0,
            "helloOk": True,
            "setName": "rs",
            "setVersion": 1,
            "electionId": bson.ObjectId(f"{self.set.elections:024x}"),
            "hosts": addresses,
            "me": f"localhost:{self.port}",
            "isWritablePrimary": self.is_primary,
            "ismaster": self.is_primary,
            "secondary": not self.is_primary,
            "maxBsonObjectSize": 16_777_216,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0,
            "maxWireVersion": 25,
        }


class ReplicaSet:
    """Its members, of whom the first is the primary."""

    def __init__(self, *members: Member) -> None:
        self.members = members
        self.elections = 0
        for member in members:
            member.set = self
        self.elect(members[0])

    def elect(self, primary: Member) -> None:
        """Has `primary` be the primary from now on, and nobody else."""
        self.elections += 1
        for member in self.members:
            member.is_primary = member is primary

    @property
    def uri(self) -> str:
        """Where to find it."""
        return f"mongodb://{','.join(f'localhost:{member.port}' for member in self.members)}/?replicaSet=rs"


@asynccontextmanager
async def running(*members: Member, certificate: ssl.SSLContext | None = None) -> AsyncIterator[ReplicaSet]:
    """A replica set of these, on free ports."""
    replica_set = ReplicaSet(*members)
    async with AsyncExitStack() as stack:
        for member in members:
            server = await asyncio.start_server(member.serve, "localhost", 0, family=2, ssl=certificate)
            member.port = server.sockets[0].getsockname()[1]
            stack.callback(server.close)
        yield replica_set
