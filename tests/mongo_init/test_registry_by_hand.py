"""The commands of docs/operations.md for a producer, pasted into the real MongoDB shell."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest

from gateway.model.connection import Environment
from gateway.model.producer import ProducerId
from gateway.store.definitions import load_definitions
from gateway.store.driver import Database
from gateway.store.initialise import initialise
from gateway.store.registry import Registry
from tests.mongo_init.shell import SHELL, shell_is_installed

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(autouse=True)
def shell() -> None:
    shell_is_installed()


async def test_the_pasted_commands_make_a_producer_that_the_gateway_reads(
    mongodb: str, database: Database, tmp_path: Path
) -> None:
    async for _ in initialise(database, load_definitions()):
        pass
    (commands,) = re.findall(r"```js\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "pasted.js"
    script.write_text(commands, encoding="utf-8")

    await asyncio.to_thread(_run_in_shell, script, mongodb.replace("/?", f"/{database.name}?"), tmp_path)

    registry = Registry(database, Environment.TEST)
    await registry.read()
    producer = registry.connected_producer(ProducerId("water-agency"))
    assert producer is not None
    assert [case_type.open for case_type in producer.case_types] == [True]


def _run_in_shell(script: Path, uri: str, home: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run(["node", SHELL, "--quiet", uri, script], env=environment, check=True, timeout=60)
