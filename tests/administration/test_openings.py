"""`gateway producer open` and `close`: step by step, and never two openings of one case type that overlap."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.administration.conftest import Office
from tests.agreements import consumer_record, grant_record

WHY = ("--why", "Ticket 17")
CLOSED = ("producer", "open", "tax-agency", "--case-type", "CLOSED", *WHY)
LATER, STILL_LATER = ("--from", "2099-01-01"), ("--from", "2099-02-01")
PORTAL, PROGRAM = ("--pilot", "business-portal"), ("--pilot", "accounting-program")


def case_type(office: Office, code: str = "CLOSED") -> dict[str, Any]:
    """What the record says of a case type, less its name."""
    record = office.database["producers"].find_one({"_id": "tax-agency"})
    assert record is not None
    (found,) = [one for one in record["caseTypes"] if one["code"] == code]
    return {name: value for name, value in found.items() if name not in ("code", "name")}


def test_a_case_type_is_opened_to_all_at_once(office: Office) -> None:
    before = datetime.now(UTC)

    answer = office.json(*CLOSED)

    opened = case_type(office)
    assert (opened["state"], opened["pilots"]) == ("open", [])
    assert abs((opened["from"] - before).total_seconds()) < 10
    assert answer["what"].startswith("open CLOSED of the producer tax-agency to every consumer from ")
    (entry,) = office.json("producer", "show", "tax-agency")["history"]
    assert (entry["action"], [one["code"] for one in entry["changes"]["caseTypes"]]) == ("open", ["CLOSED"])


def test_a_pilot_grows_and_goes_on_until_the_day_of_opening_to_all(office: Office) -> None:
    office.json(*CLOSED, *PORTAL)
    office.json(*CLOSED, *PROGRAM)
    piloted = case_type(office)
    office.json(*CLOSED, *LATER)
    opened = case_type(office)

    assert (piloted["state"], piloted["pilots"]) == ("pilot", ["accounting-program", "business-portal"])
    assert opened == {**piloted, "state": "open", "from": datetime(2099, 1, 1, tzinfo=UTC)}


def test_a_pilot_ends_when_the_case_type_is_opened_to_all_at_once(office: Office) -> None:
    office.json(*CLOSED, *PORTAL)
    office.json(*CLOSED)

    assert {**case_type(office), "from": None} == {"state": "open", "from": None, "pilots": []}


def test_a_case_type_to_be_opened_later_may_be_piloted_until_then(office: Office) -> None:
    office.json(*CLOSED, *LATER)
    office.json(*CLOSED, *PORTAL)

    opened = {"state": "open", "from": datetime(2099, 1, 1, tzinfo=UTC), "pilots": ["business-portal"]}
    assert case_type(office) == opened


def test_a_new_case_type_is_opened_under_its_names(office: Office) -> None:
    words = ("producer", "open", "tax-agency", "--case-type", "PUNKTSKATT", *WHY)

    office.json(*words, "--name-sv", "Punktskatt", "--name-en", "Excise duty")

    assert case_type(office, "PUNKTSKATT")["state"] == "open"


OVERLAPPING: list[tuple[list[tuple[str, ...]], tuple[str, ...], str]] = [
    ([()], (), "is open to every consumer since "),
    ([()], PORTAL, "is open to every consumer since "),
    ([()], LATER, "is open to every consumer since "),
    ([LATER], STILL_LATER, "is to be opened to every consumer from 2099-01-01 00:00 UTC; another opening would"),
    ([LATER], (), "is to be opened to every consumer from 2099-01-01 00:00 UTC; another opening would"),
    ([LATER], (*PORTAL, *STILL_LATER), "is to be opened to every consumer from 2099-01-01 00:00 UTC; another opening"),
    ([PORTAL], PORTAL, "is open to business-portal already; another opening would overlap that."),
    ([PORTAL], (*PROGRAM, *LATER), "is for pilots from "),
    (
        [(*PORTAL, *LATER)],
        STILL_LATER,
        "is for pilots from 2099-01-01 00:00 UTC, which has not begun; another opening ",
    ),
]


@pytest.mark.parametrize(("before", "words", "sentence"), OVERLAPPING)
def test_openings_that_would_overlap_are_refused(
    office: Office, before: list[tuple[str, ...]], words: tuple[str, ...], sentence: str
) -> None:
    for one in before:
        office.json(*CLOSED, *one)

    (said,) = office.refused(*CLOSED, *words)

    assert said.startswith(f"--case-type CLOSED {sentence}")
    assert "`gateway producer close`" in said


NAMES = ("--name-sv", "A", "--name-en", "B")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("FSKAT",), "--case-type FSKAT: the producer tax-agency has no such case type; did you mean FSKATT? "),
        (("fskatt", *NAMES), "--case-type: the code 'fskatt' cannot be used: it must be 1 to 100 characters of A-Z, "),
        (("NEW", "--name-sv", "", "--name-en", "B"), "--name-sv is empty; it must say something."),
        (
            ("FSKATT", *NAMES),
            "--case-type FSKATT: the producer tax-agency has it already, as 'FSKATT (en)'. Leave out ",
        ),
        (("CLOSED", "--pilot", "nobody"), "--pilot nobody: There is no consumer 'nobody'."),
        (("CLOSED", "--pilot", "gone"), "--pilot gone: the connection of that consumer has ended."),
        (("CLOSED", "--pilot", "live"), "--pilot live: that consumer is in the environment live; the producer is in "),
    ],
)
def test_what_cannot_be_opened_is_refused_with_what_would_be_right(
    office: Office, words: tuple[str, ...], sentence: str
) -> None:
    office.database["consumers"].insert_many(
        [consumer_record("gone", state="ended", endedAt=datetime.now(UTC)), consumer_record("live", environment="live")]
    )

    (said,) = office.refused("producer", "open", "tax-agency", *WHY, "--case-type", *words)

    assert said.startswith(sentence)


def test_an_ended_producer_opens_nothing(office: Office) -> None:
    office.json("producer", "end", "tax-agency", *WHY, "--yes")

    assert office.refused(*CLOSED) == [
        "The connection of the producer tax-agency has ended; nothing of it can be opened."
    ]


def test_closing_says_who_loses_what_and_is_asked_about(office: Office, at_a_terminal: None) -> None:
    office.database["grants"].insert_one(grant_record("business-portal", "tax-agency", ["FSKATT"]))

    result = office.run("producer", "close", "tax-agency", "--case-type", "FSKATT", *WHY, answer="y\n")

    assert result.exit_code == 0
    assert "nobody reads their status any more, within seconds; 1 consumers may read it now (business-portal)." in (
        result.stderr
    )
    closed = case_type(office, "FSKATT")
    assert (closed["state"], closed["pilots"]) == ("closed", [])
    (said,) = office.refused("producer", "close", "tax-agency", "--case-type", "FSKATT", *WHY, "--yes")
    assert said.startswith("--case-type FSKATT: the producer tax-agency has closed it already since ")
    (said,) = office.refused("producer", "close", "tax-agency", "--case-type", "FSKAT", *WHY, "--yes")
    assert said.startswith("--case-type FSKAT: the producer tax-agency has no such case type; did you mean FSKATT? ")


def test_a_piloted_case_type_is_granted_to_its_pilots_alone(office: Office) -> None:
    office.json(*CLOSED, *PORTAL, *LATER)
    grant = ("grant", "add", "--producer", "tax-agency", "--case-type", "CLOSED", "--field", "title")
    given = (*grant, "--purpose", "TAXES", "--legal-basis", "Law.", *WHY)

    office.json(*given, "--consumer", "business-portal")

    (said,) = office.refused(*given, "--consumer", "accounting-program")
    assert said == (
        "--case-type CLOSED: the producer tax-agency has opened it to business-portal alone; it must open it to "
        "accounting-program first."
    )
