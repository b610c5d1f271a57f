"""Finds identity numbers in whatever bytes, in every spelling that anybody is likely to leave one in."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

APART = 40
"""Bytes that may stand between the two parts of a number that is split: `"born": "900315", "last": "2390"`."""

Encoding = Callable[[str], str | bytes]
ENCODINGS: dict[str, Encoding] = {
    "hexadecimal": lambda text: text.encode().hex(),
    "percent-encoded": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    **{
        f"{name} in hexadecimal": (lambda text, name=name: hashlib.new(name, text.encode()).hexdigest())  # type: ignore[misc]
        for name in ("md5", "sha1", "sha256", "sha512")
    },
    **{
        f"{name} as it is": (lambda text, name=name: hashlib.new(name, text.encode()).digest())  # type: ignore[misc]
        for name in ("md5", "sha1", "sha256", "sha512")
    },
    "sha256 in base64": lambda text: base64.b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"="),
    "sha256 in base64url": lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"="),
}
IN_SMALL = {name for name in ENCODINGS if "hexadecimal" in name or "percent" in name}
"""Spellings of which the letters may be small or capital."""

WIDTHS = {"an integer": "<q", "a double": "<d"}


@dataclass(frozen=True)
class Found:
    """A number in some place: which spelling, and what stands around it."""

    spelling: str
    around: str


class Scanner:
    """Looks for the numbers that it is made with, each of 12 digits."""

    def __init__(self, *numbers: str) -> None:
        self._digits = [(number[2:8].encode(), re.compile(_apart(number), re.DOTALL)) for number in numbers]
        self._encoded = [found for number in numbers for found in _encoded(number)]

    def found(self, data: bytes | str) -> list[Found]:
        """The numbers in `data`: each spelling of each, once."""
        data = data.encode() if isinstance(data, str) else data
        in_small = data.lower()
        places = [
            ("digits", match.start())
            for date, pattern in self._digits
            if date in data and (match := pattern.search(data)) is not None
        ]
        for spelling, encoded in self._encoded:
            place = in_small.find(encoded) if spelling in IN_SMALL else data.find(encoded)
            if place >= 0:
                places.append((spelling, place))
        return [Found(spelling, repr(data[max(place - APART, 0) : place + 2 * APART])) for spelling, place in places]


def forms(number: str) -> tuple[str, ...]:
    """How a number of 12 digits is written: with the century or without, and with a sign before the last four."""
    return tuple(f"{date}{sign}{number[8:]}" for date in (number[:8], number[2:8]) for sign in ("", "-", "+", " "))


def _apart(number: str) -> bytes:
    """Ten digits or twelve, in one piece or apart: by a sign, encoded or not, or in two fields."""
    return number[2:8].encode() + rb"(?:\D{0,%d}|%%2[0BDbd]|&#\d\d;)" % APART + number[8:].encode() + rb"(?!\d)"


def _encoded(number: str) -> Iterator[tuple[str, bytes]]:
    for form in forms(number):
        for one in set(_in_base64(form)):
            yield "base64", one
        for name, encoding in ENCODINGS.items():
            encoded = encoding(form)
            yield name, encoded.encode() if isinstance(encoded, str) else encoded
    for name, width in WIDTHS.items():
        for digits in (number, number[2:]):
            yield name, struct.pack(width, int(digits))


def _in_base64(text: str) -> Iterator[bytes]:
    """What base64 of anything with `text` in it has in common, wherever in groups of three bytes it begins."""
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + text.encode())
        known = len(text) + offset - (len(text) + offset) % 3
        # The characters that only bytes of the text have a part in.
        yield whole[-(-offset * 8 // 6) : known * 8 // 6]
