"""What the tests of case groups share."""

from __future__ import annotations

from tests.groups.parties import parties

__all__ = ["parties"]
