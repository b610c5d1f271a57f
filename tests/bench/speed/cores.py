"""Which core is whose: each server has one to itself, and all that works for it the others."""

from __future__ import annotations

import os
from pathlib import Path

AVAILABLE = sorted(os.sched_getaffinity(0))
SERVER = AVAILABLE[-1]
"""The measured server's: the last one, since what the system itself does is done on the first most often."""

REST = set(AVAILABLE[:-1]) or {SERVER}
"""The load's, the producers', the group subgraph's and the database's."""

IS_SHARED = len(AVAILABLE) == 1
"""There is one core alone: servers and load take it from each other, and no figure means much."""


def take_the_rest() -> None:
    """Keeps this process, and all that it starts from now on, from the measured server's core."""
    os.sched_setaffinity(0, REST)


def take_the_servers() -> None:
    """Keeps this process on the measured server's core."""
    os.sched_setaffinity(0, {SERVER})


def cpu_seconds(pids: list[int]) -> float:
    """The CPU time that these processes have used so far, all of their threads together."""
    tasks = (task for pid in pids for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def resident_mib(pids: list[int]) -> float:
    """The resident memory of these processes in MiB."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def most_resident_mib(pids: list[int]) -> float:
    """The most resident memory that these processes ever had, in MiB."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return round(sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**10, 1)


def with_descendants(pid: int) -> list[int]:
    """The process and all that it and its children have started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in with_descendants(int(child)))]
