"""The cases of a demonstration producer: how they move with time, and what is wrong with a wrong data file."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from subgraphs.reference.cases import EPOCH, CaseBook, DataFileError, Stage, load_cases
from tests.subgraphs.processes import ROOT

PACKAGES = ("tax_agency", "companies_registration_office", "municipality")
DATA_FILES = [ROOT / "subgraphs" / package / "cases.toml" for package in PACKAGES]

TWO_STAGES = """
languages = ["sv"]

[[cases]]
reference = "A-1"
subject = "165599990010"
case_type = "T"

[[cases]]
reference = "A-2"
subject = "165599990010"
case_type = "T"
phase = 20

[[timelines.T]]
seconds = 20
code = "first"
title = { sv = "Första" }

[[timelines.T]]
seconds = 30
code = "second"
title = { sv = "Andra" }
"""


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.toml"
    path.write_text(TWO_STAGES)
    return path


def at(book: CaseBook, reference: str, seconds: float) -> tuple[str, float, float]:
    """Code, beginning and end of the status that many seconds after the epoch, in seconds after the epoch."""
    case = book.find(reference)
    assert case is not None
    stage, since, until = book.standing(case, EPOCH + timedelta(seconds=seconds))
    return stage.code, (since - EPOCH).total_seconds(), (until - EPOCH).total_seconds()


def test_a_case_moves_through_its_timeline_and_begins_anew(data_file: Path) -> None:
    book = load_cases(data_file)

    assert at(book, "A-1", 0) == ("first", 0, 20)
    assert at(book, "A-1", 19.999) == ("first", 0, 20)
    assert at(book, "A-1", 20) == ("second", 20, 50)
    assert at(book, "A-1", 49.5) == ("second", 20, 50)
    assert at(book, "A-1", 50) == ("first", 50, 70)
    assert at(book, "A-1", 1_000_020) == ("second", 1_000_020, 1_000_050)


def test_a_phase_puts_a_case_ahead_of_another_of_its_type(data_file: Path) -> None:
    book = load_cases(data_file)

    assert at(book, "A-2", 0) == ("second", 0, 30)
    assert at(book, "A-2", 30) == ("first", 30, 50)


def test_a_moment_before_the_epoch_has_a_status_too(data_file: Path) -> None:
    assert at(load_cases(data_file), "A-1", -1) == ("second", -30, 0)


@pytest.mark.parametrize("path", DATA_FILES, ids=lambda path: path.parent.name)
def test_every_demonstration_case_moves_within_forty_seconds_and_comes_to_an_end(path: Path) -> None:
    book = load_cases(path)

    for case in book.cases:
        changes = {book.standing(case, EPOCH + timedelta(seconds=second)).since for second in range(600)}
        stages = {book.standing(case, EPOCH + timedelta(seconds=second)).stage.code for second in range(600)}
        waits = [later - earlier for earlier, later in pairwise(sorted(changes))]
        assert timedelta(seconds=20) <= min(waits)
        assert max(waits) <= timedelta(seconds=40)
        assert len(stages) >= 3
        assert any(stage.completed for stage in book.timelines[case.case_type])


def test_the_demonstration_cases_of_the_company_do_not_all_move_at_once() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    books = [load_cases(path) for path in DATA_FILES]

    since = [book.standing(case, now).since for book in books for case in book.of_subject("165599990010")]

    assert len(set(since)) == len(since) == 5


@pytest.mark.parametrize("path", DATA_FILES, ids=lambda path: path.parent.name)
def test_no_demonstration_subject_can_be_anybody(path: Path) -> None:
    """The check digit (Luhn, over the last ten digits) is wrong, so the number was never given to anyone."""
    for case in load_cases(path).cases:
        assert luhn(case.subject[-10:]) % 10 != 0


def luhn(digits: str) -> int:
    return sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(digits))


def test_the_check_digit_is_reckoned_as_the_tax_agency_does() -> None:
    assert luhn("8112189876") % 10 == 0  # the example of a personal identity number in the tax agency's own brochure


def test_the_producers_differ_in_what_they_tell() -> None:
    tax, office, municipality = (load_cases(path) for path in DATA_FILES)

    def used(book: CaseBook) -> list[set[str]]:
        return [stage.model_fields_set for timeline in book.timelines.values() for stage in timeline]

    assert all(fields == set(Stage.model_fields) for fields in used(office))
    assert all("extension" not in fields for fields in used(tax))
    assert set.intersection(*used(municipality)) == {"seconds", "code", "title"}
    assert [book.code_system is None for book in (tax, office, municipality)] == [False, False, True]
    assert [book.tells_next_change for book in (tax, office, municipality)] == [True, True, False]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('languages = ["sv"]', 'languages = ["sv"', "is not TOML"),
        ("seconds = 20", "seconds = 0", "timelines.T.0.seconds"),
        ("seconds = 20", "", "timelines.T.0.seconds: Field required"),
        ('code = "first"', 'code = "first"\ncolour = "red"', "timelines.T.0.colour"),
        ('subject = "165599990010"', 'subject = "16559999-0010"', "cases.0.subject"),
        ('reference = "A-2"', 'reference = "A-1"', "A-1 is used twice"),
        ('case_type = "T"', 'case_type = "U"', "of type U, which has no timeline"),
        ('{ sv = "Andra" }', '{ en = "Second" }', "a text of T second is not in exactly the languages sv"),
    ],
)
def test_a_wrong_data_file_is_told_by_place_and_reason(data_file: Path, old: str, new: str, told: str) -> None:
    data_file.write_text(TWO_STAGES.replace(old, new, 1))

    with pytest.raises(DataFileError) as refusal:
        load_cases(data_file)

    assert str(data_file) in str(refusal.value)
    assert told in str(refusal.value)


def test_a_missing_data_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be read"):
        load_cases(tmp_path / "none.toml")
