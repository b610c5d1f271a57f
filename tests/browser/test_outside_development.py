"""The playground without a development issuer, and the page in its place when it is not built."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, Route, expect
from starlette.applications import Starlette

from gateway.http.playground import playground_routes
from tests.browser.conftest import Serve
from tests.browser.playground_page import PlaygroundPage


@pytest.mark.usefixtures("built")
def test_outside_development_a_token_is_pasted_and_nothing_is_asked_before(
    browser_page: PlaygroundPage, serve: Serve
) -> None:
    refusal = "The access token has expired."
    asked: list[Request] = []

    def refuse(route: Route) -> None:
        asked.append(route.request)
        route.fulfill(status=401, json={"errors": [{"message": refusal}]})

    browser_page.page.route("**/graphql", refuse)
    browser_page.open(serve(Starlette(routes=playground_routes(development=False))))
    without_token = browser_page.run()
    field = browser_page.page.get_by_label("Access token")
    expect(field).to_have_attribute("type", "password")

    assert asked == []
    assert browser_page.complaints == []
    assert "no access token" in without_token["errors"][0]["message"]
    assert not any("/development/" in request.url for request in browser_page.requests)

    field.fill("pasted-token")
    field.press("Enter")

    expect(browser_page.refusal).to_have_text(refusal)
    assert asked[0].headers["authorization"] == "Bearer pasted-token"
    stored = browser_page.page.evaluate("() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }])")
    assert "pasted-token" not in stored


def test_a_playground_that_is_not_built_says_so(browser_page: PlaygroundPage, serve: Serve, tmp_path: Path) -> None:
    url = serve(Starlette(routes=playground_routes(development=True, dist=tmp_path)))
    answer = browser_page.page.goto(url)

    assert answer is not None
    assert answer.status == 200
    expect(browser_page.page.get_by_role("heading")).to_have_text("The playground is not built")
    expect(browser_page.page.locator("code", has_text="make playground")).to_be_visible()
    assert browser_page.complaints == []
    assert {urlsplit(request.url).netloc for request in browser_page.requests} - {""} == {urlsplit(url).netloc}
