"""docs/authorization.md, done from its first line to its last: commands, questions, answers, and producers' logs."""

from __future__ import annotations

import json

from tests.docs.demonstration import Demonstration, assert_shows, shown_log
from tests.docs.examples import Example, timely
from tests.docs.pages import TOP, page

PAGE = page("docs/authorization.md")


async def test_everything_on_the_page_is_so(demonstration: Demonstration) -> None:
    """In the page's order; the log lines are those of the questions since the ones before."""
    question = Example("", {})
    compared = {"answers": 0, "outputs": 0, "logs": 0}
    for block in PAGE.blocks():
        match block.language, block.info:
            case "console", _:
                for line in block.lines:
                    assert line.startswith("$ "), "a console block holds commands alone"
                    await demonstration.run(line.removeprefix("$ "))
            case "graphql", _:
                question = Example.of(block)
            case "json", "variables":
                question.variables = timely(json.loads(block.text))
            case "json", "answer":
                question.answer = json.loads(block.text)
                await demonstration.ask(question)
                compared["answers"] += 1
            case "text", "output":
                assert_shows(block.text, demonstration.output)
                compared["outputs"] += 1
            case "text", "log":
                assert shown_log(block.text) == await demonstration.logged()
                compared["logs"] += 1

    assert all(compared.values()), compared


async def test_the_file_of_the_page_is_its_question() -> None:
    """What the command explains is what the two portals ask."""
    asked = (TOP / "docs" / "statuses.graphql").read_text(encoding="utf-8")

    assert [block.text for block in PAGE.blocks("graphql") if asked in block.text][:2] == [asked, asked]
