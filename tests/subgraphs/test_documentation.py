"""What `docs/producers.md` shows works as written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import GraphQLError, build_schema, parse, validate

from subgraphs.reference.cases import load_cases
from tests.docs.console import run_all
from tests.subgraphs.processes import POLICE_AUTHORITY, ROOT, Producer

PAGE = ROOT / "docs" / "producers.md"


IN_NODE = "Start yours from the one in Node"
CONNECT = "### Connect the fourth"


def section(heading: str) -> str:
    """The part of the page under that heading."""
    return PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(language: str, text: str | None = None) -> list[str]:
    """The contents of the fenced blocks in that language, in order: of the whole page unless a part is given."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text or PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)


def lines_of(*blocks_: str) -> list[str]:
    """The lines of blocks, one after another."""
    return [line for block in blocks_ for line in block.splitlines()]


@pytest.mark.timeout(60)
def test_the_commands_work_one_after_another() -> None:
    without_node = PAGE.read_text().replace(section(IN_NODE), "")
    before, after = without_node.split(f"\n{CONNECT}\n")  # that part: tests/administration/test_running_gateway.py
    _, _, rest = after.partition("\n###")

    output = run_all(lines_of(*blocks("console", before), *blocks("console", rest)))

    assert '{"status":"ok"}' in output
    assert '"reference": "SKV-2026-99999",\n                "status": null' in output
    assert '"caseType": "MOMS"' in output
    assert "type CaseStatus" in output
    assert "HTTP/1.1 401 Unauthorized" in output
    assert "water_agency [OPTIONS]" in output


@pytest.mark.timeout(120)
def test_a_producer_copied_from_the_one_in_node_says_what_the_page_shows() -> None:
    POLICE_AUTHORITY.program.is_there()
    copying, asking, _ = blocks("console", section(IN_NODE))  # the last: tests/docs/test_in_node.py
    (cases,) = blocks("js", section(IN_NODE))

    help_ = run_all(lines_of(copying))
    (ROOT / "build" / "heritage" / "node_producer" / "cases.js").write_text(cases)
    output = run_all(lines_of(asking))

    assert "The heritage board, for demonstration" in help_
    assert "https://heritage-board.demo.example" in help_
    assert "producer=heritage-board" in output
    assert '"title": "The application has been received"' in output
    assert '"reference": "RAA-2026-9999",\n                "status": null' in output


def test_the_page_names_every_file_of_the_producer_in_node() -> None:
    told = set(re.findall(r"`(\w+\.js(?:on)?)`", section(IN_NODE)))
    there = {path.name for path in (ROOT / "subgraphs" / "node_producer").glob("*.js*")}

    assert there - told == {"package.json", "package-lock.json"}
    assert told <= there


@pytest.mark.asyncio
async def test_the_queries_fit_the_schema_of_a_producer(producer: Producer) -> None:
    answer = await producer.ask("{ _service { sdl } }")
    schema = build_schema(answer.body["data"]["_service"]["sdl"], assume_valid_sdl=True)

    problems: list[GraphQLError] = []
    for query in blocks("graphql"):
        problems += validate(schema, parse(query))

    assert len(blocks("graphql")) == 2
    assert problems == []


def test_the_json_parses() -> None:
    assert [json.loads(block) for block in blocks("json")]


def test_the_fourth_producer_starts_from_what_the_page_shows(tmp_path: Path) -> None:
    (code,), (data,) = blocks("python"), blocks("toml")
    package = tmp_path / "water_agency"
    package.mkdir()
    (package / "__main__.py").write_text(code)
    (package / "cases.toml").write_text(data)

    book = load_cases(package / "cases.toml")
    ended = subprocess.run(
        [sys.executable, "-m", "water_agency", "--help"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert [case.reference for case in book.cases] == ["VA-2026-0001"]
    assert "https://water-agency.demo.example" in ended.stdout


def test_the_page_names_every_claim_and_outcome() -> None:
    page = PAGE.read_text()
    outcomes = (
        "PRODUCER_TIMEOUT",
        "PRODUCER_UNAVAILABLE",
        "PRODUCER_FAULT",
        "PRODUCER_REFUSED",
        "NO_STATUS",
        "DEADLINE_EXCEEDED",
    )
    claims = ("iss", "aud", "sub", "act.sub", "client_id", "purpose", "scope", "jti", "iat", "exp")

    assert [outcome for outcome in outcomes if f"| `{outcome}` |" not in page] == []
    assert [claim for claim in claims if f"`{claim}`" not in page] == []
