"""Files that a command writes: whole, or not at all, and never over another by mistake."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from gateway.administration.plans import Refused

PRIVATE_FILE = 0o600
PUBLIC_FILE = 0o644


class NewFile:
    """What is written in its context stands at `path` at the end; without a path, on standard output at once.

    Until then it stands beside, under another name; where the context is left by an exception, nothing is left. The
    file is for its owner alone, unless it is not `private`. Entering raises Refused when there is a file already
    (unless `force`); entering, writing and leaving raise it when it cannot be written.
    """

    def __init__(self, path: Path | None, *, force: bool = False, private: bool = True) -> None:
        self._path = path
        self._force = force
        self._mode = PRIVATE_FILE if private else PUBLIC_FILE
        self._beside: Path | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        if self._path.exists() and not self._force:
            raise Refused(self._is_there())
        self._beside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.part")
        try:
            descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode)
        except OSError as exc:
            raise Refused(f"{self._path} cannot be written: {exc.strerror}.") from exc
        self._file = os.fdopen(descriptor, "wb")
        return self

    def write(self, content: bytes) -> None:
        """Writes `content`."""
        try:
            if self._file is not None:
                self._file.write(content)
            else:
                sys.stdout.buffer.write(content)
                sys.stdout.buffer.flush()
        except BrokenPipeError as exc:
            # What is still held back must not be tried again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Refused("Nobody reads any more what is printed: it was not printed whole.") from exc
        except OSError as exc:
            raise Refused(self._cannot(exc)) from exc

    def sync(self) -> None:
        """Returns when what was written is on the disk, though not yet at its place."""
        try:
            if self._file is not None:
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as exc:
            raise Refused(self._cannot(exc)) from exc

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is None or self._beside is None or self._path is None:
            return
        try:
            if kind is None:
                self._put_in_place(self._file, self._beside, self._path)
        except FileExistsError as problem:
            raise Refused(self._is_there()) from problem
        except OSError as problem:
            raise Refused(self._cannot(problem)) from problem
        finally:
            # Closing writes what is still held back, which may fail as before.
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._beside.unlink(missing_ok=True)

    def _put_in_place(self, file: BinaryIO, beside: Path, path: Path) -> None:
        file.flush()
        os.fsync(file.fileno())
        if self._force:
            beside.replace(path)
        else:
            os.link(beside, path)  # unlike a rename, never over another

    def _is_there(self) -> str:
        return f"{self._path} is there already, and is not written over. Name a new file."

    def _cannot(self, problem: OSError) -> str:
        if self._path is None:
            return f"It could not be printed whole: {problem.strerror}."
        return f"{self._path} cannot be written: {problem.strerror}. Nothing of it is left."
