"""The file with the pseudonym keys: one key, bare, or a chain of them; and every way in which it can be wrong."""

from __future__ import annotations

import base64
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.identity.pseudonym_key_file import FiledKey, new_key, read_keys, read_pseudonyms, write_keys
from gateway.identity.pseudonyms import PseudonymKey
from gateway.key_files import KeyFileError
from tests.issuer import ALVA

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
MADE = datetime(2026, 11, 23, 20, 1, 2, tzinfo=UTC)


def entry(id_: str = "k1", key: bytes = KEY, **more: Any) -> dict[str, Any]:
    return {"id": id_, "key": base64.b64encode(key).decode(), **more}


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    file = folder / "pseudonym.key"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "content",
    [
        base64.b64encode(KEY),
        base64.b64encode(KEY) + b"\n",
        base64.encodebytes(KEY * 4),
        base64.b64encode(KEY).replace(b"\n", b"\r\n") + b"\r\n",
    ],
    ids=["as it is", "with a line break", "over several lines", "with a Windows line break"],
)
def test_a_bare_key_is_read_under_the_name_that_is_set(tmp_path: Path, content: bytes) -> None:
    file = written(tmp_path, content)

    assert read_keys(file, "first") == (FiledKey(PseudonymKey("first", base64.b64decode(content)), None),)
    assert read_pseudonyms(file, "first").of(ALVA).key_id == "first"


def test_a_chain_of_keys_is_read_in_its_order_under_its_own_names(tmp_path: Path) -> None:
    content = {"keys": [entry("b", createdAt="2026-11-23T21:01:02+01:00"), entry("a", OTHER_KEY)]}
    file = written(tmp_path, json.dumps(content, indent=2).encode())

    assert read_keys(file, "ignored") == (
        FiledKey(PseudonymKey("b", KEY), MADE),
        FiledKey(PseudonymKey("a", OTHER_KEY), None),
    )


ENTRY = (
    "The pseudonym key file {}: number 2 of its keys must be an id (1 to 32 characters of A-Z, a-z, 0-9, _ and -), a "
    "key (base64), and the time with its zone when it was made (createdAt, may be left out)."
)
KEYS = 'The pseudonym key file {} must hold {{"keys": [...]}} with at least one key, and nothing else.'
NOT_JSON = "The pseudonym key file {} does not hold JSON that can be understood."
FAULTS: list[tuple[bytes | dict[str, Any], str]] = [
    (b"not base64!", "The pseudonym key file {} does not hold base64."),
    ("nyckel på svenska".encode(), "The pseudonym key file {} does not hold base64."),
    (b"\xff\xfe\x00", "The pseudonym key file {} does not hold base64."),
    (base64.b64encode(KEY)[:-2], "The pseudonym key file {} does not hold base64."),
    (b"", "The pseudonym key in {} has 0 bytes; it needs at least 32."),
    (base64.b64encode(KEY[:31]), "The pseudonym key in {} has 31 bytes; it needs at least 32."),
    (b"{", NOT_JSON),
    (b'{"keys": [], "keys": []}', NOT_JSON),
    (b'{"keys": ' + b"[" * 20_000, NOT_JSON),
    ({}, KEYS),
    ({"keys": []}, KEYS),
    ({"keys": {"k1": "x"}}, KEYS),
    ({"keys": [entry()], "current": "k1"}, KEYS),
    ({"keys": [entry(), "k2"]}, ENTRY),
    ({"keys": [entry(), {"id": "k2"}]}, ENTRY),
    ({"keys": [entry(), entry("k 2", OTHER_KEY)]}, ENTRY),
    ({"keys": [entry(), entry("k2\n", OTHER_KEY)]}, ENTRY),
    ({"keys": [entry(), {**entry("k2"), "key": "not base64!"}]}, ENTRY),
    ({"keys": [entry(), {**entry("k2"), "key": 17}]}, ENTRY),
    ({"keys": [entry(), entry("k2", OTHER_KEY, createdAt="2026-11-23")]}, ENTRY),
    ({"keys": [entry(), entry("k2", OTHER_KEY, state="current")]}, ENTRY),
    ({"keys": [entry(), entry("k2", OTHER_KEY[:31])]}, "The key k2 in {} has 31 bytes; it needs at least 32."),
    ({"keys": [entry(), entry(key=OTHER_KEY)]}, "The pseudonym key file {} has two keys with the same id."),
    ({"keys": [entry(), entry("k2")]}, "The pseudonym key file {} has two ids for the same key."),
]


@pytest.mark.parametrize(("content", "says"), FAULTS)
def test_a_file_that_cannot_be_used_is_told_with_its_reason_and_not_its_content(
    tmp_path: Path, content: bytes | dict[str, Any], says: str
) -> None:
    file = written(tmp_path, content if isinstance(content, bytes) else json.dumps(content).encode())

    with pytest.raises(KeyFileError) as refused:
        read_keys(file, "k1")

    assert str(refused.value) == says.format(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read: No such file or directory"):
        read_keys(tmp_path / "none", "k1")


@pytest.mark.parametrize(("mode", "whom"), [(0o640, "its group"), (0o604, "everybody"), (0o620, "its group")])
def test_a_key_that_others_may_have_read_is_refused(tmp_path: Path, mode: int, whom: str) -> None:
    file = written(tmp_path, base64.b64encode(KEY), mode)

    with pytest.raises(KeyFileError, match=f"is open to {whom}.* chmod 600"):
        read_keys(file, "k1")


def test_what_is_written_is_read_again_for_its_owner_alone(tmp_path: Path) -> None:
    file = written(tmp_path, base64.b64encode(KEY))
    keys = (*read_keys(file, "k1"), new_key("k2", MADE))

    write_keys(file, keys)

    assert read_keys(file, "ignored") == keys
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    assert keys[1] != new_key("k2", MADE)


def test_the_owner_of_the_file_stays_who_it_was(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another")
    file = written(tmp_path, base64.b64encode(KEY))
    os.chown(file, 10_001, 10_001)

    write_keys(file, [new_key("k1", MADE)])

    assert (file.stat().st_uid, file.stat().st_gid) == (10_001, 10_001)


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    file = written(tmp_path, base64.b64encode(KEY))
    link = tmp_path / "link"
    link.symlink_to(file)

    write_keys(link, [new_key("k1", MADE)])

    assert link.is_symlink()
    assert read_keys(file, "k1") == read_keys(link, "k1")


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk."""
    file = written(tmp_path, base64.b64encode(KEY))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.identity.pseudonym_key_file.os.fsync", full)
    with pytest.raises(KeyFileError, match=r"cannot be written: No space left on device\. It is as it was\."):
        write_keys(file, [new_key("k1", MADE)])

    assert file.read_bytes() == base64.b64encode(KEY)
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
