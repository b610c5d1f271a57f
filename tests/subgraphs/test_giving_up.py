"""Work that nobody waits for any more is given up; for Python: tests/kundhandelse/test_asking.py."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.subgraphs.gateway import Gateway
from tests.subgraphs.processes import POLICE_AUTHORITY, ROOT, Producer, Program, running

SLOW = """
export const LANGUAGES = ["sv", "en"];

export function statusOf(reference, { signal }) {
  return new Promise(() => signal.addEventListener("abort", () => console.log(`given up ${reference}`)));
}

export const casesOf = () => ({ page: [], hasMore: false });
"""


@pytest.fixture
def slow(gateway: Gateway, tmp_path: Path) -> Iterator[Producer]:
    """The producer in Node before a case system that never answers."""
    POLICE_AUTHORITY.program.is_there()
    original, copied = ROOT / "subgraphs" / "node_producer", tmp_path / "producer"
    shutil.copytree(original, copied, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(ROOT / "subgraphs" / "contract.graphql", tmp_path)
    (copied / "node_modules").symlink_to(original / "node_modules")
    (copied / "cases.js").write_text(SLOW)
    program = Program(("node", str(copied / "producer.js")))
    with running(program, tmp_path / "log", "--gateway", gateway.url) as (process, url):
        yield Producer(process, url, tmp_path / "log", POLICE_AUTHORITY, gateway)


@pytest.mark.asyncio
async def test_when_the_callers_time_is_over(slow: Producer) -> None:
    began = time.monotonic()

    answer = await slow.entities(["A"], "status { title }", request_timeout="200")

    assert time.monotonic() - began >= 0.2
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (504, "DEADLINE_EXCEEDED")
    assert await slow.logged("given up A")


@pytest.mark.asyncio
async def test_when_the_caller_hangs_up(slow: Producer) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slow.entities(["B"], "status { title }", request_timeout="60000"), 0.3)

    assert await slow.logged("given up B")
