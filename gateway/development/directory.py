"""The folder that `gateway dev` keeps between starts: the embedded database and the development keys.

Keys are made once, whole or not at all (written beside, then renamed), and readable by the owner alone. One
`gateway dev` at a time uses a folder; the operating system takes the lock back when the process ends in any way.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey

from gateway.development.errors import DevelopmentError

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700
PSEUDONYM_KEY_BYTES = 32
PSEUDONYM_KEY_ID = "k1"
"""The name of a folder's pseudonym key. It goes with that key, whatever GATEWAY_PSEUDONYM_KEY_ID says of another."""


@dataclass(frozen=True)
class DevelopmentDirectory:
    """Where things are in the folder; `path` is absolute. Names only: nothing is read or made here."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> DevelopmentDirectory:
        """The folder at `path`, relative to the working directory if it is relative; it need not exist."""
        return cls(path.absolute())

    @property
    def database(self) -> Path:
        """The folder of the embedded database's files."""
        return self.path / "database"

    @property
    def issuer_key(self) -> Path:
        """The private JWK of the development token issuer."""
        return self.path / "issuer.jwk"

    @property
    def issuer_jwks(self) -> Path:
        """The public JWKS of the development token issuer."""
        return self.path / "issuer.jwks.json"

    @property
    def audience(self) -> Path:
        """The audience that the gateway last run with this folder accepts in access tokens."""
        return self.path / "audience"

    @property
    def assertion_key(self) -> Path:
        """The private JWK that signs the caller assertion to producers."""
        return self.path / "assertion.jwk"

    @property
    def record_key(self) -> Path:
        """The private JWK that seals the record."""
        return self.path / "record.jwk"

    @property
    def pseudonym_key(self) -> Path:
        """The key of the subjects' pseudonyms, base64. Without it the stored groups belong to nobody."""
        return self.path / "pseudonym.key"

    @property
    def lock(self) -> Path:
        """The file that a running `gateway dev` holds locked; it names its process."""
        return self.path / "lock"


@contextmanager
def occupied(path: Path) -> Iterator[DevelopmentDirectory]:
    """The folder at `path` for as long as the context lasts: made if need be, locked, and with every key in it.

    Raises DevelopmentError when it cannot be written, or when another `gateway dev` is using it.
    """
    directory = DevelopmentDirectory.at(path)
    lock: int | None = None
    try:
        try:
            directory.path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            lock = os.open(directory.lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
            _lock(lock, directory)
            directory.database.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
            _make_keys(directory)
        except OSError as exc:
            raise DevelopmentError(
                f"The folder {directory.path} cannot be used ({exc.strerror or exc}). "
                "Name one that you may write to in GATEWAY_DEV_DIRECTORY."
            ) from exc
        yield directory
    finally:
        if lock is not None:
            os.close(lock)


def is_occupied(path: Path) -> bool:
    """Whether a `gateway dev` is using the folder at `path` right now."""
    try:
        lock = os.open(DevelopmentDirectory.at(path).lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _lock(file: int, directory: DevelopmentDirectory) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.read(file, 20).decode(errors="replace").strip()
        raise DevelopmentError(
            f"`gateway dev` is already running in {directory.path}{f' (process {holder})' if holder else ''}. "
            "Stop that one first, or give this one a folder of its own in GATEWAY_DEV_DIRECTORY, and ports of its own."
        ) from exc
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())


def _make_keys(directory: DevelopmentDirectory) -> None:
    _write_once(directory.issuer_key, _new_signing_key)
    _write_once(directory.assertion_key, _new_signing_key)
    _write_once(directory.record_key, _new_signing_key)
    _write_once(directory.pseudonym_key, lambda: base64.b64encode(secrets.token_bytes(PSEUDONYM_KEY_BYTES)) + b"\n")


def _new_signing_key() -> bytes:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
    return json.dumps(key.as_dict(private=True), indent=2).encode() + b"\n"


def _write_once(path: Path, make: Callable[[], bytes]) -> None:
    if not path.exists():
        write_private(path, make())


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to `path`, readable by the owner alone; a crash leaves the old file or the new, never a half.

    Raises OSError.
    """
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.rename(path)
