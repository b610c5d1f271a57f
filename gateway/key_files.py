"""Files with private keys: read only where nobody else can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_BYTES = 65_536
"""No key of ours has as many: what has is another file, and is not read whole."""

ROOT = 0


class KeyFileError(Exception):
    """The key file cannot be used; the message says why and what would be right, and nothing of what it holds."""


def read_key_file(path: Path, what: str) -> bytes:
    """The content of the key file at `path`; `what` names it for people, such as "The pseudonym key file".

    The file must be one that its owner alone can read. One that root owns may also be read by a group of ours, since
    that is how container platforms hand a secret to a process without rights. Raises KeyFileError.
    """
    try:
        # Opened once, so that what is checked is what is read; not waited for, should it be a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileError(f"{what} {path} is not a file; name the file itself.")
            if others := _others_who_read(status):
                raise KeyFileError(
                    f"{what} {path} is open to {others}, so its key may be known already. "
                    f"It must be its owner's alone: chmod 600 {path}"
                )
            content = os.read(descriptor, MOST_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as exc:
        raise KeyFileError(f"{what} {path} cannot be read: {exc.strerror}.") from exc
    if len(content) > MOST_BYTES:
        raise KeyFileError(f"{what} {path} is larger than {MOST_BYTES} bytes; no key is.")
    return content


def _others_who_read(status: os.stat_result) -> str | None:
    """Who beside its owner can read or change the file; None when nobody can."""
    handed_over = status.st_uid == ROOT and os.geteuid() != ROOT
    mode = status.st_mode & ~(stat.S_IRGRP if handed_over else 0)
    if mode & stat.S_IRWXO:
        return "everybody on this machine"
    return "its group" if mode & stat.S_IRWXG else None
