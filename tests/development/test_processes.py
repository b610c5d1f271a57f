"""One child process: its output, how it ended, and that it can always be stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.development.errors import DevelopmentError
from gateway.development.processes import Child, Program
from gateway.development.readiness import Probe
from tests.development.supervised import Running, survivors

pytestmark = pytest.mark.asyncio


class Started:
    """A child that runs a few lines of Python, and the lines it has written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.child: Child

    async def start(self, script: str, ready: Probe, patience: float = 5.0) -> Child:
        """Run `script`."""
        program = Program(
            "The child", "child", "red", [sys.executable, "-c", script], ready, {"GIVEN": "å"}, patience=patience
        )
        self.child = await Child.start(program, self.lines.append)
        return self.child

    async def ready(self) -> bool:
        """Ready once it has written something."""
        return bool(self.lines)


@pytest_asyncio.fixture
async def run() -> AsyncIterator[Started]:
    """Starts one child, which is gone after the test."""
    started = Started()
    yield started
    await started.child.stop()


async def never() -> bool:
    """Never ready."""
    return False


async def test_every_line_of_both_streams_is_passed_on(run: Started) -> None:
    """Also a last one without an end, one longer than any buffer, and one that is not UTF-8."""
    child = await run.start(
        "import os, sys; print('one'); print('two', file=sys.stderr); print('x' * 200_000); "
        "sys.stdout.buffer.write(b'\\xe5\\n'); print(os.environ['GIVEN'], end='')",
        never,
    )

    assert await child.ended() == "ended with exit code 0"
    assert run.lines[:2] == ["one", "two"]
    assert "".join(run.lines[2:-2]) == "x" * 200_000
    assert run.lines[-2:] == ["\ufffd", "å"]
    assert len(child.last_lines) == 5


async def test_a_child_that_ends_before_it_is_ready_is_not_waited_for(run: Started) -> None:
    child = await run.start("raise SystemExit(3)", never)

    assert await child.until_ready() is False
    assert await child.ended() == "ended with exit code 3"


async def test_a_child_that_is_not_ready_in_time_is_told_with_its_last_lines(run: Started) -> None:
    child = await run.start("import time; print('thinking'); time.sleep(60)", never)

    with pytest.raises(DevelopmentError, match=r"The child was not ready after 0.5 seconds.") as raised:
        await child.until_ready(0.5)

    assert raised.value.last_lines == ("thinking",)


async def test_a_killed_child_names_its_signal(run: Started) -> None:
    child = await run.start("import time; print('here'); time.sleep(60)", run.ready)
    assert await child.until_ready()

    os.kill(child.pid, signal.SIGKILL)

    assert await child.ended() == "was killed by SIGKILL"


async def test_a_child_that_ignores_sigterm_is_killed_with_all_it_has_started(run: Started) -> None:
    """The grandchild holds the output open, which must not keep anyone waiting either."""
    child = await run.start(
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid); time.sleep(60)",
        run.ready,
        patience=0.2,
    )
    assert await child.until_ready()

    await child.stop()

    assert await child.ended() == "was killed by SIGKILL"
    grandchild = Running.of(int(run.lines[0]))
    assert grandchild is None or await asyncio.to_thread(survivors, [grandchild]) == []


async def test_children_do_not_inherit_ignored_signals(run: Started) -> None:
    """A shell's `&` ignores SIGINT, and the Python that lets go of the leash ignores SIGPIPE."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = await run.start(
            "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)", never
        )
        await child.ended()
    finally:
        signal.signal(signal.SIGINT, previous)

    assert run.lines == ["True"]


async def test_a_command_that_does_not_exist_is_a_sentence() -> None:
    lines: list[str] = []
    child = await Child.start(Program("It", "it", "red", ["/nowhere/server"], never), lines.append)

    assert await child.until_ready() is False
    assert await child.ended() == "ended with exit code 127"
    assert lines == ["/nowhere/server cannot be executed: No such file or directory"]
