"""Text for people, in the languages the gateway speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["sv", "en"]
DEFAULT_LANGUAGE: Language = "sv"


@dataclass(frozen=True, slots=True)
class Text:
    """The same text in Swedish and English."""

    sv: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in `language`."""
        return self.sv if language == "sv" else self.en
