"""The database the tests run against: the embedded one, started for them, or the MongoDB that is given.

`GATEWAY_MONGODB_URI` set: that MongoDB is used and none is started. Every test takes a database name of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from gateway.development import leash
from gateway.store.definitions import load_definitions
from gateway.store.driver import Database, connect, open_database
from gateway.store.initialise import apply_collections

GIVEN = "GATEWAY_MONGODB_URI"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
ANNOUNCEMENT = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


@asynccontextmanager
async def initialised_database(uri: str, name: str) -> AsyncIterator[Database]:
    """The database `name` with its collections and indexes and nothing in them; gone at the end."""
    client = connect(uri, timeout=10)
    database = open_database(client, name)
    try:
        async for _ in apply_collections(database, load_definitions()):
            pass
        yield database
    finally:
        await client.drop_database(name)
        await client.close()


@contextmanager
def embedded_database(directory: Path, *, auth: bool = False, port: int = 0) -> Iterator[str]:
    """The address of a MongoDB, there until the end of the `with` block.

    The embedded database is a process of its own on 127.0.0.1, on `port` or a free one. It keeps its files in
    `directory`, so that one started there again has the same data and users. `auth`: it enforces users and roles.
    Raises RuntimeError, with what it printed, when it does not start within 30 seconds.
    """
    given = os.environ.get(GIVEN)
    if given is not None:
        yield given
        return
    database = EmbeddedDatabase(directory, auth=auth, port=port)
    try:
        database.start()
        yield database.uri
    finally:
        database.stop()


class EmbeddedDatabase:
    """The embedded database over the files in `directory`, which can be killed and started again: on the same port."""

    def __init__(self, directory: Path, *, auth: bool = False, port: int = 0) -> None:
        self.directory, self.port = directory, port
        self._auth = auth
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Its address, once it was started."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def start(self) -> None:
        """Returns when it listens. Raises RuntimeError, with what it printed, when it does not within 30 seconds."""
        self.directory.mkdir(parents=True, exist_ok=True)
        log = self.directory / "log.txt"
        command = _command(self.directory / "data", self._auth, self.port)
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        self.port = _announced_port(self._process, log)

    def kill(self) -> None:
        """Ends it with SIGKILL, whatever it is at, and returns when it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it, if it was started."""
        if self._process is not None:
            _stop(self._process)


def _command(storage: Path, auth: bool, port: int) -> list[str]:
    program = Path(sysconfig.get_path("scripts")) / "secantusd-rs"
    where = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(storage)]
    # The log files stay small, and the durability of `gateway dev` is kept: a test that kills it loses nothing.
    how = ["--sync-on-commit", "--log-file-max", "64MB", "--cache-size", "256M"]
    # On the leash it ends even when the test run is killed.
    leashed = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid())]
    return [*leashed, str(program), *where, *how, *(["--auth"] if auth else [])]


def _announced_port(process: subprocess.Popen[bytes], log: Path) -> int:
    give_up = time.monotonic() + START_TIMEOUT
    while time.monotonic() < give_up:
        printed = log.read_text(encoding="utf-8", errors="replace")
        if announced := ANNOUNCEMENT.search(printed):
            return int(announced[1])
        if process.poll() is not None:
            raise RuntimeError(f"the embedded database ended with code {process.returncode}:\n{printed}")
        time.sleep(0.02)
    raise RuntimeError(f"the embedded database did not start within {START_TIMEOUT:.0f} s:\n{printed}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
