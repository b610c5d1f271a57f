"""The playground as a person uses it: one page in a real Chromium, and a record of all it asked for."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

PATIENCE_MS = 20_000

# GraphiQL's own handle on its editor. The editor draws only the lines in view; its model has the whole text.
RESPONSE = """() => globalThis.__MONACO?.editor.getModels()
    .find(model => model.uri.path.endsWith("response.json"))?.getValue()"""

REPORT_POLICY_VIOLATIONS = """addEventListener("securitypolicyviolation", event =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@dataclass
class PlaygroundPage:
    """A page, with `requests` (every address asked for) and `complaints` (errors, refusals by the policy)."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.add_init_script(REPORT_POLICY_VIOLATIONS)
        self.page.context.on("request", self._note)
        self.page.context.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("console", self._hear)

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def open(self, url: str) -> None:
        """Goes to the playground at `url` and waits until its editor can be typed in."""
        self.page.goto(url)
        self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    def ready(self) -> None:
        """Waits until the gateway has accepted the caller's token and the schema is known."""
        expect(self.notice).to_have_text("Token accepted", timeout=PATIENCE_MS)
        expect(self.page.get_by_role("button", name="Re-fetch GraphQL schema")).to_be_enabled(timeout=PATIENCE_MS)

    @property
    def notice(self) -> Locator:
        """The line in the bar that says how the token was received."""
        return self.page.locator(".bar .notice")

    @property
    def refusal(self) -> Locator:
        """The same line, when it is read out at once because something is wrong."""
        return self.page.locator(".bar").get_by_role("alert")

    def choose(self, label: str, option: str) -> None:
        """Chooses the option whose text begins with `option` in the chooser labelled `label`."""
        chooser = self.page.get_by_role("combobox", name=label, exact=True)
        wanted = chooser.locator("option", has_text=re.compile(f"^{re.escape(option)}")).first
        chooser.select_option(value=wanted.get_attribute("value"))

    def choose_caller(self, consumer: str, subject: str) -> None:
        """Chooses consumer and subject by name, and waits until the gateway has taken the token."""
        self.choose("Consumer", consumer)
        self.choose("Subject", subject)
        self.ready()

    def turn_to(self, tab: str) -> None:
        """Opens the tab of that title."""
        self.page.get_by_role("tab", name=tab, exact=True).click()

    def press_run(self) -> None:
        """Runs the operation of the tab, and waits for nothing."""
        self.page.get_by_role("button", name="Execute query").click()

    def run(self) -> dict[str, Any]:
        """Runs the operation of the tab and returns the whole response shown, when it has all come."""
        self.press_run()
        return self.response()

    def response(self) -> dict[str, Any]:
        """The response shown once there is one and nothing more is on its way."""
        self.page.wait_for_function(f"() => ({RESPONSE})()")
        expect(self.page.get_by_role("button", name="Execute query")).to_be_visible(timeout=PATIENCE_MS)
        shown: dict[str, Any] = json.loads(self.shown())
        return shown

    def shown(self) -> str:
        """The text in the response pane now."""
        text: str | None = self.page.evaluate(RESPONSE)
        return text or ""

    def settle(self, seconds: float) -> None:
        """Lets the page go on by itself for so long: for what must *not* happen there is nothing to wait for."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.page.wait_for_timeout(min(left * 1000, 100))


def case_groups(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The case groups in the answer to an example."""
    return [edge["node"] for edge in response["data"]["caseGroups"]["edges"]]


def cases(response: dict[str, Any]) -> list[dict[str, Any]]:
    """All cases of all case groups in the answer to an example."""
    return [edge["node"] for group in case_groups(response) for edge in group["cases"]["edges"]]
