"""Replicas of the gateway over one database, each with a key file of its own, and the commands beside them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from gateway.app import create_app
from tests.gateway import Gateway, _Server, _settings
from tests.subgraphs.processes import ROOT

FIRST = b"0123456789abcdef0123456789abcdef"
"""The key that the tests' gateway has."""


def key_file(file: Path, *keys: tuple[str, bytes]) -> Path:
    """A file with these keys."""
    entries = [{"id": id_, "key": base64.b64encode(secret).decode()} for id_, secret in keys]
    file.write_text(json.dumps({"keys": entries}))
    file.chmod(0o600)
    return file


@asynccontextmanager
async def replica_of(gateway: Gateway, uri: str, folder: Path, keys: Path, **settings: Any) -> AsyncIterator[Gateway]:
    """Another replica over the database of `gateway`, with the keys in the file `keys`."""
    folder.mkdir()  # noqa: ASYNC240 - one folder, in a test
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        more = {"pseudonym_key_file": keys, **settings}
        app = create_app(_settings(uri, gateway.database.name, url, gateway.issuer, folder, more))
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            assert not serving.done(), "the replica ended while it started"
            await asyncio.sleep(0.005)
        try:
            yield replace(gateway, url=url)
        finally:
            server.should_exit = True
            await serving


@dataclass
class Commands:
    """`gateway …` as a process of its own, over a gateway's database and a key file."""

    uri: str
    database: str
    keys: Path

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """The process, running."""
        settings = {"MONGODB_URI": self.uri, "MONGODB_DATABASE": self.database, "PSEUDONYM_KEY_FILE": str(self.keys)}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *words),
            cwd=ROOT,
            env={**os.environ, **{f"GATEWAY_{name}": value for name, value in settings.items()}},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *words: str, stdin: str = "") -> str:
        """What it prints once it is done."""
        process = await self.start(*words)
        printed, complained = await process.communicate(stdin.encode())
        assert process.returncode == 0, complained.decode()
        return printed.decode()

    async def refused(self, *words: str, code: int = 1) -> Sequence[str]:
        """The sentences that it says and ends with `code`."""
        process = await self.start(*words)
        printed, complained = await process.communicate()
        assert (process.returncode, printed) == (code, b"")
        return complained.decode().splitlines()


async def health(gateway: Gateway) -> tuple[int, Any]:
    """The status of /health/ready, and its checks."""
    async with gateway.session.get(f"{gateway.url}/health/ready") as response:
        return response.status, (await response.json())["checks"]
