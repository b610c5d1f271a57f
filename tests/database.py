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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.development import leash

GIVEN = "GATEWAY_MONGODB_URI"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
ANNOUNCEMENT = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


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
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(_command(directory / "data", auth, port), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield f"mongodb://127.0.0.1:{_announced_port(process, log)}/?directConnection=true"
    finally:
        _stop(process)


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
