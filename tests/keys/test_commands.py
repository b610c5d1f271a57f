"""`gateway keys`: what each step demands, does, records and says, over a real database and a real key file."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.identity.pseudonym_key_file import read_keys
from tests.administration.conftest import Office, at_a_terminal, office
from tests.keys.replicas import FIRST, key_file

__all__ = ["at_a_terminal", "office"]

WHY = ("--why", "Ticket 17")


@pytest.fixture
def keys(office: Office, tmp_path: Path) -> Path:
    """The office's key file: one bare key."""
    file = tmp_path / "pseudonym.key"
    file.write_bytes(base64.b64encode(FIRST))
    file.chmod(0o600)
    office.settings["pseudonym_key_file"] = str(file)
    return file


def states(office: Office) -> dict[str, str]:
    return {str(key["_id"]): str(key["state"]) for key in office.database["pseudonymKeys"].find().sort("number", 1)}


def group_under(office: Office, key: str) -> None:
    """A case group as it is stored under a key, in a collection that takes anything."""
    office.database.command("collMod", "caseGroups", validator={})
    office.database["caseGroups"].insert_one({"subject": "A" * 43, "subjectKey": key})


def said(office: Office, *words: str) -> str:
    result = office.run(*words)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return " ".join(result.stderr.split())


def test_before_any_was_added_the_key_of_the_file_is_current(office: Office, keys: Path) -> None:
    (only,) = office.json("keys", "list")

    assert only == {
        "id": "k1",
        "number": 1,
        "state": "current",
        "since": None,
        "caseGroups": 0,
        "inThisFile": "yes",
    }


def test_a_key_is_added_to_the_file_and_registered_with_the_one_that_was_there(office: Office, keys: Path) -> None:
    answer = office.json("keys", "add", *WHY, "--by", "lo")

    first, second = read_keys(keys, "ignored")
    assert (first.key.id, first.key.secret, second.key.id) == ("k1", FIRST, "k2")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert states(office) == {"k1": "current", "k2": "added"}
    assert answer["keys"] == ["k1", "k2"]
    record = office.database["pseudonymKeys"].find_one({"_id": "k2"})
    assert record is not None
    assert (record["history"][0]["by"], record["history"][0]["why"]) == ("lo", "Ticket 17")
    audits = list(office.database["disclosures"].find({"kind": "audit"}).sort("sequence", 1))
    assert [one["outcome"] for one in audits] == ["INTENDED", "MADE"]
    assert audits[0]["details"] == {"action": "keys.add", "by": "lo", "why": "Ticket 17", "keys": ["k1", "k2"]}


def test_no_command_shows_a_key_and_the_database_has_none(office: Office, keys: Path) -> None:
    shown = "".join(
        office.run(*words).output
        for words in (
            ("keys", "add", *WHY),
            ("keys", "list", "--json"),
            ("keys", "rekey", "--yes", *WHY),
            ("keys", "retire", "k1", *WHY),
        )
    )
    everything = shown + json.dumps(office.all(), default=str)

    for filed in read_keys(keys, "k1"):
        assert base64.b64encode(filed.key.secret).decode()[:20] not in everything
        assert filed.key.secret.hex()[:20] not in everything


def test_a_key_goes_its_way_from_added_to_retired(office: Office, keys: Path) -> None:
    office.json("keys", "add", *WHY)
    office.json("keys", "rekey", "--yes", *WHY)
    assert states(office) == {"k1": "former", "k2": "current"}

    answer = office.json("keys", "retire", "k1", *WHY)

    assert states(office) == {"k1": "retired", "k2": "current"}
    assert answer["note"].startswith("Keep k1 in the key file")
    office.json("keys", "add", *WHY)
    office.json("keys", "rekey", "--yes", *WHY)
    assert states(office) == {"k1": "retired", "k2": "former", "k3": "current"}
    assert "Nothing to do: k3 is the current key" in office.run("keys", "rekey", *WHY).stdout


def test_a_dry_run_changes_nothing(office: Office, keys: Path) -> None:
    before = office.all(), keys.read_bytes()

    assert office.json("keys", "add", "--dry-run", *WHY)["done"] is False

    assert (office.all(), keys.read_bytes()) == before


