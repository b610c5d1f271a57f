"""The pseudonym keys in their file: one key, bare, or a chain of them as JSON.

Bare, the file holds one key as base64, and a setting names it. Once a second is added it is JSON, in the chain's order:
`{"keys": [{"id": "k1", "key": "<base64>", "createdAt": "2026-11-23T20:01:02Z"}, …]}`.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from gateway.identity.json_objects import json_object
from gateway.identity.pseudonyms import PseudonymKey, Pseudonyms, Registered
from gateway.key_files import KeyFileError, read_key_file

LEAST_KEY_BYTES = 32
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
MEMBERS = {"id", "key", "createdAt"}
NAMED = "The pseudonym key file"
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class FiledKey:
    """A key as its file has it; when it was made is not known of a bare one."""

    key: PseudonymKey
    created_at: datetime | None


def read_pseudonyms(file: Path, key_id: str, registered: Callable[[], Registered] = tuple) -> Pseudonyms:
    """Pseudonyms under the keys in `file`, of which `registered` says which is current. Raises KeyFileError."""
    return Pseudonyms([filed.key for filed in read_keys(file, key_id)], registered)


def read_keys(file: Path, key_id: str) -> tuple[FiledKey, ...]:
    """The keys in `file`, in the chain's order; `key_id` names the one of a bare file.

    Raises KeyFileError when the file cannot be read, others than its owner can read it, it has another form, a key has
    fewer than 32 bytes, or two have the same id or the same secret.
    """
    content = read_key_file(file, NAMED)
    if content.lstrip().startswith(b"{"):
        keys = tuple(_entries(content, file))
    else:
        try:
            keys = (FiledKey(PseudonymKey(key_id, _secret(content)), None),)
        except ValueError as exc:
            raise KeyFileError(f"{NAMED} {file} does not hold base64.") from exc
    for filed in keys:
        size = len(filed.key.secret)
        if size < LEAST_KEY_BYTES:
            which = f"The pseudonym key in {file}" if len(keys) == 1 else f"The key {filed.key.id} in {file}"
            raise KeyFileError(f"{which} has {size} bytes; it needs at least {LEAST_KEY_BYTES}.")
    for what, values in (
        ("keys with the same id", {filed.key.id for filed in keys}),
        ("ids for the same key", {filed.key.secret for filed in keys}),
    ):
        if len(values) < len(keys):
            raise KeyFileError(f"{NAMED} {file} has two {what}.")
    return keys


def new_key(key_id: str, moment: datetime) -> FiledKey:
    """A key that nobody has: 32 random bytes."""
    return FiledKey(PseudonymKey(key_id, secrets.token_bytes(LEAST_KEY_BYTES)), moment)


def write_keys(file: Path, keys: Sequence[FiledKey]) -> None:
    """Puts `keys` in the place of what `file` holds: whole or not at all, also when the machine stops meanwhile.

    It is for its owner alone, who stays who it was. Raises KeyFileError when it cannot be written; then it is as it
    was.
    """
    file = file.resolve()
    beside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
        try:
            with os.fdopen(descriptor, "wb") as written:
                before = file.stat()
                if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(written.fileno(), before.st_uid, before.st_gid)
                written.write(_json(keys))
                written.flush()
                os.fsync(written.fileno())
            beside.replace(file)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
        _keep_the_name(file.parent)
    except OSError as exc:
        raise KeyFileError(f"{NAMED} {file} cannot be written: {exc.strerror}. It is as it was.") from exc


def _keep_the_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _json(keys: Sequence[FiledKey]) -> bytes:
    entries = [
        {
            "id": filed.key.id,
            "key": base64.b64encode(filed.key.secret).decode(),
            **({} if filed.created_at is None else {"createdAt": f"{filed.created_at:%Y-%m-%dT%H:%M:%SZ}"}),
        }
        for filed in keys
    ]
    return orjson.dumps({"keys": entries}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _entries(content: bytes, file: Path) -> Iterator[FiledKey]:
    try:
        held = json_object(content)
    except (ValueError, TypeError, RecursionError) as exc:
        raise KeyFileError(f"{NAMED} {file} does not hold JSON that can be understood.") from exc
    entries = held.get("keys")
    if held.keys() != {"keys"} or not isinstance(entries, list) or not entries:
        raise KeyFileError(f'{NAMED} {file} must hold {{"keys": [...]}} with at least one key, and nothing else.')
    for number, entry in enumerate(entries, start=1):
        try:
            yield _entry(entry)
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise KeyFileError(
                f"{NAMED} {file}: number {number} of its keys must be an id (1 to 32 characters of A-Z, a-z, 0-9, _ "
                "and -), a key (base64), and the time with its zone when it was made (createdAt, may be left out)."
            ) from exc


def _entry(entry: Mapping[str, str]) -> FiledKey:
    if not isinstance(entry, dict) or entry.keys() - MEMBERS or KEY_ID.fullmatch(entry["id"]) is None:
        raise ValueError
    created = entry.get("createdAt")
    moment = None if created is None else datetime.fromisoformat(created)
    if moment is not None and moment.tzinfo is None:
        raise ValueError
    return FiledKey(
        PseudonymKey(entry["id"], _secret(entry["key"].encode())), None if moment is None else moment.astimezone(UTC)
    )


def _secret(text: bytes) -> bytes:
    """The bytes of base64, line breaks and all: `openssl rand -base64 64` writes two lines. Raises ValueError."""
    return base64.b64decode(b"".join(text.split()), validate=True)
