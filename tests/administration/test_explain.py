"""`gateway grant explain`: what a query would read, by which grant, or what is missing; and nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.administration.conftest import Office
from tests.agreements import grant_record

QUERY = """
  query Group($id: ID!, $more: Boolean!) {
    viewer { subject { identifier } }
    caseGroup(id: $id) {
      name: title
      cases { edges { node { reference now: status { ...Said ... on StatusUnavailable { reason } } } } }
    }
  }
  fragment Said on CaseStatus { title when: updatedAt @include(if: $more) fetchedAt references { url } }
"""
STATUS = "caseGroup.cases.edges.node.now"
FILING_VAT = [("TAXES", "filing-vat")]


@pytest.fixture
def query(tmp_path: Path) -> Path:
    file = tmp_path / "query.graphql"
    file.write_text(QUERY, encoding="utf-8")
    return file


def given(office: Office, *fields: str, to: str = "business-portal", **changes: Any) -> str:
    record = grant_record(to, "tax-agency", ["MOMS"], fields, FILING_VAT, **changes)
    office.database["grants"].insert_one(record)
    return str(record["_id"])


def explained(office: Office, query: Path, *more: str) -> Any:
    before = office.all()
    found = office.json("grant", "explain", "--consumer", "business-portal", "--query", str(query), *more)
    assert office.all() == before
    return found


def about(found: Any, producer: str, case_type: str) -> Any:
    (one,) = [one for one in found["producers"] if (one["producer"], one["caseType"]) == (producer, case_type)]
    return one


def test_each_field_is_said_with_the_grant_that_allows_it_or_what_is_missing(office: Office, query: Path) -> None:
    first, second = given(office, "title", "code"), given(office, "references.url")

    found = explained(office, query)

    vat = about(found, "tax-agency", "MOMS")
    assert (vat["path"], vat["purpose"], vat["outcome"]) == (STATUS, "TAXES:filing-vat", "ASKED")
    assert vat["fields"] == [
        {
            "path": f"{STATUS}.title",
            "field": "title",
            "read": True,
            "grants": [{"id": first, "legalBasis": "Only for tests."}],
            "missing": None,
        },
        {
            "path": f"{STATUS}.when",
            "field": "updatedAt",
            "read": False,
            "grants": [],
            "missing": "a grant of updatedAt of MOMS at tax-agency for TAXES:filing-vat",
        },
        {
            "path": f"{STATUS}.references.url",
            "field": "references.url",
            "read": True,
            "grants": [{"id": second, "legalBasis": "Only for tests."}],
            "missing": None,
        },
    ]


def test_a_case_type_without_a_grant_is_not_asked_about(office: Office, query: Path) -> None:
    given(office, "title")

    f_tax = about(explained(office, query), "tax-agency", "FSKATT")

    assert f_tax["outcome"] == "NOT_PERMITTED"
    assert [(field["read"], field["grants"]) for field in f_tax["fields"]] == [(False, [])] * 3


def test_a_case_type_that_is_not_open_to_the_consumer_is_said_to_be_closed_to_it(office: Office, query: Path) -> None:
    given(office, "title")
    office.json("producer", "close", "tax-agency", "--case-type", "MOMS", "--yes", "--why", "Ticket 17")

    vat = about(explained(office, query), "tax-agency", "MOMS")

    assert vat["outcome"] == "NOT_PERMITTED"
    assert {field["missing"] for field in vat["fields"]} == {"that tax-agency opens MOMS to business-portal"}


def test_a_grant_that_was_withdrawn_or_is_another_consumers_allows_nothing(office: Office, query: Path) -> None:
    given(office, "title", withdrawnAt=grant_record("a", "b", [])["validFrom"])
    given(office, "title", to="accounting-program")

    assert {one["outcome"] for one in explained(office, query)["producers"]} == {"NOT_PERMITTED"}


def test_without_a_purpose_the_producers_areas_are_looked_at_where_nothing_is_granted(
    office: Office, query: Path
) -> None:
    found = explained(office, query)

    purposes = [one["purpose"] for one in found["producers"] if one["producer"] == "municipality"]
    assert purposes == ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS", "TAXES"] * 2


def test_the_purpose_can_be_given(office: Office, query: Path) -> None:
    given(office, "title")

    found = explained(office, query, "--purpose", "TAXES", "--purpose", "TAXES:filing-vat")

    vat = [one for one in found["producers"] if (one["producer"], one["caseType"]) == ("tax-agency", "MOMS")]
    assert [(one["purpose"], one["outcome"]) for one in vat] == [
        ("TAXES", "NOT_PERMITTED"),
        ("TAXES:filing-vat", "ASKED"),
    ]


def test_what_the_token_must_have_is_said_and_whether_it_has_it(office: Office, query: Path) -> None:
    found = explained(office, query)

    token = {one["path"]: (one["scopes"], one["met"]) for one in found["token"]}
    assert token["viewer.subject.identifier"] == ([["subject:read"]], None)
    assert token["caseGroup.name"] == ([["case-groups:read"]], None)
    assert f"{STATUS}.title" not in token

    found = explained(office, query, "--scope", "case-groups:read")
    met = {one["path"]: one["met"] for one in found["token"]}
    assert (met["viewer.subject.identifier"], met["caseGroup.name"]) == (False, True)


def test_a_token_that_does_not_open_the_way_reads_nothing(office: Office, query: Path) -> None:
    given(office, "title")

    found = explained(office, query, "--scope", "subject:read")
    vat = about(found, "tax-agency", "MOMS")
    assert vat["outcome"] == "NOT_OPENED"
    assert [field["read"] for field in vat["fields"]] == [False] * 3
    assert vat["fields"][0]["grants"]

    opened = about(explained(office, query, "--scope", "case-groups:read"), "tax-agency", "MOMS")
    assert opened["outcome"] == "ASKED"


def test_operations_of_one_document_are_told_apart(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "query.graphql"
    file.write_text(
        "query A { viewer { ...V } } query B { viewer { ...V } } fragment V on Viewer { subject { identifier } }"
    )

    found = explained(office, file)

    assert [one["path"] for one in found["token"]] == [
        "(A).viewer.subject.identifier",
        "(B).viewer.subject.identifier",
    ]


def test_fragments_that_double_each_other_cost_no_more_than_they_say(office: Office, tmp_path: Path) -> None:
    levels = 40
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    file = tmp_path / "query.graphql"
    file.write_text("{ ...F0 } " + " ".join(fragments) + f" fragment F{levels} on Query {{ __typename }}")

    (sentence,) = office.refused("grant", "explain", "--consumer", "business-portal", "--query", str(file))

    assert "root fields; the limit is 20" in sentence


def test_that_a_status_or_references_are_there_is_explained_too(office: Office, tmp_path: Path) -> None:
    given(office, "references.url")
    file = tmp_path / "query.graphql"
    file.write_text(
        "{ a: caseGroup(id: 1) { cases { edges { node { status { __typename } } } } }"
        " b: node(id: 1) { id ... on Case { status { ... on CaseStatus { references { __typename } } } } } }"
    )

    found = explained(office, file)

    vat = [one for one in found["producers"] if (one["producer"], one["caseType"]) == ("tax-agency", "MOMS")]
    assert [(one["path"], one["outcome"]) for one in vat] == [
        ("a.cases.edges.node.status", "ASKED"),
        ("b.status", "ASKED"),
    ]
    assert [(field["path"], field["read"]) for field in vat[1]["fields"]] == [("b.status.references", True)]
    assert {"path": "b.id", "scopes": [["case-groups:read"]], "met": None} in found["token"]


def test_it_is_told_in_plain_words_as_well(office: Office, query: Path) -> None:
    grant = given(office, "title")

    result = office.run("grant", "explain", "--consumer", "business-portal", "--query", str(query))

    assert result.exit_code == 0
    assert "tax-agency, MOMS, TAXES:filing-vat: is asked" in result.stdout
    assert "municipality, SERVERINGSTILLSTAND, TAXES: is not asked (NOT_PERMITTED)" in result.stdout
    assert f"{grant} (Only for tests.)" in result.stdout
    assert "a grant of updatedAt of MOMS at tax-agency for TAXES:filing-vat" in result.stdout
    assert "the producer alone decides" in result.stdout


def test_a_consumer_that_is_not_connected_is_told_nothing(office: Office, query: Path) -> None:
    given(office, "title")
    office.database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"state": "suspended"}})

    found = explained(office, query)
    result = office.run("grant", "explain", "--consumer", "business-portal", "--query", str(query))

    assert found["connected"] is False
    assert {one["outcome"] for one in found["producers"]} == {"NOT_PERMITTED"}
    assert "The consumer business-portal is not connected now" in result.stdout


def test_the_query_can_come_from_standard_input(office: Office) -> None:
    result = office.run(
        "grant",
        "explain",
        "--consumer",
        "business-portal",
        "--query",
        "-",
        "--json",
        answer="{ viewer { __typename } }",
    )

    assert result.exit_code == 0
    assert '"producers": []' in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ viewer", "line 1 column 9: Syntax Error: Expected Name, found <EOF>."),
        ("{\n  nothing\n}", "line 2 column 3: Cannot query field 'nothing' on type 'Query'."),
        ("#" * 262_145, "is longer than 262144 characters."),
    ],
)
def test_a_query_that_cannot_be_used_is_refused_with_its_place(
    office: Office, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "query.graphql"
    file.write_text(text)

    (sentence,) = office.refused("grant", "explain", "--consumer", "business-portal", "--query", str(file))

    assert sentence.startswith(f"--query {file}")
    assert said in sentence


def test_who_and_what_must_be_known(office: Office, query: Path) -> None:
    (unknown,) = office.refused("grant", "explain", "--consumer", "business-porta", "--query", str(query))
    assert "did you mean business-portal?" in unknown

    (missing,) = office.refused("grant", "explain", "--consumer", "business-portal", "--query", "/nowhere")
    assert "--query /nowhere cannot be read" in missing

    (area,) = office.refused(
        "grant", "explain", "--consumer", "business-portal", "--query", str(query), "--purpose", "TAX"
    )
    assert "there is no information area 'TAX'" in area
