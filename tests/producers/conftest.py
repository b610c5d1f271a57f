"""What the gateway logged, as in the tests of its edge."""

from __future__ import annotations

from tests.http.conftest import logged

__all__ = ["logged"]
