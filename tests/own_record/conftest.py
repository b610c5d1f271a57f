"""What the tests of the end user's own record share."""

from __future__ import annotations

import pytest

from tests.gateway import Gateway
from tests.own_record.records import Record


@pytest.fixture
def record(gateway: Gateway) -> Record:
    """The record of the running gateway."""
    return Record(gateway)
