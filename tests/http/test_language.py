"""Swedish or English, by `Accept-Language`; and what of the header may be passed on to producers."""

from __future__ import annotations

import pytest

from gateway.http.language import DEFAULT_HEADER, accept_language, chosen_language
from tests.gateway import Gateway
from tests.producer import Producer


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("sv", "sv"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("sv-SE,sv;q=0.9,en-US;q=0.8,en;q=0.7", "sv"),
        ("en-US,en;q=0.9,sv;q=0.8", "en"),
        ("sv;q=0.3, en;q=0.4", "en"),
        ("sv;q=0.3, sv-FI;q=0.5, en;q=0.4", "sv"),
        ("sv, en", "sv"),
        ("en, sv", "en"),
        ("de, fr;q=0.9, en;q=0.1", "en"),
        ("de", "sv"),
        ("*", "sv"),
        ("sv;q=0, en;q=0.1", "en"),
        ("en;q=0", "sv"),
        ("sv;q=0, en;q=0", "sv"),
        ("en;q=2", "sv"),
        ("english", "sv"),
        ("en ; q = 0.9 , sv;q=0.1", "en"),
        ("", "sv"),
    ],
)
def test_the_preferred_language_is_chosen(header: str, language: str) -> None:
    assert chosen_language(header) == language


@pytest.mark.parametrize("header", ["sv", "en-US,en;q=0.9", "de, *;q=0.1"])
def test_a_well_formed_header_is_passed_on_as_it_is(header: str) -> None:
    assert accept_language(header) == header


@pytest.mark.parametrize("header", [None, "", "sv\nX-Evil: 1", "sv" * 101, "<script>", "åäö"])
def test_any_other_header_is_replaced(header: str | None) -> None:
    assert accept_language(header) == DEFAULT_HEADER


@pytest.mark.parametrize(
    ("asked", "named", "answered"),
    [("en, sv;q=0.1", "tax-agency in English", "en"), ("de", "tax-agency på svenska", "sv")],
)
async def test_the_answer_and_the_producer_have_the_callers_language(
    asked: str, named: str, answered: str, gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case())

    answer = await gateway.query(
        "query($id: ID!) { caseGroup(id: $id) { cases { edges { node {"
        " producer { name } status { ... on CaseStatus { title } } } } } } }",
        id=group["id"],
        language=asked,
    )

    assert answer.data["caseGroup"]["cases"]["edges"][0]["node"]["producer"]["name"] == named
    assert answer.headers["Content-Language"] == answered
    assert "Accept-Language" in answer.headers["Vary"]
    assert tax.asked[0].headers["Accept-Language"] == asked
