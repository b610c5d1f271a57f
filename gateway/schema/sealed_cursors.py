"""Cursors that hold more than a caller may read: enciphered, for one list of one subject and consumer."""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.schema.paging import no_cursor

LONGEST_CURSOR = 100_000
"""Characters; one holds a producer's own cursor for each producer that a page was about."""


class SealedCursors:
    """Writes and reads the cursors of one list.

    Nobody else can work out the key: the subject's pseudonym, which leaves the gateway in no form, must be in
    `scope`. The same place has the same cursor (AES-SIV), and what was not written here is refused.
    """

    def __init__(self, scope: tuple[str, ...]) -> None:
        self._scope = scope

    @cached_property
    def _cipher(self) -> AESSIV:
        """Made when the first cursor is asked for: most answers have none."""
        return AESSIV(hashlib.sha512("\0".join(self._scope).encode()).digest())

    def sealed(self, place: bytes) -> str:
        """The cursor for `place`."""
        return base64.urlsafe_b64encode(self._cipher.encrypt(place, None)).rstrip(b"=").decode()

    def unsealed(self, cursor: str) -> bytes:
        """The place of `cursor`. Raises ValueError for what is no cursor of this list."""
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        try:
            return self._cipher.decrypt(base64.b64decode(padded, altchars=b"-_", validate=True), None)
        except InvalidTag as exc:
            raise ValueError from exc

    def opened(self, cursor: str, argument: str) -> bytes:
        """The place of `cursor`. Raises BadUserInput, naming `argument`, for what is no cursor of this list."""
        try:
            return self.unsealed(cursor)
        except ValueError:
            raise no_cursor(argument) from None
