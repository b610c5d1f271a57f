"""What the tests of identity share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.issuer import Issuer


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    """An issuer of one test alone: its keys rotate, and its JWKS goes missing."""
    return Issuer(tmp_path)
