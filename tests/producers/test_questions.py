"""What a producer is asked: exactly what was selected, for all of its cases in one request."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.producer import Producer
from tests.producers.asking import a_group_for

ASKED = re.compile(
    r"query \(\$representations: \[_Any!\]!\) \{ _entities\(representations: \$representations\) "
    r"\{ \.\.\. on Case \{ reference status \{ (.*) \} \} \} \}"
)


def fields_asked(query: str) -> str:
    match = ASKED.fullmatch(query)
    assert match, query
    return match[1]


def selecting(selection: str, *, variables: str = "", fragments: str = "") -> str:
    return f"""
      query Group($id: ID! {variables}) {{
        caseGroup(id: $id) {{ cases(first: 10) {{ edges {{ node {{ {selection} }} }} }} }}
      }}
      {fragments}
    """


SELECTIONS = [
    pytest.param(selecting("status { ... on CaseStatus { title } }"), "title", "title", id="one field"),
    pytest.param(
        selecting("status { ... on CaseStatus { updatedAt title code } }"),
        "code title updatedAt",
        "code title updatedAt",
        id="several fields, in one order whatever theirs",
    ),
    pytest.param(
        selecting("now: status { ... on CaseStatus { name: title also: title } }"), "title", "title", id="aliases"
    ),
    pytest.param(
        selecting(
            "status { ...Short }",
            fragments="fragment Short on CaseStatus { title ...Shorter } fragment Shorter on CaseStatus { code }",
        ),
        "code title",
        "code title",
        id="a fragment in a fragment",
    ),
    pytest.param(
        selecting(
            "...A ...B",
            fragments="""
              fragment A on Case { status { ... on CaseStatus { title } } }
              fragment B on Case { status { ... on CaseStatus { completed } ... on StatusUnavailable { reason } } }
            """,
        ),
        "completed title",
        "completed title",
        id="fields merged from two fragments",
    ),
    pytest.param(
        selecting("status { ... on CaseStatus { title references { value url } } }"),
        "title references { url value }",
        "title references.url references.value",
        id="the fields of references",
    ),
    pytest.param(
        selecting(
            "status { ... on CaseStatus { references { title } ...More } }",
            fragments="fragment More on CaseStatus { where: references { ... on Reference { url } } }",
        ),
        "references { title url }",
        "references.title references.url",
        id="references merged with an aliased one",
    ),
    pytest.param(
        selecting("status { ... on CaseStatus { references { __typename } } }"),
        "references { __typename }",
        "references",
        id="that there are references",
    ),
    pytest.param(
        selecting(
            "status { ... on CaseStatus { title code @include(if: $no) language @skip(if: $yes) completed } }",
            variables="$yes: Boolean = true, $no: Boolean!",
        ),
        "completed title",
        "completed title",
        id="@include and @skip by variables",
    ),
    pytest.param(
        selecting(
            "status { ... on CaseStatus @include(if: $yes) { title } ... on CaseStatus @skip(if: $yes) { code } }",
            variables="$yes: Boolean = true",
        ),
        "title",
        "title",
        id="@include and @skip on fragments",
    ),
    pytest.param(selecting("status { __typename }"), "__typename", "", id="the type's name alone"),
    pytest.param(
        selecting("status { ... on CaseStatus { __typename title } }"), "title", "title", id="the type's name, too"
    ),
    pytest.param(
        selecting("status { ... on CaseStatus { fetchedAt reused } }"), "__typename", "", id="the gateway's own alone"
    ),
    pytest.param(
        selecting("status { ... on StatusUnavailable { reason } }"), "__typename", "", id="the other outcome alone"
    ),
]


@pytest.mark.parametrize(("query", "fields", "scope"), SELECTIONS)
async def test_a_producer_is_asked_for_exactly_the_selected_fields(
    gateway: Gateway, tax: Producer, query: str, fields: str, scope: str
) -> None:
    group = await gateway.a_group_with(
        tax.case("T-1", references=[{"title": "Mina sidor", "url": "https://tax.example"}], completed=False)
    )

    variables: dict[str, Any] = {"no": False} if "$no" in query else {}
    answer = await gateway.query(query, variables, id=group["id"])

    (node,) = (edge["node"] for edge in answer.data["caseGroup"]["cases"]["edges"])
    (asked,) = tax.asked
    assert "reason" not in node
    assert fields_asked(asked.query) == fields
    assert asked.claims["scope"] == scope


async def test_a_status_that_is_not_selected_is_not_asked_for(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    await gateway.query(selecting("reference"), id=group["id"])
    await gateway.query(
        selecting("reference status @skip(if: $yes) { __typename }", variables="$yes: Boolean = true"),
        id=group["id"],
    )

    assert tax.requests == 0


async def test_two_selections_for_one_case_are_two_questions_each_with_its_own_fields(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1", language="sv"))
    short, long = "status { ... on CaseStatus { title } }", "status { ... on CaseStatus { code language } }"

    answer = await gateway.query(selecting(f"short: {short} long: {long}"), id=group["id"])

    (node,) = (edge["node"] for edge in answer.data["caseGroup"]["cases"]["edges"])
    assert node == {"short": {"title": "Granskas (T-1)"}, "long": {"code": "GRANSKNING", "language": "sv"}}
    assert sorted((fields_asked(asked.query), asked.claims["scope"]) for asked in tax.asked) == [
        ("code language", "code language"),
        ("title", "title"),
    ]


TWO_GROUPS = """
  query Groups($a: ID!, $b: ID!) { a: caseGroup(id: $a) { ...Cases } b: caseGroup(id: $b) { ...Cases } }
  fragment Cases on CaseGroup {
    cases(first: 100) { edges { node { status { ... on CaseStatus { title } ... on StatusUnavailable { reason } } } } }
  }
