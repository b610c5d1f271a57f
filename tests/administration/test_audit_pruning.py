"""`gateway audit prune`: records go at the end of their retention, by whole segments, and the rest still verifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.administration.conftest import Office
from tests.record import BuiltRecord, key_file, new_key, told

PRUNE = ("audit", "prune", "--why", "Retention is over", "--by", "kim")


@pytest.fixture
def lapsing(office: Office, tmp_path: Path) -> Office:
    """A stream of three segments of ten records, of which two have lapsed."""
    built = BuiltRecord(new_key())
    stream = built.stream("a").add(*(told() for _ in range(9)))
    built.seal(stream, timedelta(days=1))
    built.seal(stream.add(*(told() for _ in range(10))), timedelta(days=2))
    built.seal(stream.add(*(told() for _ in range(10))))
    built.put(office.database)
    office.settings["record_key_file"] = str(key_file(tmp_path / "record.jwk", built.key))
    return office


def left(office: Office) -> list[int]:
    """The sequences of the stream's records."""
    return [one["sequence"] for one in office.database["disclosures"].find({"stream": "a" * 16}).sort("_id", 1)]


def test_what_has_lapsed_is_removed_and_the_rest_verifies(lapsing: Office) -> None:
    done = lapsing.json(*PRUNE, "--yes")

    assert done == {"done": True, "segments": 2, "records": 20}
    assert left(lapsing) == list(range(21, 31))
    said = lapsing.json("audit", "verify")
    assert (said["whole"], said["removedSegments"], said["removedRecords"]) == (True, 2, 20)


def test_it_is_recorded_before_and_after(lapsing: Office) -> None:
    lapsing.json(*PRUNE, "--yes")

    before, after = lapsing.database["disclosures"].find({"kind": "audit"}).sort([("at", 1), ("_id", 1)])
    assert (before["outcome"], after["outcome"], after["details"]["records"]) == ("INTENDED", "MADE", 20)
    assert before["details"] == {
        "action": "prune",
        "by": "kim",
        "why": "Retention is over",
        "segments": 2,
        "firstSeal": 1,
        "lastSeal": 2,
    }


def test_a_dry_run_removes_nothing(lapsing: Office) -> None:
    before = lapsing.all()

    assert lapsing.json(*PRUNE, "--dry-run") == {"done": False, "segments": 2, "records": 20}
    assert lapsing.all() == before


def test_where_nobody_can_be_asked_nothing_is_removed(lapsing: Office) -> None:
    before = lapsing.all()

    result = lapsing.run(*PRUNE)

    assert result.exit_code == 2
    assert "About to remove 20 records in 2 whole segments for good." in result.stderr
    assert lapsing.all() == before


def test_a_removal_that_was_broken_off_goes_on(lapsing: Office) -> None:
    lapsing.database["disclosures"].delete_many({"sequence": {"$lte": 13}})

    assert lapsing.run("audit", "verify").exit_code == 1
    assert lapsing.json(*PRUNE, "--yes") == {"done": True, "segments": 1, "records": 7}
    assert lapsing.json("audit", "verify")["whole"]
    assert lapsing.json(*PRUNE, "--yes") == {"done": True, "segments": 0, "records": 0}


def test_a_seal_that_was_changed_lets_nothing_be_removed(lapsing: Office) -> None:
    lapsing.database["recordSeals"].update_one({"_id": 3}, {"$set": {"retainUntil": datetime(2020, 1, 1, tzinfo=UTC)}})

    (said,) = lapsing.refused(*PRUNE, "--yes")

    assert said.startswith("Seal 3 cannot be believed: it says something else than what is signed in it.")
