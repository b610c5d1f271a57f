"""Child processes: started on a leash, their output passed on line by line, watched, and stopped for certain."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.development import leash
from gateway.development.errors import DevelopmentError
from gateway.development.readiness import Probe

READY_TIMEOUT = 30.0
"""Seconds a child has to become ready."""

LAST_LINES = 5
"""How many of a child's last output lines are kept, to be shown when it dies."""

_POLL = 0.05
_CHUNK = 65_536
_LONGEST_LINE = 65_536
_LAST_OUTPUT = 0.5

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """What to run, and how to see that it is ready and ask it to stop."""

    name: str
    """As a sentence about it begins."""
    label: str
    """As its output is marked: short."""
    colour: str
    command: Sequence[str]
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of this process."""
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 1.0
    """Seconds it has to end after the stop signal, before it is killed."""


class Child:
    """One running program, in a session of its own and dead when this process is (see `leash`)."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process, on_line: OnLine) -> None:
        self.program = program
        self._process = process
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._on_line = on_line
        self._output = asyncio.create_task(self._pass_on_output())

    @classmethod
    async def start(cls, program: Program, on_line: OnLine) -> Child:
        """Start `program`; `on_line` gets every line of its output, both streams, without the line end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", leash.__file__, str(os.getpid())),
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **program.environment},
            start_new_session=True,
        )
        return cls(program, process, on_line)

    @property
    def pid(self) -> int:
        """The process id, which is also its process group and session."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended, as far as is known here."""
        return self._process.returncode is None

    @property
    def last_lines(self) -> tuple[str, ...]:
        """What it wrote last, oldest first."""
        return tuple(self._last_lines)

    async def ended(self) -> str:
        """How it ended, once it has and its output was passed on: `ended with exit code 1`, `was killed by SIGKILL`."""
        code = await self._process.wait()
        with suppress(TimeoutError):  # something it started may hold the pipe open
            await asyncio.wait_for(asyncio.shield(self._output), _LAST_OUTPUT)
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    async def until_ready(self, seconds: float = READY_TIMEOUT) -> bool:
        """True once it is ready, False if it ends before that.

        Raises DevelopmentError when it is not ready after `seconds`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.running:
                    if await self.program.ready():
                        return True
                    await asyncio.sleep(_POLL)
                return False
        raise DevelopmentError(f"{self.program.name} was not ready after {seconds:g} seconds.", self.last_lines)

    async def stop(self) -> None:
        """Ask it to end and wait; after `patience` seconds kill it, with all that it started in its session."""
        if self.running:
            with suppress(ProcessLookupError):
                self._process.send_signal(self.program.stop_signal)
            try:
                await asyncio.wait_for(self._process.wait(), self.program.patience)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
        await self.ended()
        self._output.cancel()

    async def _pass_on_output(self) -> None:
        assert self._process.stdout is not None
        pending = b""
        while chunk := await self._process.stdout.read(_CHUNK):
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) > _LONGEST_LINE:
                lines, pending = [*lines, pending], b""
            for line in lines:
                self._pass_on(line)
        if pending:
            self._pass_on(pending)

    def _pass_on(self, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip("\r")
        self._last_lines.append(line)
        self._on_line(line)


def beside_python(name: str) -> Path | None:
    """The program `name` that is installed with this Python (in its virtual environment), or None."""
    program = Path(sys.executable).parent / name
    return program if os.access(program, os.X_OK) else None
