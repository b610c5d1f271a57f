"""`gateway report benefits`: what is counted, what is hidden, and in which forms it comes, over a real database."""

from __future__ import annotations

import csv
import json
import os
import resource
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gateway.administration import benefit_texts
from gateway.disclosure.benefits import Breakdown, Figure
from gateway.identity.pseudonym_key_file import FiledKey, write_keys
from gateway.identity.pseudonyms import PseudonymKey, Pseudonyms
from gateway.model.purpose import InformationArea
from gateway.store import benefit_figures
from tests.administration.conftest import Office
from tests.administration.told import Told, group_of
from tests.agreements import consumer_record

COMMAND = ("report", "benefits")
AUTUMN = (*COMMAND, "--from", "2026-09-01", "--to", "2026-11-01")
PEOPLE = range(1, 8)


def reported(office: Office, *words: str, **settings: str) -> dict[str, Any]:
    """The report, as JSON."""
    result = office.run(*words, "--format", "json", **settings)
    assert (result.exit_code, result.stderr) == (0, "")
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def figure(report: dict[str, Any], name: str) -> tuple[list[int | str], int | str]:
    """One of its figures, by period and in total."""
    (found,) = [one for one in report["figures"] if one["name"] == name]
    values = [one["hidden"] or one["value"] for one in [*found["periods"], found["total"]]]
    return values[:-1], values[-1]


def breakdown(report: dict[str, Any], name: str) -> dict[str, int]:
    """One of its break-downs."""
    (found,) = [one for one in report["breakdowns"] if one["name"] == name]
    return {line["key"]: line["endUsers"] for line in found["lines"]}


def stored(office: Office, told: Told) -> None:
    office.database["disclosures"].insert_many(told.documents)


@pytest.fixture
def used(office: Office) -> Office:
    """Seven people in September, six of them and two others in October; each has a group, and the first two."""
    told = Told()
    for person in PEOPLE:
        told.created(person, "2026-09-05")
        told.status(person, "2026-09-06")
        told.status(person, "2026-09-07", producer="municipality", case_type="SERVERINGSTILLSTAND", purpose="SERVICES")
    told.statuses([2, 3, 4, 5, 6, 7, 8, 9], "2026-10-31")
    told.status(8, "2026-10-31", group=group_of(8, 1))
    stored(office, told)
    return office


def test_each_figure_is_counted_by_period_and_in_total(used: Office) -> None:
    report = reported(used, *AUTUMN)

    assert figure(report, "endUsers") == ([7, 8], 9)
    assert figure(report, "groupsCreated") == ([7, 0], 7)
    assert figure(report, "groupsRead") == ([7, 9], 10)
    assert figure(report, "statuses") == ([14, 9], 23)
    assert figure(report, "useCases") == ([2, 1], 2)
    assert figure(report, "producers") == ([2, 2], 2)
    assert figure(report, "consumers") == ([2, 2], 2)
    assert figure(report, "informationAreas") == ([2, 2], 2)
    assert figure(report, "caseTypes") == ([3, 3], 3)
    assert breakdown(report, "useCase") == {"TAXES:filing-vat": 9, "SERVICES": 7}
    assert breakdown(report, "informationArea") == {"TAXES": 9, "SERVICES": 7}
    assert breakdown(report, "caseType") == {"tax-agency/MOMS": 9, "municipality/SERVERINGSTILLSTAND": 7}


def test_what_is_not_a_delivery_or_a_change_that_was_made_is_not_counted(used: Office) -> None:
    before = reported(used, *AUTUMN)["figures"]
    told = Told("f" * 16)
    told.status(50, "2026-08-31")
    told.status(51, "2026-11-01")
    for person in range(60, 70):
        told.status(person, "2026-09-20", outcome="PRODUCER_TIMEOUT")
        told.status(person, "2026-09-20", outcome="NOT_PERMITTED")
        told.created(person, "2026-09-20", outcome="REFUSED")
    stored(used, told)

    assert reported(used, *AUTUMN)["figures"] == before


