"""What the gateway logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.types import EventDict


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """The log lines of the test's requests so far, before they are written, with what the request bound to them."""
    processors = [structlog.contextvars.merge_contextvars, _of_a_request]
    with structlog.testing.capture_logs(processors=processors) as lines:
        yield lines  # type: ignore[misc]


def _of_a_request(_: Any, __: str, line: EventDict) -> EventDict:
    """Leaves out what the gateway does beside its requests, whenever that is."""
    if line["event"].startswith(("registry.", "replica.")):
        raise structlog.DropEvent
    return line
