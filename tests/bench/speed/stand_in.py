"""Stands before the embedded database, and answers for it what every request asks: for that it is too slow here.

It looks through all groups, thousands here, for one by its id, which a MongoDB does not: it has an index. And when some
eighty thousand records are written, which are four thousand requests, each write waits for a fifth of a second. The
database would be the slowest part of every request, and all servers that write a record equally fast.

So case groups are read by their ids from memory: what is remembered of one was read from the database; the subject is
compared, and the owner where it is asked for as such. Nothing changes a group while something is measured. And records
are acknowledged when they have come, and kept nowhere: whoever writes them makes them, sends them and waits, as ever.
Everything else goes to the database and back as it is. What durable writes cost is measured by `make bench-record`.

All commands are counted on the way, those that are answered here, too.
"""

from __future__ import annotations

import asyncio
import struct
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

HEADER = struct.Struct("<iiii")
OP_MSG = 2013
OPENING = struct.Struct("<iB")
"""What follows the header of a message: flags, and the kind of its first section, 0 for the command."""

STRING = 2
"""The kind of a value in BSON."""

COMMAND_AT = HEADER.size + OPENING.size
READS_GROUPS = b"\x02find\x00\x0b\x00\x00\x00caseGroups\x00"
"""How a command begins, after its length, that reads them: the key `find`, a string."""

WRITES_RECORDS = b"\x02insert\x00\x0c\x00\x00\x00disclosures\x00"
"""Likewise, that appends to the record."""

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

Group = RawBSONDocument


class StandIn:
    """Answers reads of groups by id, and writes of records, for the database `name` at `uri`, and hands on all else."""

    def __init__(self, uri: str, name: str, commands: Counter[str]) -> None:
        parts = urlsplit(uri)
        self._host, self._port = parts.hostname, parts.port
        self._name = name
        self._commands = commands
        self._groups = AsyncMongoClient[dict[str, Any]](uri)[name].get_collection("caseGroups", codec_options=RAW)
        self._remembered: dict[bson.ObjectId, Group | None] = {}

    async def serving(self) -> tuple[asyncio.Server, str]:
        """A server on a free port of 127.0.0.1, and the address to use in the database's place."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return server, f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true"

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        database, to_database = await asyncio.open_connection(self._host, self._port)
        answers = asyncio.create_task(_copied(database, to_client))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    header = await client.readexactly(HEADER.size)
                    length, request, _, code = HEADER.unpack(header)
                    message = header + await client.readexactly(length - HEADER.size)
                    if code == OP_MSG:
                        self._commands[_command(message)] += 1
                    answer = await self._answer(message) if code == OP_MSG else None
                    if answer is None:
                        to_database.write(message)
                    else:
                        to_client.write(_message(request, answer))
        finally:
            answers.cancel()
            to_database.close()
            to_client.close()

    async def _answer(self, message: bytes) -> bytes | None:
        """The reply to a read by id and to records; None for what is the database's to answer."""
        if message.startswith(WRITES_RECORDS, COMMAND_AT + 4):
            return bson.encode({"n": _records(message), "ok": 1.0})
        if not message.startswith(READS_GROUPS, COMMAND_AT + 4):
            return None
        command = _document(message)
        filter_ = command["filter"]
        wanted = filter_.get("_id")
        if command["$db"] != self._name or wanted is None or "projection" in command:
            return None
        ids = wanted["$in"] if isinstance(wanted, Mapping) else [wanted]
        groups = [group for id_ in ids if (group := await self._group(id_)) is not None and _fits(group, filter_)]
        cursor = {"firstBatch": groups, "id": bson.Int64(0), "ns": f"{self._name}.caseGroups"}
        return bson.encode({"cursor": cursor, "ok": 1.0})

    async def _group(self, id_: bson.ObjectId) -> Group | None:
        if id_ not in self._remembered:
            self._remembered[id_] = await self._groups.find_one({"_id": id_})  # type: ignore[assignment]
        return self._remembered[id_]


def _document(message: bytes) -> RawBSONDocument:
    """The command in it; what is inside is read only as far as it is looked at."""
    (length,) = struct.unpack_from("<i", message, COMMAND_AT)
    return RawBSONDocument(message[COMMAND_AT : COMMAND_AT + length])


def _records(message: bytes) -> int:
    """How many documents an insert has: in the command, or in a section of their own that follows it.

    A section has its kind, length and name, and then one document after the other.
    """
    command = _document(message)
    if "documents" in command:
        return len(command["documents"])
    at, count = message.index(0, COMMAND_AT + len(command.raw) + 1 + 4) + 1, 0
    while at < len(message):
        at += struct.unpack_from("<i", message, at)[0]
        count += 1
    return count


def _command(message: bytes) -> str:
    """Its name and, where it is about one, its collection: what comes first in it."""
    kind, at = message[COMMAND_AT + 4], COMMAND_AT + 5
    end = message.index(0, at)
    name = message[at:end].decode()
    if kind != STRING:
        return name
    (length,) = struct.unpack_from("<i", message, end + 1)
    return f"{name} {message[end + 5 : end + 4 + length].decode()}"


def _fits(group: Group, filter_: Mapping[str, Any]) -> bool:
    subject = filter_["subject"]
    subjects = subject["$in"] if isinstance(subject, Mapping) else [subject]
    return group["subject"] in subjects and filter_.get("owner", group["owner"]) == group["owner"]


def _message(to: int, document: bytes) -> bytes:
    length = HEADER.size + OPENING.size + len(document)
    return HEADER.pack(length, 0, to, OP_MSG) + OPENING.pack(0, 0) + document


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while content := await reader.read(1 << 16):
            writer.write(content)
    writer.close()
