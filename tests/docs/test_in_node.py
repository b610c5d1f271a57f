"""The producer in Node becomes one of a running gateway's by the commands of docs/producers.md, and nothing else."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.model.global_id import global_id
from tests.docs.demonstration import TAKES_EFFECT_WITHIN
from tests.docs.pages import TOP, page
from tests.gateway import BUSINESS, CREATE, Gateway
from tests.http.waiting import until
from tests.issuer import COMPANY
from tests.subgraphs.processes import POLICE_AUTHORITY, running

ENDPOINT = "http://127.0.0.1:8104/graphql"
"""Where the page has it: where `make run` starts it."""

STATUSES = """
  query Statuses($id: ID!) {
    caseGroup(id: $id) {
      cases {
        edges {
          node {
            reference
            status {
              ... on CaseStatus { title language updatedAt }
              ... on StatusUnavailable { reason }
            }
          }
        }
      }
    }
  }
"""


async def test_its_cases_are_readable_seconds_after_it_was_connected(
    gateway: Gateway, database_uri: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    environment = {
        "GATEWAY_MONGODB_URI": database_uri,
        "GATEWAY_MONGODB_DATABASE": gateway.database.name,
        "GATEWAY_ASSERTION_KEY_FILE": str(tmp_path / "assertion.jwk"),
        "GATEWAY_PUBLIC_URL": gateway.url,
    }
    with running(POLICE_AUTHORITY.program, log, "--gateway", gateway.url) as (_, url):
        for command in commands():
            await run([url if word == ENDPOINT else word for word in shlex.split(command)], environment)
        connected = time.monotonic()
        group = await a_group_with_its_cases(gateway)
        nodes = await statuses_once_granted(gateway, group)
        seconds = time.monotonic() - connected
        # The line of a request comes just after its answer.
        await until(lambda: "request_id=in-node-x" in log.read_text())

    assert [node["reference"] for node in nodes] == list(POLICE_AUTHORITY.references)
    assert all(node["status"].get("title") and node["status"]["language"] == "en" for node in nodes), nodes
    assert all(datetime.fromisoformat(node["status"]["updatedAt"]) for node in nodes)
    assert seconds < TAKES_EFFECT_WITHIN
    (line,) = [line for line in log.read_text().splitlines() if "request_id=in-node-x" in line]
    assert "cases=2" in line
    assert "consumer=business-portal" in line
    assert COMPANY not in log.read_text()


def commands() -> list[str]:
    """The commands of the page that connect it."""
    lines = [line.removeprefix("$ ") for block in page("docs/producers.md").blocks("console") for line in block.lines]
    found = [line for line in lines if line.startswith("gateway ") and POLICE_AUTHORITY.producer in line]
    assert len(found) == 1
    assert ENDPOINT in found[0]
    return found


async def run(words: list[str], environment: dict[str, str]) -> None:
    """Run a command of the gateway, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *words),
        cwd=TOP,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def statuses_once_granted(gateway: Gateway, group: str) -> list[dict[str, Any]]:
    """The group's cases, when the gateway knows of the grant or the time is up."""
    deadline = time.monotonic() + TAKES_EFFECT_WITHIN
    while True:
        answer = await gateway.query(
            STATUSES, id=group, token=gateway.token_for(COMPANY), language="en", request_id="in-node-x"
        )
        nodes = [edge["node"] for edge in answer.data["caseGroup"]["cases"]["edges"]]
        if all("title" in node["status"] for node in nodes) or time.monotonic() > deadline:
            return nodes
        await asyncio.sleep(0.1)


async def a_group_with_its_cases(gateway: Gateway) -> str:
    """The id of a group with the producer's cases, made as soon as the gateway knows the producer."""
    producer = global_id("Producer", POLICE_AUTHORITY.producer)
    cases = [
        {"producer": producer, "caseType": "PLATSTILLSTAND", "reference": reference}
        for reference in POLICE_AUTHORITY.references
    ]
    created = {"title": "Torget", "purpose": BUSINESS, "cases": cases}
    deadline = time.monotonic() + TAKES_EFFECT_WITHIN
    while True:
        answer = await gateway.query(CREATE, input=created, token=gateway.token_for(COMPANY))
        payload = answer.data["createCaseGroup"]
        if payload["caseGroup"] is not None:
            return str(payload["caseGroup"]["id"])
        assert time.monotonic() < deadline, payload["userErrors"]
        await asyncio.sleep(0.1)


def test_the_page_names_its_cases() -> None:
    text = page("docs/producers.md").text

    assert [case for case in POLICE_AUTHORITY.references if f"`{case}`" not in text] == []
