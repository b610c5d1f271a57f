"""The playground in a real browser, on the whole stack."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.browser.playground_page import PlaygroundPage, case_groups, cases

PORTAL = "Företagarportalen"
ACCOUNTING = "Bokföringsprogrammet"
COMPANY = "Fika & Form AB"
PERSON = "Björn Sand"

THE_COMPANYS_GROUP = "Starta kafé i Exempelköping"
THE_PERSONS_GROUP = "Uteservering på torget"
THE_ACCOUNTANTS_GROUP = "Bokföring 2026"


@pytest.fixture
def playground(playground_url: str, browser_page: PlaygroundPage) -> PlaygroundPage:
    """The playground, opened, with a token of whoever is chosen first."""
    browser_page.open(playground_url)
    browser_page.ready()
    return browser_page


def test_the_page_works_without_a_complaint_and_asks_nobody_but_the_gateway(
    playground: PlaygroundPage, playground_url: str
) -> None:
    playground.run()
    playground.page.get_by_role("button", name="Show Documentation Explorer").click()
    playground.page.get_by_role("button", name="Prettify query").click()
    playground.settle(1)

    assert playground.complaints == []
    addresses = [urlsplit(request.url) for request in playground.requests]
    own = urlsplit(playground_url)
    assert {address.netloc for address in addresses if address.scheme not in {"data", "blob"}} == {own.netloc}
    assert any("graphql.worker" in address.path for address in addresses)


def test_the_docs_explorer_shows_the_description_of_a_type(playground: PlaygroundPage) -> None:
    playground.page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = playground.page.locator(".graphiql-doc-explorer")
    docs.get_by_role("link", name="CaseGroup", exact=True).first.click()

    expect(docs.locator(".graphiql-doc-explorer-title")).to_have_text("CaseGroup")
    description = docs.locator(".graphiql-markdown-description").first
    expect(description).to_be_visible()
    assert len(description.inner_text().split()) > 3


def test_the_first_example_run_from_the_keyboard_shows_a_status_of_every_case(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)

    playground.page.locator(".graphiql-query-editor .view-line").first.click()
    playground.page.keyboard.press("Control+Enter")
    response = playground.response()

    assert THE_COMPANYS_GROUP in [group["title"] for group in case_groups(response)]
    assert len({case["producer"]["name"] for case in cases(response)}) == 3
    assert all("title" in case["status"] or "reason" in case["status"] for case in cases(response))
    assert any("title" in case["status"] for case in cases(response))
    expect(playground.page.locator(".result-window")).to_contain_text("Starta")


@pytest.mark.parametrize(
    ("consumer", "subject", "seen"),
    [
        (PORTAL, PERSON, [THE_PERSONS_GROUP]),
        (ACCOUNTING, COMPANY, [THE_ACCOUNTANTS_GROUP, THE_COMPANYS_GROUP]),
        (ACCOUNTING, PERSON, []),
    ],
    ids=["another subject", "another consumer", "both"],
)
def test_the_chooser_changes_whose_groups_are_seen(
    playground: PlaygroundPage, consumer: str, subject: str, seen: list[str]
) -> None:
    """The end user lets the accounting program read the portal's group, too."""
    playground.choose_caller(PORTAL, COMPANY)
    playground.run()

    playground.choose_caller(consumer, subject)
    assert playground.shown() == ""
    groups = case_groups(playground.run())

    assert [group["title"] for group in groups] == seen


def test_another_consumer_reads_other_fields_of_the_same_group(playground: PlaygroundPage) -> None:
    read: dict[str, dict[str, Any]] = {}
    for consumer in (PORTAL, ACCOUNTING):
        playground.choose_caller(consumer, COMPANY)
        answer = playground.run()
        groups = {group["title"]: group for group in case_groups(answer)}
        edges = groups[THE_COMPANYS_GROUP]["cases"]["edges"]
        read[consumer] = {edge["node"]["reference"]: edge["node"]["status"] for edge in edges}

    assert read[PORTAL].keys() == read[ACCOUNTING].keys()
    assert all(status["updatedAt"] for status in read[PORTAL].values())
    assert read[ACCOUNTING]["BV-2026-104233"]["title"]
    assert read[ACCOUNTING]["BV-2026-104233"]["updatedAt"] is None
    assert read[ACCOUNTING]["EXK-2026-0417"]["reason"] == "NOT_PERMITTED"
    assert "FORBIDDEN_FIELD" in {error["extensions"]["code"] for error in answer["errors"]}


