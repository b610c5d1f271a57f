"""What was measured, and on what."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.speed import cores, peers
from tests.bench.speed.servers import has_peers

PACKAGES = (
    "strawberry-graphql",
    "graphql-core",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "aiohttp",
    "pymongo",
    "orjson",
    "joserfc",
    "cryptography",
)


def about(scale: str) -> dict[str, Any]:
    """When, on which machine, how busy that was beforehand, and with which versions."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "scale": scale,
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "server_core": cores.SERVER,
            "other_cores": sorted(cores.REST),
            "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
            "system": f"{platform.system()} {platform.release()}",
            "load_average": [round(one, 2) for one in os.getloadavg()],
        },
        "versions": {
            # One version is built in several ways, and how it is built tells in the figures: whose build it is.
            "python": f"{platform.python_version()} ({os.path.realpath(sys.executable)})",
            **{name: version(name) for name in PACKAGES},
            **({"node": _node(), **peers.versions()} if has_peers() else {}),
        },
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _node() -> str:
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
