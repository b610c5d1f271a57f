"""What the tests of the schema share."""

from __future__ import annotations

import os

import pytest

from tests.conftest import required
from tests.schema.federation import PROGRAMS


@pytest.fixture
def node() -> str:
    """The path of Node, with Apollo's programs installed; without them the test is skipped, and in CI fails."""
    path = required("node", "Apollo's composition and gateway are written in JavaScript.")
    if not (PROGRAMS / "node_modules" / "@apollo" / "gateway").is_dir():
        missing = "Apollo's composition and gateway are not installed: npm ci --prefix tests/schema/composition"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
