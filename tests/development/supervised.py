"""A `gateway dev` under test: a process of its own on free ports, watched, interrupted, and accounted for."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

BELOW_EPHEMERAL = range(15_000, 30_000)

PATIENCE = 40.0
"""Seconds to wait for something that takes one or two."""


@dataclass(frozen=True)
class Addresses:
    """Ports and a folder of its own for one stack. The ports were free a moment ago."""

    directory: Path
    gateway: int
    database: int
    producers: tuple[int, int, int]
    node_producer: int
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further settings, by the name of their environment variable."""

    @classmethod
    def free(cls, directory: Path) -> Addresses:
        """New ones; `directory` need not exist."""
        gateway, database, one, two, three, in_node = free_ports(6)
        return cls(directory, gateway, database, (one, two, three), in_node)

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.gateway}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make `gateway dev` use them, with the embedded database whatever this machine has."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        return {
            **inherited,
            "GATEWAY_PORT": str(self.gateway),
            "GATEWAY_DEV_DATABASE_PORT": str(self.database),
            "GATEWAY_DEV_PRODUCER_PORTS": json.dumps(self.producers),
            "GATEWAY_DEV_NODE_PRODUCER_PORT": str(self.node_producer),
            "GATEWAY_DEV_DIRECTORY": str(self.directory),
            **self.settings,
        }


@dataclass(frozen=True)
class Running:
    """A process by more than its id, which another may get once it has ended."""

    pid: int
    born: str
    command: str

    @classmethod
    def of(cls, pid: int) -> Running | None:
        """The process `pid`; None when there is none, or only its exit code is left to be read."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ").strip()
        except OSError:
            return None
        return None if stat[0] == "Z" else cls(pid, stat[19], command)

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        now = Running.of(self.pid)
        return now is not None and now.born == self.born


@dataclass
class Supervised:
    """One run of a command that supervises others, with its whole output in a file."""

    process: subprocess.Popen[bytes]
    log: Path
    seen: set[Running] = field(default_factory=set)
    """Every child that was ever looked at, to be accounted for in the end."""

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        """Return once its output has `text`; fail when it ends or takes too long before that."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output:
            assert self.process.poll() is None, f"ended with {self.process.returncode} before {text!r}:\n{self.output}"
            assert time.monotonic() < deadline, f"no {text!r} in\n{self.output}"
            time.sleep(0.02)

    def children(self) -> list[Running]:
        """Its child processes right now."""
        found = []
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == self.process.pid and (child := Running.of(int(directory.name))) is not None:
                found.append(child)
        self.seen.update(found)
        return found

    def child(self, part_of_command: str) -> Running:
        """The one child with this in its command line."""
        matching = [child for child in self.children() if part_of_command in child.command]
        assert len(matching) == 1, f"{part_of_command!r} is in {len(matching)} of {self.children()}"
        return matching[0]

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send a signal and wait for its end; how many seconds that took."""
        self.children()
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def left(self) -> list[Running]:
        """Its children that outlived it."""
        return survivors(self.seen)


def survivors(processes: Iterable[Running]) -> list[Running]:
    """Those still there after the moment that the kernel may take."""
    deadline = time.monotonic() + 2
    while (left := [process for process in processes if process.alive]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


@contextmanager
def supervised(command: Sequence[str], addresses: Addresses, log: Path) -> Iterator[Supervised]:
    """Run `command` in a session of its own; whatever happens, it and its children are gone afterwards."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=addresses.environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    run = Supervised(process, log)
    try:
        yield run
    finally:
        run.children()
        if process.poll() is None:
            process.kill()
        process.wait()
        for child in run.left():
            os.kill(child.pid, signal.SIGKILL)


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_ports(count: int, among: Sequence[int] = BELOW_EPHEMERAL) -> list[int]:
    """`count` different ports that nobody listens on, below those that the system hands out by itself to the tests
    running beside. Each is held until all are found, lest one be found twice."""
    free: list[int] = []
    with ExitStack() as held:
        while len(free) < count:
            port = random.choice(among)
            one = held.enter_context(socket.socket())
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                free.append(port)
    return free