def test_only_what_consumers_of_the_environment_did_is_counted(used: Office) -> None:
    used.database["consumers"].delete_one({"_id": "business-portal"})
    used.database["consumers"].insert_one(consumer_record("business-portal", environment="live"))

    in_test, in_live = (reported(used, *AUTUMN, "--environment", one) for one in ("test", "live"))

    assert (figure(in_test, "endUsers"), figure(in_live, "endUsers")) == (([0, 0], 0), ([7, 8], 9))
    assert (figure(in_test, "consumers"), figure(in_live, "consumers")) == (([1, 1], 1), ([1, 1], 1))
    assert figure(in_live, "producers") == ([0, 0], 0)


def test_few_people_are_hidden_and_cannot_be_worked_out(office: Office) -> None:
    told = Told()
    told.statuses([1, 2, 3, 4], "2026-09-05")
    for number in range(100):
        told.status(4, "2026-09-06", group=group_of(4, number))
    told.statuses(range(4, 10), "2026-10-05")
    told.statuses([9], "2026-10-06", purpose="GOODS")
    stored(office, told)

    report = reported(office, *AUTUMN)

    assert figure(report, "endUsers") == (["few", 6], 6)
    assert figure(report, "groupsRead") == (["few", 6], 6)
    assert figure(report, "statuses") == (["few", 7], 7)
    assert breakdown(report, "useCase") == {"TAXES:filing-vat": 6}
    assert all(one["total"]["atLeast"] for one in report["figures"] if one["name"] in ("endUsers", "statuses"))
    assert figure(reported(office, *AUTUMN, "--least", "4"), "endUsers") == ([4, 6], 9)
    assert figure(reported(office, *AUTUMN, "--least", "7"), "endUsers") == (["few", "few"], "withheld")


def keys_of(*ids: str) -> list[PseudonymKey]:
    return [PseudonymKey(id_, id_.encode() * 16) for id_ in ids]


def test_a_person_whose_pseudonym_was_raised_is_counted_once(office: Office, tmp_path: Path) -> None:
    before, after = Pseudonyms(keys_of("k1")), Pseudonyms(keys_of("k1", "k2"))
    told = Told()
    for person in PEOPLE:
        first = before.of(f"1990010100{person}0")
        told.status(first, "2026-09-05")
        told.status(after.raised(first, "k2"), "2026-10-05")
    stored(office, told)
    key_file = tmp_path / "keys.json"
    key_file.touch(mode=0o600)
    write_keys(key_file, [FiledKey(key, None) for key in keys_of("k1", "k2")])

    with_keys = reported(office, *AUTUMN, pseudonym_key_file=str(key_file))
    without = reported(office, *AUTUMN)

    assert (figure(with_keys, "endUsers"), with_keys["peopleMayBeCountedTwice"]) == (([7, 7], 7), False)
    assert (figure(without, "endUsers"), without["peopleMayBeCountedTwice"]) == (([7, 7], 14), True)
    assert "may be counted twice" in office.run(*AUTUMN, "--language", "en").stdout


def test_however_much_is_read_at_a_time_nothing_is_lost(used: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reported(used, *AUTUMN)["figures"]

    for size in (1, 2, 5):
        monkeypatch.setattr(benefit_figures, "PAGE_SIZE", size)
        assert reported(used, *AUTUMN)["figures"] == whole


def test_a_period_that_is_not_over_or_not_whole_is_marked(used: Office) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()

    report = reported(used, *COMMAND, "--from", "2026-09-02", "--to", tomorrow)
    table = used.run(*COMMAND, "--from", "2026-09-02", "--to", tomorrow, "--language", "en").stdout

    periods = {one["label"]: one["complete"] for one in report["periods"]}
    assert (periods["2026-09"], periods["2026-10"]) == (False, True)
    assert (report["complete"], list(periods.values())[-1]) == (False, False)
    assert "2026-09 *" in table
    assert "The period reaches into the future." in table


def test_the_report_is_recorded(used: Office) -> None:
    reported(used, *AUTUMN, "--by", "lo", "--why", "The yearly report")

    entries = list(used.database["disclosures"].find({"kind": "audit"}).sort("_id", 1))
    assert [entry["outcome"] for entry in entries] == ["INTENDED", "MADE"]
    assert entries[0]["details"] == {
        "action": "report benefits",
        "by": "lo",
        "why": "The yearly report",
        "from": "2026-09-01",
        "to": "2026-11-01",
        "every": "month",
        "least": 5,
        "format": "json",
    }
    assert "subject" not in entries[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--from", "2026-10-02", "--to", "2026-10-01"), "--to (2026-10-01) is not after --from (2026-10-02)"),
        (("--from", "2026-10-02", "--to", "2026-10-02"), "nothing lies between them"),
        (("--from", "9998-01-01", "--to", "9998-01-02"), "--from (9998-01-01) lies in the future"),
        (("--from", "1800-01-01", "--to", "2026-01-01"), "there are more than 240 periods"),
        (("--from", "2026-01-01", "--to", "2026-01-31", "--why", " "), "--why is empty"),
        (("--from", "2026-01-01", "--to", "2026-01-31", "--by", "199003152390"), "--by has what may be an identity"),
    ],
)
def test_a_time_that_cannot_be_reported_on_is_refused(office: Office, words: tuple[str, ...], sentence: str) -> None:
    (said,) = office.refused(*COMMAND, *words)

    assert sentence in said


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "2026-W10-1", "20260101", "2026-01-01T00:00", "9999-01-01"])
def test_a_day_that_is_none_is_not_understood(office: Office, day: str) -> None:
    result = office.run(*COMMAND, "--from", day, "--to", "2026-10-01")

    assert result.exit_code == 2
    assert "is no day" in " ".join(result.stderr.split())


