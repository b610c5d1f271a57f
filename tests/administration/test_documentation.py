"""The commands of docs/operations.md for consumers and grants, run in their order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.administration.conftest import Office

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_commands_of_the_page_connect_a_consumer_and_grant_it_something(office: Office) -> None:
    commands = re.findall(r"^\$ gateway ((?:consumer|grant) .+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    results = [office.run(*shlex.split(command)) for command in commands]

    assert len(results) == 5
    assert [(result.exit_code, result.stderr) for result in results] == [(0, "")] * len(results)
    (grant,) = office.json("consumer", "show", "another-portal")["grants"]
    assert (grant["fields"], grant["purposes"]) == (["title", "updatedAt"], ["TAXES:filing-vat"])
