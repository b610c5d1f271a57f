"""The GraphQL-over-HTTP specification, as the audit suite of the npm package graphql-http reads it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.conftest import required
from tests.gateway import Gateway

SUITE = Path(__file__).parent / "audit"
AUDITS = 61
"""How many the pinned version of the suite has: one that is left out would not be seen otherwise."""


@pytest.fixture
def node() -> str:
    """The path of Node, with the suite installed; without them the test is skipped, and in CI fails."""
    path = required("node", "the audit suite of graphql-http is written in JavaScript.")
    if not (SUITE / "node_modules").is_dir():
        missing = "The audit suite is not installed: npm ci --prefix tests/http/audit"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


async def test_every_audit_of_graphql_over_http_is_passed(gateway: Gateway, node: str) -> None:
    # In a process of its own, awaited: the gateway runs in this event loop.
    process = await asyncio.create_subprocess_exec(
        node,
        "audits.mjs",
        cwd=SUITE,
        env={**os.environ, "AUDIT_URL": f"{gateway.url}/graphql", "AUDIT_TOKEN": gateway.token_for()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await process.communicate()

    assert process.returncode == 0, problems.decode()
    outcomes = json.loads(output)
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []
    assert len(outcomes) == AUDITS