"""


def titles(group: dict[str, Any]) -> list[str]:
    return [edge["node"]["status"].get("title") for edge in group["cases"]["edges"]]


@pytest.mark.settings(producer_max_batch=3)
async def test_a_case_in_two_groups_is_asked_about_for_each_purpose_by_itself(gateway: Gateway, tax: Producer) -> None:
    """A producer that decides by purpose must not be led to decide by another case's."""
    cases = tax.case("T-1"), tax.case("T-2")
    starting = await a_group_for(gateway, {"event": "starting-a-company"}, *cases)
    taxes = await a_group_for(gateway, {"informationArea": "TAXES", "event": None}, *cases)

    answer = await gateway.query(TWO_GROUPS, a=starting["id"], b=taxes["id"])

    assert titles(answer.data["a"]) == titles(answer.data["b"]) == ["Granskas (T-1)", "Granskas (T-2)"]
    assert [asked.references for asked in tax.asked] == [["T-1", "T-2"]] * 2
    assert sorted(asked.claims["purpose"] for asked in tax.asked) == [
        ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company"],
        ["TAXES"],
    ]


async def test_a_request_names_the_types_that_its_cases_are_said_to_be_of(gateway: Gateway, tax: Producer) -> None:
    """What is asked for is granted for these: a producer refuses a case that is of another type than was said."""
    both = [{**tax.case(), "caseType": "MOMS"}, tax.case()]
    group = await gateway.a_group_with(*both)

    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    (asked,) = tax.asked
    assert asked.claims["case_types"] == ["FSKATT", "MOMS"]


@pytest.mark.settings(producer_max_batch=1)
async def test_a_request_names_the_purposes_of_its_own_cases_alone(gateway: Gateway, tax: Producer) -> None:
    starting = await a_group_for(gateway, {"event": None}, tax.case("T-1"))
    taxes = await a_group_for(gateway, {"informationArea": "TAXES", "event": "filing-vat"}, tax.case("T-2"))

    await gateway.query(TWO_GROUPS, a=starting["id"], b=taxes["id"])

    assert {tuple(asked.references): asked.claims["purpose"] for asked in tax.asked} == {
        ("T-1",): ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS"],
        ("T-2",): ["TAXES:filing-vat"],
    }


@pytest.mark.settings(group_max_cases=150, page_max_size=150, producer_max_batch=100)
async def test_more_cases_than_fit_in_one_request_are_split_and_each_keeps_its_own_status(
    gateway: Gateway, tax: Producer
) -> None:
    references = [f"T-{number}" for number in range(150)]
    group = await gateway.a_group_with(*(tax.case(reference) for reference in references))

    answer = await gateway.query(GROUP_WITH_STATUSES.replace("first: 100", "first: 150"), id=group["id"])

    assert answer.statuses() == {reference: f"Granskas ({reference})" for reference in references}
    assert sorted(len(asked.references) for asked in tax.asked) == [50, 100]
    assert {reference for asked in tax.asked for reference in asked.references} == set(references)


async def test_nothing_is_kept_from_one_operation_to_the_next(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1", title="Mottaget"))

    first = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    tax.case("T-1", title="Beslut fattat")
    second = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert (first.statuses(), second.statuses()) == ({"T-1": "Mottaget"}, {"T-1": "Beslut fattat"})
    assert tax.requests == 2
    assert tax.asked[0].claims["jti"] != tax.asked[1].claims["jti"]
