"""Rules for the short texts that end users write and the codes that callers send with a group."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import UserErrorCode, UserProblem
from gateway.model.text import Text

FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format characters, surrogates, private and unassigned ones, line and paragraph separators.

Among the format characters are those with which a text can be made to read as another (Unicode's Bidi_Control).
"""

JOINERS = frozenset("\u200c\u200d")
"""Format characters that some languages, and emoji, are written with."""

BLANK = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters to Unicode, nothing to the eye: the Hangul fillers."""

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
        elif not any(map(_is_visible, value)):
            yield UserProblem(
                UserErrorCode.INVALID,
                Text(sv=f"{self.name.sv} är tom för ögat.", en=f"{self.name.en} has nothing to see in it."),
                field,
            )
        forbidden = next((character for character in value if self._forbids(character)), None)
        if forbidden is not None:
            yield UserProblem(
                UserErrorCode.INVALID,
                Text(
                    sv=f"{self.name.sv} får inte innehålla osynliga tecken; U+{ord(forbidden):04X} är ett.",
                    en=f"{self.name.en} must not hold control or bidirectional characters; "
                    f"U+{ord(forbidden):04X} is one.",
                ),
                field,
            )

    def _forbids(self, character: str) -> bool:
        if self.lines and character == "\n":
            return False
        return character not in JOINERS and unicodedata.category(character) in FORBIDDEN_CATEGORIES


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
    return unicodedata.normalize("NFC", text).strip()


def reference_problems(reference: str, field: tuple[str, ...]) -> Iterator[UserProblem]:
    """What is wrong with a producer's reference. It is the producer's own, so it is refused, never tidied."""
    yield from REFERENCE.problems(reference, field)
    if reference != reference.strip():
        yield UserProblem(
            UserErrorCode.INVALID,
            Text(
                sv="Referensen får inte börja eller sluta med blanktecken.",
                en="The reference must not begin or end with white space.",
            ),
            field,
        )


def _is_visible(character: str) -> bool:
    return character not in BLANK and unicodedata.category(character)[0] not in "CMZ"
