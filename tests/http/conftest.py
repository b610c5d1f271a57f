"""What the gateway logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """The log lines of the test so far, before they are written, with what the request bound to them."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines  # type: ignore[misc]
