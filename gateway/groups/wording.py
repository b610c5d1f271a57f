"""Rules for the short texts that end users write and the codes that callers send with a group."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import UserErrorCode, UserProblem
from gateway.model.text import Text

BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's Bidi_Control characters, with which a text can be made to read as another."""

FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control characters, surrogates, private and unassigned characters, line and paragraph separators."""

EVENT_CODE = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Wording:
    """What one text may be: its names for people and its least and greatest length in characters."""

    name: Text
    shortest: int
    longest: int
    lines: bool = False

    def problems(self, value: str, field: tuple[str, ...]) -> Iterator[UserProblem]:
        """What is wrong with `value`, which stands at `field` of the input."""
        if not self.shortest <= len(value) <= self.longest:
            yield UserProblem(
                UserErrorCode.INVALID,
                Text(
                    sv=f"{self.name.sv} ska ha {self.shortest}–{self.longest} tecken; den har {len(value)}.",
                    en=f"{self.name.en} must have {self.shortest} to {self.longest} characters; it has {len(value)}.",
                ),
                field,
            )
        forbidden = next((character for character in value if self._forbids(character)), None)
        if forbidden is not None:
            yield UserProblem(
                UserErrorCode.INVALID,
                Text(
                    sv=f"{self.name.sv} får inte innehålla styrtecken; tecknet U+{ord(forbidden):04X} är ett.",
                    en=f"{self.name.en} must not hold control or bidirectional characters; "
                    f"U+{ord(forbidden):04X} is one.",
                ),
                field,
            )

    def _forbids(self, character: str) -> bool:
        if self.lines and character == "\n":
            return False
        return character in BIDIRECTIONAL or unicodedata.category(character) in FORBIDDEN_CATEGORIES


TITLE = Wording(Text(sv="Titeln", en="The title"), shortest=1, longest=200)
NOTE = Wording(Text(sv="Anteckningen", en="The note"), shortest=1, longest=1000, lines=True)
REFERENCE = Wording(Text(sv="Referensen", en="The reference"), shortest=1, longest=100)
IDEMPOTENCY_KEY = Wording(Text(sv="Idempotensnyckeln", en="The idempotency key"), shortest=1, longest=100)


def event_problems(event: str | None, field: tuple[str, ...]) -> Iterator[UserProblem]:
    """What is wrong with a purpose's event code."""
    if event is not None and EVENT_CODE.fullmatch(event) is None:
        yield UserProblem(
            UserErrorCode.INVALID,
            Text(
                sv="Händelsen ska vara en kod med högst 64 tecken: små bokstäver a–z, siffror och bindestreck.",
                en="The event must be a code of at most 64 characters: lower-case a–z, digits and hyphens, "
                "such as starting-a-company.",
            ),
            field,
        )


def tidied(text: str) -> str:
    """`text` as it is stored: in Unicode's composed form (NFC), without white space around it."""
    return unicodedata.normalize("NFC", text).strip(" \t\n\u00a0")
