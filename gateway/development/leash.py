"""Becomes another program that cannot outlive its parent: `python -I -S leash.py PARENT_PID PROGRAM ARGUMENT...`.

The children of `gateway dev` run in sessions of their own, so that Ctrl-C reaches the supervisor alone and it can stop
them in order. The price is that nobody would stop them if the supervisor itself were killed. On Linux the kernel does:
PR_SET_PDEATHSIG is kept across exec. It has to be set in the child, between fork and exec; a small program of its own
does that safely, where `preexec_fn` runs Python in a forked copy of a process that has threads. Elsewhere there is no
such thing, and a supervisor that is killed with SIGKILL leaves its children behind.

Run by its path, with nothing but the standard library and no site packages: it costs some 15 ms.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
CANNOT_EXECUTE = 127  # what a shell would answer


def main(parent: int, command: list[str]) -> None:
    """Become `command`; never returns. Ends with 127 and a sentence when it cannot be executed."""
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):  # ignored: by a shell's `&`, and by this Python
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above: nobody is left to work for
            sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as exc:
        sys.stderr.write(f"{command[0]} cannot be executed: {exc.strerror}\n")
        sys.exit(CANNOT_EXECUTE)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
