"""Whether the addresses that the stack needs can be had, and who has them if not."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.development.errors import DevelopmentError
from gateway.settings import PREFIX, is_loopback

PATIENCE = 1.0
"""Seconds a port may still be taken: the last one to use it may have been killed a moment ago."""

_PAUSE = 0.1
_LISTENING = "0A"


@dataclass(frozen=True)
class Listener:
    """One address that something will listen on, and the setting that changes it."""

    name: str
    host: str
    port: int
    setting: str


def require_loopback(host: str) -> None:
    """Make sure that the gateway's `host` is a loopback one. Raises DevelopmentError."""
    if not is_loopback(host):
        raise DevelopmentError(
            f"`gateway dev` hands out tokens, so it listens on loopback alone; {PREFIX}HOST is {host!r}. "
            "Leave it unset, or use `gateway serve`."
        )


async def claim(listeners: Sequence[Listener]) -> None:
    """Make sure that every address can be listened on; all that cannot are told together.

    Raises DevelopmentError naming the port, who has it as far as can be told, and the setting that changes it.
    """
    problems = _named_twice(listeners)
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not problems:
        failures = [(listener, failure) for listener in listeners if (failure := _failure(listener)) is not None]
        if not failures:
            return
        if asyncio.get_running_loop().time() >= deadline:
            problems = [_sentence(listener, failure) for listener, failure in failures]
        await asyncio.sleep(_PAUSE)
    raise DevelopmentError("\n".join(problems))


def _named_twice(listeners: Sequence[Listener]) -> list[str]:
    first: dict[int, Listener] = {}
    problems = []
    for listener in listeners:
        other = first.setdefault(listener.port, listener)
        if other is not listener:
            problems.append(
                f"Port {listener.port} is given to both {other.name} and {listener.name}. "
                f"Change {' or '.join(sorted({other.setting, listener.setting}))}."
            )
    return problems


def _failure(listener: Listener) -> OSError | None:
    """Why the address cannot be listened on, or None. Tried the way servers do it: with SO_REUSEADDR."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            listener.host, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
            attempt.listen(1)
    except OSError as exc:
        return exc
    return None


def _sentence(listener: Listener, failure: OSError) -> str:
    change = f"or choose another port for {listener.name} in {listener.setting}"
    match failure.errno:
        case errno.EADDRINUSE:
            user = _user_of(listener.port)
            return f"Port {listener.port} is in use{f' by {user}' if user else ''}. Stop that, {change}."
        case errno.EACCES:
            return f"Port {listener.port} needs rights you do not have. Get them, {change}."
        case _:
            problem = f"Listening on {listener.host}, port {listener.port}, is not possible ({failure.strerror})."
            return f"{problem} See {PREFIX}HOST and {listener.setting}."


def _user_of(port: int) -> str | None:
    """Who listens on `port`, e.g. `python3 -m http.server (process 4711)`; None where /proc does not tell."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(file.readlink()) in sockets for file in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                return f"{' '.join(words).strip()[:80]} (process {process.name})"
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(columns[9])
    return inodes
