"""The gateway is a Federation 2 subgraph: a portal can put it into a supergraph of its own (DESIGN §4)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.schema.schema import build_schema, printed
from tests.conftest import required

PROGRAM = Path(__file__).parent / "composition"

PORTAL = """
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { favourites: [CaseGroup!]! }
  type CaseGroup @key(fields: "id") { id: ID! colour: String }
"""


@pytest.fixture
def node() -> str:
    """The path of Node, with Apollo's composition installed; without them the test is skipped, and in CI fails."""
    path = required("node", "Apollo's composition is written in JavaScript.")
    if not (PROGRAM / "node_modules").is_dir():
        missing = "Apollo's composition is not installed: npm ci --prefix tests/schema/composition"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def composed(node: str, **subgraphs: str) -> Any:
    process = subprocess.run(
        [node, "compose.mjs"],
        cwd=PROGRAM,
        input=json.dumps(subgraphs),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_a_portal_can_put_the_gateway_into_a_supergraph(node: str) -> None:
    answer = composed(node, gateway=printed(build_schema()), portal=PORTAL)

    assert answer["errors"] == []
    assert "caseGroups(" in answer["supergraph"]
    assert '@requiresScopes(scopes: [["case-groups:read"]])' in answer["supergraph"]


def test_a_portal_that_contradicts_the_gateway_is_told(node: str) -> None:
    contradiction = PORTAL.replace("colour: String", "colour: String title: Int")

    answer = composed(node, gateway=printed(build_schema()), portal=contradiction)

    assert any("CaseGroup.title" in error for error in answer["errors"])
