"""Fixtures for the tests of `gateway dev`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.development.supervised import Addresses, Supervised, supervised

FAKE_GATEWAY_DEV = Path(__file__).with_name("fake_gateway_dev.py")

StartStack = Callable[..., Supervised]


@pytest.fixture
def addresses(tmp_path: Path) -> Addresses:
    """Free ports and a folder for one stack."""
    return Addresses.free(tmp_path / "development")


@pytest.fixture
def start_stack(addresses: Addresses, tmp_path: Path) -> Iterator[StartStack]:
    """Starts `gateway dev` with fake producers and a fake gateway, which are given the options; gone after the test."""
    with ExitStack() as stacks:

        def start(*options: str, at: Addresses = addresses) -> Supervised:
            log = tmp_path / f"stack-{len(list(tmp_path.glob('stack-*')))}.log"
            run: AbstractContextManager[Supervised] = supervised(
                [sys.executable, str(FAKE_GATEWAY_DEV), *options], at, log
            )
            return stacks.enter_context(run)

        yield start
