"""`gateway audit export`, `check-export` and `inspect`: what oversight takes with it, and that it is whole."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.model.caller import ConsumerId
from gateway.model.record import Entry, Outcome, RecordKind
from tests.administration.conftest import Office
from tests.record import OPENED, BuiltRecord, new_key, told

ALVA_EK, NOBODY = "199003152390", "198811274560"
KEY = "YSBrZXkgdGhhdCB0ZXN0cyBhbG9uZSBtYWtlIHVzZSBvZg=="
"""Under it the pseudonym of Alva Ek is the one that tests.record has."""

EXPORT = ("audit", "export", "--why", "Case 2026/7 of oversight", "--by", "kim")


@pytest.fixture
def exporting(office: Office, tmp_path: Path) -> Office:
    """A record of what was told to two consumers of two producers, about Alva Ek."""
    key = tmp_path / "pseudonym.key"
    key.write_text(KEY)
    key.chmod(0o600)
    office.settings["pseudonym_key_file"] = str(key)
    built = BuiltRecord(new_key())
    stream = built.stream("a")
    stream.add(told("SKV-1"), at=datetime(2026, 11, 1, tzinfo=UTC))
    stream.add(told("SKV-2", consumer="accounting-program"), at=datetime(2026, 11, 2, tzinfo=UTC))
    stream.add(told("EXK-3", producer="municipality"), at=datetime(2026, 11, 3, tzinfo=UTC))
    stream.add(
        Entry(RecordKind.CHANGE, request_id="request-SKV-1", outcome=Outcome.MADE.value,
              consumer=ConsumerId("business-portal"), group="690000000000000000000001",
              details={"action": "addCases", "revision": 2}),
        at=datetime(2026, 11, 4, tzinfo=UTC),
    )  # fmt: skip
    built.put(office.database)
    return office


def exported(office: Office, *words: str, answer: str | None = None) -> list[dict[str, Any]]:
    """The records that are exported, less those of exporting; the last line is as it must be."""
    result = office.run(*EXPORT, "--format", "jsonl", *words, answer=answer)
    assert (result.exit_code, result.stderr) == (0, "")
    *records, end = map(json.loads, result.stdout.splitlines())
    assert (end["end"], end["records"]) == (True, len(records))
    return [one for one in records if one["stream"] == "a" * 16]


def references(office: Office, *words: str, answer: str | None = None) -> list[str | None]:
    """Of the records that are exported."""
    return [one.get("reference") for one in exported(office, *words, answer=answer)]


def own_records(office: Office) -> list[dict[str, Any]]:
    """What was recorded of exporting."""
    return list(office.database["disclosures"].find({"kind": "audit"}).sort([("at", 1), ("_id", 1)]))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [None, "SKV-1", "SKV-2", "EXK-3", None]),
        (("--consumer", "accounting-program"), ["SKV-2"]),
        (("--producer", "municipality"), ["EXK-3"]),
        (("--from", "2026-11-02", "--to", "2026-11-04"), ["SKV-2", "EXK-3"]),
        (("--producer", "tax-agency", "--to", "2026-11-02"), ["SKV-1"]),
    ],
)
def test_what_is_asked_for_is_exported(exporting: Office, words: tuple[str, ...], expected: list[str | None]) -> None:
    exporting.database["disclosures"].update_one(
        {"_id": f"{'a' * 16}/000000000001"}, {"$set": {"at": datetime(2026, 10, 1, tzinfo=UTC)}}
    )

    assert references(exporting, *words) == expected


def test_a_subjects_records_are_found_by_its_number_which_stands_nowhere(exporting: Office) -> None:
    assert references(exporting, "--subject", ALVA_EK) == references(exporting, "--subject", "-", answer=ALVA_EK)
    assert references(exporting, "--subject", ALVA_EK) == ["SKV-1", "SKV-2", "EXK-3"]
    assert ALVA_EK not in str(exporting.all())


def test_a_number_in_the_place_of_an_id_is_neither_recorded_nor_repeated(exporting: Office) -> None:
    for option in ("--consumer", "--producer"):
        (refused,) = exporting.refused(*EXPORT, "--format", "jsonl", option, ALVA_EK)
        assert ALVA_EK not in refused


def test_an_unknown_subject_is_answered_as_one_without_records(exporting: Office) -> None:
    assert exported(exporting, "--subject", NOBODY) == exported(exporting, "--subject", "195001019999") == []


def test_that_it_is_done_is_recorded_before_and_after(exporting: Office) -> None:
    records = exported(exporting, "--subject", ALVA_EK, "--consumer", "business-portal", "--from", "2026-11-01")

    before, after = own_records(exporting)
    assert (before["outcome"], after["outcome"]) == ("INTENDED", "MADE")
    assert before["subject"] == records[0]["subject"]
    assert before["details"] == {
        "action": "export",
        "by": "kim",
        "why": "Case 2026/7 of oversight",
        "format": "jsonl",
        "forConsumer": "business-portal",
        "from": "2026-11-01T00:00:00Z",
    }
    assert after["details"]["records"] >= len(records)


BAD = [
    (("--from", "2026-11-04", "--to", "2026-11-02"), "is not after --from"),
    (("--from", "2026-11-04", "--to", "2026-11-04"), "is not after --from"),
    (("--subject", "19900315"), "--subject is no identity number"),
]


@pytest.mark.parametrize(("words", "sentence"), BAD)
def test_what_cannot_be_asked_is_refused_and_not_recorded(
    exporting: Office, words: tuple[str, ...], sentence: str
) -> None:
    (said,) = exporting.refused(*EXPORT, "--format", "csv", *words)

    assert sentence in said
    assert "19900315" not in said


@pytest.mark.parametrize("words", [("--from", "yesterday"), ("--to", "2026-13-01"), ("--format", "xml")])
def test_dates_that_are_none_are_misuse(exporting: Office, words: tuple[str, ...]) -> None:
    result = exporting.run(*EXPORT, "--format", "csv", *words)

    assert (result.exit_code, result.stdout, own_records(exporting)) == (2, "", [])


@pytest.mark.parametrize("format_", ["jsonl", "csv"])
def test_a_file_is_whole_private_and_says_so(exporting: Office, tmp_path: Path, format_: str) -> None:
    file = tmp_path / "out"

    result = exporting.run(*EXPORT, "--format", format_, "--output", str(file))

    assert (result.exit_code, file.stat().st_mode & 0o777) == (0, 0o600)
    checked = exporting.json("audit", "check-export", str(file))
    assert checked == {"whole": True, "records": len(list(exporting.database["disclosures"].find())) - 2, "faults": []}
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


def test_a_file_that_is_there_is_not_written_over_without_force(exporting: Office, tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("kept")

    (said,) = exporting.refused(*EXPORT, "--format", "csv", "--output", str(file))
    forced = exporting.run(*EXPORT, "--format", "csv", "--output", str(file), "--force")

    assert str(file) in said
    assert forced.exit_code == 0
    assert file.read_text().startswith("at,kind,")


def run_as_a_program(office: Office, before: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a process, after `before` in its shell."""
    settings = {"mongodb_uri": office.uri, "mongodb_database": office.database.name, **office.settings}
    environment = {**os.environ, **{f"GATEWAY_{name.upper()}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "gateway", *words]
    script = f'{before} "$@"'
    return subprocess.run(
        ["bash", "-c", script, "-", *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_full_disk_leaves_no_file(exporting: Office, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()

    ended = run_as_a_program(exporting, "ulimit -f 1;", *EXPORT, "--format", "jsonl", "--output", str(folder / "out"))

    assert ended.returncode == 1
    assert "cannot be written: File too large. Nothing of it is left." in ended.stderr
    assert list(folder.iterdir()) == []
    assert own_records(exporting)[-1]["outcome"] == "FAILED"


def test_a_full_disk_behind_standard_output_is_told(exporting: Office) -> None:
    ended = run_as_a_program(exporting, "exec >/dev/full;", *EXPORT, "--format", "jsonl")

    assert (ended.returncode, ended.stderr) == (1, "It could not be printed whole: No space left on device.\n")


SPOILT: list[tuple[Callable[[list[str]], list[str]], str]] = [
    (lambda lines: lines[:-1], "it was cut off"),
    (lambda lines: [*lines[:-1], lines[-1][:30]], "it was cut off"),
    (lambda lines: [*lines[:1], *lines[2:]], "is not as it was written"),
    (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "is not as it was written"),
    (lambda lines: [line.replace("SKV-2", "SKV-9") for line in lines], "is not the one that its hash is of"),
]


@pytest.mark.parametrize("format_", ["jsonl", "csv"])
@pytest.mark.parametrize(("spoil", "sentence"), SPOILT)
def test_an_export_that_was_cut_off_or_changed_is_told(
    exporting: Office, tmp_path: Path, format_: str, spoil: Callable[[list[str]], list[str]], sentence: str
) -> None:
    file = tmp_path / "out"
    exporting.run(*EXPORT, "--format", format_, "--output", str(file))
    file.write_bytes("".join(spoil(file.read_bytes().decode().splitlines(keepends=True))).encode())

    result = exporting.run("audit", "check-export", str(file), "--json")

    assert (result.exit_code, json.loads(result.stdout)["whole"]) == (1, False)
    assert sentence in " ".join(json.loads(result.stdout)["faults"])


def test_two_exports_in_one_file_are_told(exporting: Office, tmp_path: Path) -> None:
    file = tmp_path / "out"
    texts = [exporting.run(*EXPORT, "--format", "jsonl", "--to", "2026-11-04").stdout for _ in range(2)]
    file.write_text("".join(texts))

    assert exporting.run("audit", "check-export", str(file)).exit_code == 1


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\xff\xfe", b"[]\n"])
def test_what_is_no_export_is_told(office: Office, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "out"
    file.write_bytes(content)

    result = office.run("audit", "check-export", str(file))

    assert (result.exit_code, result.stderr) == (1, f"{file} is no export, such as `gateway audit export` writes.\n")


def test_no_cell_of_a_csv_is_a_formula(office: Office, tmp_path: Path) -> None:
    built = BuiltRecord(new_key())
    evil = ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "'=1", "two\nlines", 'quoted "text", with a comma']
    built.stream("a").add(*(told(one, legal_basis=(one,)) for one in evil), OPENED)
    built.put(office.database)
    file = tmp_path / "out.csv"

    assert office.run(*EXPORT, "--format", "csv", "--output", str(file)).exit_code == 0

    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))
    cells = [cell for row in rows[:-1] for name, cell in row.items() if cell and name != "sequence"]
    assert [cell for cell in cells if cell.lstrip()[0] in "=+-@\t"] == []
    assert [row["reference"] for row in rows if "quoted" in (row["reference"] or "")] == ['quoted "text", with a comma']
    assert office.json("audit", "check-export", str(file))["whole"]


# One request


def test_a_requests_story_is_told_in_order(exporting: Office) -> None:
    story = exporting.json("audit", "inspect", "request-SKV-1")
    words = exporting.run("audit", "inspect", "request-SKV-1").stdout

    assert [(one["kind"], one["at"]) for one in story] == [
        ("status", "2026-11-01T00:00:00.000Z"),
        ("change", "2026-11-04T00:00:00.000Z"),
    ]
    assert "was told the status of FSKATT SKV-1 at tax-agency: title, updatedAt, for" in " ".join(words.split())
    assert "addCases" in words


def test_a_request_without_records_is_told(exporting: Office) -> None:
    (said,) = exporting.refused("audit", "inspect", "request-unknown")

    assert said.startswith("There is no record of this request")
