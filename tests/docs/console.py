"""Runs the commands of a page as its reader would: one after another, in one shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

TOP = Path(__file__).parents[2]


def run_all(lines: Sequence[str]) -> str:
    """What the commands write, each a line after `$ `. Each of them must succeed, within 50 seconds in all."""
    assert [line for line in lines if not line.startswith("$ ")] == []
    script = "\n".join(["set -euo pipefail", *(line.removeprefix("$ ") for line in lines)])
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=TOP,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output, complaints = shell.communicate(timeout=50)
        finally:
            # Where a command failed, what was started in the background is still there.
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)

    assert shell.returncode == 0, complaints
    return output