def test_the_answers_in_other_tabs_are_forgotten_when_the_caller_changes(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)
    playground.run()
    playground.turn_to("WhoAmI")

    playground.choose_caller(PORTAL, PERSON)
    playground.turn_to("StatusesOfACaseGroup")

    assert playground.shown() == ""


def test_an_answer_under_way_is_not_shown_to_the_next_caller(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)

    playground.press_run()
    playground.choose_caller(PORTAL, PERSON)
    playground.settle(3)

    assert THE_COMPANYS_GROUP not in playground.shown()


def test_the_choice_survives_a_reload(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, PERSON)

    playground.page.reload()
    playground.ready()

    assert THE_PERSONS_GROUP in [group["title"] for group in case_groups(playground.run())]


def test_the_language_chosen_is_the_language_answered_in(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)
    swedish = {case["producer"]["name"] for case in cases(playground.run())}

    playground.choose("Language", "English")
    english = {case["producer"]["name"] for case in cases(playground.run())}

    assert "Skatteverket (demo)" in swedish
    assert "The tax agency (demo)" in english


def test_deferred_statuses_are_merged_into_the_cases(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)
    playground.turn_to("Deferred")

    with playground.page.expect_response("**/graphql") as received:
        playground.press_run()
    response = playground.response()

    assert received.value.headers["content-type"].startswith("multipart/mixed")
    assert len(cases(response)) >= 5
    assert all("title" in case["status"] or "reason" in case["status"] for case in cases(response))


def test_every_other_example_runs_without_an_error(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)
    answers = {}
    for tab in ("WhoAmI", "CreateACaseGroup", "MyCases", "Producers", "MyRecord"):
        playground.turn_to(tab)
        answers[tab] = playground.run()

    assert not any("errors" in answer for answer in answers.values())
    assert answers["WhoAmI"]["data"]["viewer"]["consumer"]["name"] == PORTAL
    assert answers["CreateACaseGroup"]["data"]["createCaseGroup"]["userErrors"] == []
    told = [one["outcome"]["cases"] for one in answers["MyCases"]["data"]["availableCases"]["producers"]]
    assert len(told) == 3
    assert all(told)
    assert len(answers["Producers"]["data"]["producers"]["edges"]) == 3
    assert answers["MyRecord"]["data"]["disclosures"]["totalCount"] >= 0


def test_a_token_that_is_refused_once_is_renewed(playground: PlaygroundPage) -> None:
    playground.choose_caller(PORTAL, COMPANY)
    playground.page.route("**/graphql", lambda route: route.fulfill(status=401, json={"errors": []}), times=1)

    with playground.page.expect_request("**/development/token"):
        response = playground.run()

    assert case_groups(response)


def test_a_refusal_that_stays_is_shown_in_the_servers_words(playground: PlaygroundPage) -> None:
    refusal = "The consumer is not connected."

    def refuse(route: Route) -> None:
        route.fulfill(status=401, json={"errors": [{"message": refusal}]})

    playground.page.route("**/graphql", refuse)

    response = playground.run()

    assert response["errors"][0]["message"] == refusal
    expect(playground.refusal).to_have_text(refusal)


def test_a_token_that_cannot_be_had_is_said_and_nothing_hangs(playground: PlaygroundPage) -> None:
    reason = "The subject is not one of the demo's."

    def refuse(route: Route) -> None:
        route.fulfill(status=400, body=json.dumps({"error": "invalid_request", "error_description": reason}))

    playground.page.route("**/development/token", refuse)
    playground.choose("Subject", PERSON)

    expect(playground.refusal).to_have_text(reason)
    assert reason in json.dumps(playground.run(), ensure_ascii=False)
