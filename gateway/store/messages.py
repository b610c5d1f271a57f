"""MongoDB's wire protocol, as far as one command and its reply need it: OP_MSG, without compression or checksums.

https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import bson
from bson.codec_options import CodecOptions

Document = dict[str, Any]

OP_MSG = 2013

HEADER = struct.Struct("<iiii")
"""Length of the whole message, its id, the id of the message it replies to, and what kind it is."""

OPENING = struct.Struct("<iB")
"""What follows in an OP_MSG: flags, and the kind of the first section."""

LENGTH = struct.Struct("<i")

BODY_AT = HEADER.size + OPENING.size

SHORTEST = BODY_AT + LENGTH.size + 1
"""Bytes of a message that holds an empty document."""

BODY = 0
"""The kind of the section that holds the command itself, and here all that belongs to it."""

CHECKSUM_PRESENT = 1
"""The one flag of a reply that does not change what is to be done with it."""


class NotAReply(Exception):
    """The bytes are no reply to the command that was sent."""


def command_message(id_: int, command: Mapping[str, Any]) -> bytes:
    """The message with `command`, which names its database as `$db`.

    Raises BSONError and OverflowError where it cannot be written.
    """
    body = bson.encode(command)
    length = BODY_AT + len(body)
    return b"".join((HEADER.pack(length, id_, 0, OP_MSG), OPENING.pack(0, BODY), body))


def length_of(beginning: bytes | bytearray) -> int:
    """How long the message is that begins like this, with at least four bytes."""
    length: int
    (length,) = LENGTH.unpack_from(beginning)
    return length


def reply_in(message: bytes | bytearray, to: int, options: CodecOptions[Document]) -> Document:
    """What the server says in `message`, a whole one, to the command of the message `to`.

    Raises NotAReply, and BSONError for what is no document.
    """
    if len(message) < SHORTEST:
        raise NotAReply("it is too short")
    _, _, replied_to, code = HEADER.unpack_from(message)
    flags, kind = OPENING.unpack_from(message, HEADER.size)
    if code != OP_MSG or replied_to != to or flags & ~CHECKSUM_PRESENT or kind != BODY:
        raise NotAReply(f"kind {code}, section {kind}, flags {flags}, to {replied_to} where {to} was sent")
    end = BODY_AT + length_of(message[BODY_AT : BODY_AT + LENGTH.size])
    return bson.decode(message[BODY_AT:end], options)