def test_an_addition_that_was_broken_off_is_finished_and_no_other_key_made(office: Office, keys: Path) -> None:
    """Killed after the file was written and before the key was registered."""
    key_file(keys, ("k1", FIRST), ("k2", b"2" * 32))

    assert office.json("keys", "add", *WHY)["keys"] == ["k1", "k2"]

    assert [filed.key.secret for filed in read_keys(keys, "k1")] == [FIRST, b"2" * 32]
    assert states(office) == {"k1": "current", "k2": "added"}


def test_rekeying_is_asked_about_since_every_replica_must_have_the_key(office: Office, keys: Path) -> None:
    office.json("keys", "add", *WHY)

    result = office.run("keys", "rekey", *WHY)

    assert result.exit_code == 2
    assert "Every replica must have been started with a key file that holds k2" in " ".join(result.stderr.split())
    assert states(office) == {"k1": "current", "k2": "added"}


def test_what_cannot_be_done_is_refused_with_the_reason(office: Office, keys: Path) -> None:
    assert "There is one key alone" in said(office, "keys", "rekey", *WHY)
    assert "There is no registered key 'k9'" in said(office, "keys", "retire", "k9", *WHY)
    office.json("keys", "add", *WHY)
    assert "it is the current one" in said(office, "keys", "retire", "k1", *WHY)
    assert "it was never current" in said(office, "keys", "retire", "k2", *WHY)
    assert "there is such a key already" in said(office, "keys", "add", "--id", "k2", *WHY)
    assert "must be 1 to 32 characters" in said(office, "keys", "add", "--id", "k 3", *WHY)
    assert "--why is empty" in said(office, "keys", "add", "--why", " ")
    office.json("keys", "rekey", "--yes", *WHY)
    group_under(office, "k1")
    assert "1 case groups are stored under it" in said(office, "keys", "retire", "k1", *WHY)


def test_a_key_file_that_is_not_the_newest_is_refused(office: Office, keys: Path) -> None:
    office.json("keys", "add", *WHY)
    key_file(keys, ("k1", FIRST))

    assert "lacks k2. Bring the newest key file here first." in said(office, "keys", "add", *WHY)
    assert "does not hold the key k2" in said(office, "keys", "rekey", "--yes", *WHY)
    assert [one["inThisFile"] for one in office.json("keys", "list")] == ["yes", "no"]


def test_a_key_file_with_another_key_under_an_id_is_refused(office: Office, keys: Path) -> None:
    office.json("keys", "add", *WHY)
    key_file(keys, ("k1", b"another key that is not the first"), ("k2", b"2" * 32))

    assert "does not fit the database" in said(office, "keys", "add", *WHY)
    assert "does not hold the key k2" in said(office, "keys", "rekey", "--yes", *WHY)
    result = office.run("keys", "list", "--json")
    held: list[dict[str, Any]] = json.loads(result.stdout)
    assert [one["inThisFile"] for one in held] == ["another under this id"] * 2
    assert "would not serve: the key file has another key under the id k1" in result.stderr


def test_of_two_who_add_a_key_at_once_one_is_told_and_its_file_is_as_it_was(
    office: Office, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.json("keys", "add", *WHY)
    before = keys.read_bytes()

    async def somebody_was_first(*_: object) -> bool:
        return False

    monkeypatch.setattr("gateway.store.pseudonym_keys.PseudonymKeys.register", somebody_was_first)

    assert "Somebody else added a key meanwhile." in said(office, "keys", "add", *WHY)
    assert json.loads(keys.read_bytes()) == json.loads(before)


def test_groups_under_a_key_that_nobody_knows_are_listed(office: Office, keys: Path) -> None:
    group_under(office, "lost")

    assert office.json("keys", "list")[-1] == {
        "id": "lost",
        "number": None,
        "state": "unknown",
        "since": None,
        "caseGroups": 1,
        "inThisFile": "no",
    }


def test_a_file_that_others_can_read_is_refused_by_every_command(office: Office, keys: Path) -> None:
    keys.chmod(0o644)

    for words in (("list",), ("add", *WHY), ("rekey", *WHY), ("retire", "k1", *WHY)):
        assert "is open to everybody on this machine" in said(office, "keys", *words)
