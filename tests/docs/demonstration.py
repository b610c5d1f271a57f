"""What a page shows, done: its commands, its questions, and what the producers' own logs say of them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.docs.examples import Example, comparable
from tests.docs.pages import TOP
from tests.gateway import Gateway

TAKES_EFFECT_WITHIN = 5.0
"""Seconds until a change of the registry holds on every replica: what the pages promise."""

LEFT_OUT = "…"
"""Stands in a page for lines of an output that it leaves out."""

MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ| \d\d:\d\d UTC)")
NEW_ID = re.compile(r"\b(?!6900000000)[0-9a-f]{24}\b")
"""The demo's own records have ids that stay."""

LOGGED = re.compile(r"^ *([\w-]+) │ \d\d:\d\d:\d\d \[info *\] answered (.*)$")


Line = tuple[str, dict[str, str]]
"""A line of a producer's log: whose it is, and what it says but for the time and the milliseconds."""


@dataclass
class Demonstration:
    """The demo, and what was done with it. `logs` are the producers', by the names that `gateway dev` gives them."""

    gateway: Gateway
    database_uri: str
    logs: dict[str, Path]
    output: str = ""
    request_ids: list[str] = field(default_factory=list)
    """Of the questions since the log was last looked at."""

    async def run(self, command: str) -> None:
        """Runs a command of the gateway, which must succeed, as somebody named kim."""
        program, *words = shlex.split(command)
        assert program == "gateway", command
        environment = {
            **os.environ,
            "GATEWAY_MONGODB_URI": self.database_uri,
            "GATEWAY_MONGODB_DATABASE": self.gateway.database.name,
            "LOGNAME": "kim",
        }
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "gateway", *words],
            cwd=TOP,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert (ended.returncode, ended.stderr) == (0, ""), command
        self.output = ended.stdout

    async def ask(self, example: Example) -> None:
        """Asks, and asks again while a change may still be on its way, until the answer is the page's."""
        expected = _in_any_order(comparable(example.answer))
        deadline = time.monotonic() + TAKES_EFFECT_WITHIN
        while True:
            request_id = f"docs-{uuid.uuid4().hex[:8]}-x"
            answered = await example.asked(self.gateway, request_id=request_id)
            answer = _in_any_order(comparable(answered.json))
            if answer == expected or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        assert answer == expected, example.query
        self.request_ids.append(request_id)

    async def logged(self) -> list[Line]:
        """What the producers logged of the questions since last asked."""
        asked, self.request_ids = self.request_ids, []
        # The line of a request comes just after its answer.
        await asyncio.sleep(0.3)
        lines = [
            said
            for label, log in self.logs.items()
            for line in log.read_text(encoding="utf-8").splitlines()
            if (said := _said(f"{label} │ {line}")) is not None and said[1].get("request_id") in asked
        ]
        return _comparable(sorted(lines, key=lambda line: asked.index(line[1]["request_id"])))


def shown_log(text: str) -> list[Line]:
    """The producers' lines in a block of a page.

    A line that is too long for the page goes on below, indented and without a name.
    """
    joined = re.sub(r"\n +(?! |[\w-]+ │)", " ", text).splitlines()
    lines = [_said(line) for line in joined]
    assert None not in lines, text
    return _comparable([line for line in lines if line is not None])


def _comparable(lines: list[Line]) -> list[Line]:
    """Lines by question, in its place in their order, and producer: these take their turns as they come.

    A request's id is replaced by the number of the question.
    """
    ids = list(dict.fromkeys(said["request_id"] for _, said in lines))
    numbered = [(label, {**said, "request_id": str(ids.index(said["request_id"]))}) for label, said in lines]
    return sorted(numbered, key=lambda line: (line[1]["request_id"], line[0]))


def assert_shows(shown: str, output: str) -> None:
    """The output has the lines shown, in their order and with none between them but where `…` stands.

    Spaces and rules count for nothing, and moments and new ids are alike.
    """
    wanted, have = _lines(shown), _lines(output)
    position, anywhere = 0, False
    for line in wanted:
        if line == LEFT_OUT:
            anywhere = True
            continue
        assert line in have[position:] if anywhere else [line] == have[position : position + 1], (
            f"not there: {line!r}; there is:\n{output}"
        )
        position = have.index(line, position) + 1
        anywhere = False
    assert anywhere or position == len(have), f"left out: {have[position:]}"


def _in_any_order(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer with its errors sorted: they come as the producers' answers do."""
    return {**answer, **({"errors": sorted(answer["errors"], key=json.dumps)} if "errors" in answer else {})}


def _lines(text: str) -> list[str]:
    plain = NEW_ID.sub("ID", MOMENT.sub("MOMENT", text)).replace("─", " ")
    return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]


def _said(line: str) -> Line | None:
    """Which producer logged an answered request, and what of it; None for another line."""
    match = LOGGED.match(line)
    if match is None:
        return None
    said = dict(word.split("=", 1) for word in shlex.split(match[2]))
    del said["ms"]
    return match[1], said
