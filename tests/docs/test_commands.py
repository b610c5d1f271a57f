"""Every command in the documentation exists, and those that ask the gateway are run."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gateway.cli import app
from tests.conftest import required
from tests.docs.pages import PAGES, TOP
from tests.gateway import Gateway
from tests.issuer import COMPANY

RUN_ELSEWHERE = {
    "docs/producers.md": "tests/subgraphs/test_documentation.py",
    "docs/kundhandelse.md": "tests/kundhandelse/test_documentation.py",
    "docs/authorization.md": "tests/docs/test_authorization.py",
}
BASE_URL = "http://127.0.0.1:8000"
TOKEN_COMMAND = re.compile(r"TOKEN=\$\((.+)\)")

CASES = [
    pytest.param(line, id=f"{page_.name}: {line[:50]}")
    for page_ in PAGES
    if page_.name not in RUN_ELSEWHERE
    for block in page_.blocks("console")
    for line in block.lines
]


def test_pages_that_are_run_elsewhere_are() -> None:
    for page_, test in RUN_ELSEWHERE.items():
        assert Path(page_).name in (TOP / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("line", CASES)
async def test_every_command_works(demo: Gateway, line: str) -> None:
    assert line.startswith("$ "), "a console block holds commands alone"
    command = line.removeprefix("$ ")
    token = TOKEN_COMMAND.fullmatch(command)
    words = shlex.split(token[1] if token else command)

    match Path(words[0]).name:
        case "make":
            assert is_a_target(words[1])
        case "gateway":
            assert_is_a_command(words[1:])
        case "curl":
            await asyncio.to_thread(assert_answers, command, demo.url, demo.token_for(COMPANY))
        case other:
            pytest.fail(f"{other}: this test does not know how to check it")


def test_every_make_target_that_a_page_names_exists() -> None:
    missing = [
        (page_.name, target)
        for page_ in PAGES
        for target in re.findall(r"`make ([a-z-]+)`", page_.prose)
        if not is_a_target(target)
    ]

    assert missing == []


def is_a_target(name: str) -> bool:
    """Whether the Makefile has the target."""
    return re.search(rf"^{re.escape(name)}:", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE) is not None


def assert_is_a_command(words: list[str]) -> None:
    """The gateway's command line has this command, with these options."""
    command: Any = get_command(app)
    names = iter(words)
    while subcommands := getattr(command, "commands", None):
        name = next(names, None)
        assert name in subcommands
        command = subcommands[name]
    known = {name for parameter in command.params for name in parameter.opts}

    assert {word.partition("=")[0] for word in names if re.match("-.", word)} <= known


def assert_answers(command: str, url: str, token: str) -> None:
    """A curl command whose answer has no errors."""
    required("curl", "the documentation's commands cannot be run")
    assert BASE_URL in command
    answered = subprocess.run(
        ["bash", "-euc", command.replace(BASE_URL, url)],
        env={**os.environ, "TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    answer = json.loads(answered.stdout)
    assert "errors" not in answer, answer["errors"]
    assert answer["data"]
