"""The MongoDB shell that the tests run: the npm package, installed in this folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SHELL = Path(__file__).parent / "node_modules" / "mongosh" / "bin" / "mongosh.js"
MISSING = "needs Node 20 or newer and the MongoDB shell: npm ci --prefix tests/mongo_init"


def shell_is_installed() -> None:
    """Skips the test where the shell is not installed; in CI that is a failure."""
    if shutil.which("node") is None or not SHELL.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
