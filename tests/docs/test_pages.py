"""The pages hold together: links lead somewhere, JSON is JSON, commands exist, nothing escapes a check."""

from __future__ import annotations

import json
import re

import pytest

from tests.docs.pages import PAGES, TOP, Page, page

LANGUAGES = {
    "graphql",  # test_queries.py, test_authorization.py
    "json",  # here, test_queries.py, test_authorization.py
    "console",  # test_commands.py, test_authorization.py
    "text",  # to look at; of docs/authorization.md: test_authorization.py
    "js",  # docs/producers.md, as python
    "sh",  # docs/database.md: tests/mongo_init/test_compose.py
    "python",  # docs/producers.md: tests/subgraphs/test_documentation.py
    "toml",
}

every_page = pytest.mark.parametrize("page_", PAGES, ids=lambda page_: page_.name)


@every_page
def test_every_block_has_a_language_that_is_looked_after(page_: Page) -> None:
    assert [block.text for block in page_.blocks() if block.language not in LANGUAGES] == []
    assert page_.text.count("\n```") == 2 * len(page_.blocks())


@every_page
def test_every_json_block_parses(page_: Page) -> None:
    for block in page_.blocks("json"):
        json.loads(block.text)


@every_page
def test_every_relative_link_leads_to_a_file_and_a_heading(page_: Page) -> None:
    for target in page_.links():
        path, _, anchor = target.partition("#")
        linked = (page_.path.parent / path).resolve() if path else page_.path

        assert linked.exists(), target
        assert linked.is_relative_to(TOP), target
        if anchor:
            assert anchor in Page(linked).anchors(), target


@every_page
def test_no_page_holds_a_path_of_somebodys_machine(page_: Page) -> None:
    assert re.findall(r"/(?:home|Users|work)/\w+", page_.text) == []


def test_the_changelog_says_what_is_not_released_yet() -> None:
    changelog = page("CHANGELOG.md")

    assert re.search(r"^## \[Unreleased\]$", changelog.text, re.MULTILINE)
    assert set(re.findall(r"^### (.*)$", changelog.text, re.MULTILINE)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }


def test_every_decision_says_what_a_decision_must() -> None:
    for decision in (page_ for page_ in PAGES if page_.path.parent.name == "decisions"):
        number = decision.path.name[:4]

        assert re.search(rf"\A# {number}: ", decision.text), decision.name
        assert re.findall(r"^## (.*)$", decision.text, re.MULTILINE) == [
            "Forces",
            "Choice",
            "What is known",
            "When to revisit",
        ]


def test_the_readme_names_every_folder_of_the_gateway() -> None:
    (tree,) = (block for block in page("README.md").blocks("text") if block.text.startswith("gateway/"))
    named = set(re.findall(r"^  (\w+)/", tree.text, re.MULTILINE))

    assert named == {folder.parent.name for folder in (TOP / "gateway").glob("*/__init__.py")}


def test_what_decides_on_authorization_can_be_read_in_an_hour() -> None:
    """docs/algorithms.md says so of the whole of gateway/policy."""
    lines = sum(
        len(file.read_text(encoding="utf-8").splitlines()) for file in (TOP / "gateway" / "policy").glob("*.py")
    )

    assert "at most 600 lines" in page("docs/algorithms.md").section("## Who may read what").text
    assert lines <= 600
