"""The keyed pseudonym that a subject is stored under: HMAC-SHA-256 (DESIGN §5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

from gateway.model.caller import SubjectKey

LEAST_KEY_BYTES = 32


class PseudonymKeyError(Exception):
    """The key file cannot be used; the message says why."""


class Pseudonyms:
    """Makes pseudonyms with one key."""

    def __init__(self, key: bytes, key_id: str) -> None:
        self._key = key
        self.key_id = key_id

    def of(self, subject: str) -> SubjectKey:
        """The subject's pseudonym: 43 characters of base64url, and the key's id."""
        digest = hmac.digest(self._key, subject.encode(), hashlib.sha256)
        return SubjectKey(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), self.key_id)


def read_pseudonyms(key_file: Path, key_id: str) -> Pseudonyms:
    """Pseudonyms under the key in `key_file`: base64 of at least 32 bytes.

    Raises PseudonymKeyError when the file cannot be read, is not base64 or is too short.
    """
    try:
        # Line breaks and all: `openssl rand -base64 64` writes two lines.
        key = base64.b64decode(b"".join(key_file.read_bytes().split()), validate=True)
    except OSError as exc:
        raise PseudonymKeyError(f"The pseudonym key file {key_file} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise PseudonymKeyError(f"The pseudonym key file {key_file} does not hold base64.") from exc
    if len(key) < LEAST_KEY_BYTES:
        raise PseudonymKeyError(
            f"The pseudonym key in {key_file} has {len(key)} bytes; it needs at least {LEAST_KEY_BYTES}."
        )
    return Pseudonyms(key, key_id)