def test_a_file_is_written_whole_and_no_other_is_overwritten(used: Office, tmp_path: Path) -> None:
    file = tmp_path / "benefits.csv"
    file.write_text("precious", encoding="utf-8")
    write = (*AUTUMN, "--format", "csv", "--output", str(file))

    (said,) = used.refused(*write)
    kept = file.read_text(encoding="utf-8")
    replaced = used.run(*write, "--force")

    assert (str(file) in said, kept, replaced.exit_code) == (True, "precious", 0)
    assert file.read_text(encoding="utf-8").startswith("section,name,period")
    assert os.listdir(tmp_path) == ["benefits.csv"]  # noqa: PTH208 - hidden ones, too
    assert "cannot be written" in used.refused(*AUTUMN, "--output", str(tmp_path / "none" / "x"))[0]


def test_a_disk_that_is_full_leaves_nothing(used: Office, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        result = used.run(*AUTUMN, "--format", "html", "--output", str(tmp_path / "benefits.html"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "cannot be written" in result.stderr
    assert [one["outcome"] for one in used.database["disclosures"].find({"kind": "audit"})].count("MADE") == 0


def test_nothing_in_the_csv_is_a_formula(used: Office) -> None:
    used.database["producers"].update_one(
        {"_id": "tax-agency"},
        {
            "$set": {
                "caseTypes.1.name": {"sv": "=HYPERLINK(1)", "en": '=HYPERLINK("http://x")'},
                "caseTypes.1.code": "-MOMS",
                "name": {"sv": "+46", "en": "+46"},
            }
        },
    )
    told = Told("f" * 16)
    told.statuses(PEOPLE, "2026-09-05", case_type="-MOMS")
    stored(used, told)

    result = used.run(*AUTUMN, "--format", "csv", "--language", "en")

    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert [row["label"] for row in rows if row["name"] == "tax-agency/-MOMS"] == ['\'=HYPERLINK("http://x"), +46']
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_csv_and_table_say_what_json_says(used: Office) -> None:
    report = reported(used, *AUTUMN)

    rows = list(csv.DictReader(StringIO(used.run(*AUTUMN, "--format", "csv").stdout)))
    table = used.run(*AUTUMN).stdout

    for name in ("endUsers", "groupsCreated", "statuses", "producers"):
        values, total = figure(report, name)
        assert [int(row["value"]) for row in rows if row["name"] == name] == [*values, total]
    (line,) = [line.split() for line in table.splitlines() if "Slutkonsumenter " in line and "per" not in line]
    assert line == ["Slutkonsumenter", "7", "8", "9"]


def test_every_figure_break_down_and_area_has_its_words() -> None:
    assert set(benefit_texts.FIGURES) == set(benefit_texts.MEANINGS) == set(Figure)
    assert set(benefit_texts.BREAKDOWNS) == set(benefit_texts.LINES) == set(Breakdown)
    assert set(benefit_texts.AREAS) == set(InformationArea)
