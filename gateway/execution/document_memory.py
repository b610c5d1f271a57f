"""Which documents are remembered: those in use, however many others pass by once.

Least recently used alone would let a flood of distinct documents push out the good ones. Here a document is on trial
first, and kept from its second use on (a segmented LRU): a flood of documents that are each seen once pushes out only
what was seen once.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

KEPT_PERCENT = 80
"""Of the characters, for documents that were used again; the rest is always there for new ones to prove themselves."""


class Sized(Protocol):
    """What can be remembered: it says how much room it takes."""

    @property
    def characters(self) -> int:
        """How much."""
        ...


T = TypeVar("T", bound=Sized)


class DocumentMemory(Generic[T]):
    """Remembers documents by their text, of `most` characters in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_kept = most * KEPT_PERCENT // 100
        self._new: OrderedDict[str, T] = OrderedDict()
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._new_characters = self._kept_characters = 0

    @property
    def characters(self) -> int:
        """How many characters of documents are remembered."""
        return self._new_characters + self._kept_characters

    def get(self, text: str) -> T | None:
        """The document, if it is remembered; it has been used then."""
        document = self._kept.get(text)
        if document is not None:
            self._kept.move_to_end(text)
            return document
        document = self._new.pop(text, None)
        if document is not None:
            self._new_characters -= document.characters
            self._keep(text, document)
        return document

    def put(self, text: str, document: T) -> None:
        """Remembers one that is not remembered, in the place of those that were seen once and longest ago."""
        self._new[text] = document
        self._new_characters += document.characters
        while self.characters > self._most:
            _, gone = self._new.popitem(last=False)
            self._new_characters -= gone.characters

    def _keep(self, text: str, document: T) -> None:
        self._kept[text] = document
        self._kept_characters += document.characters
        while self._kept_characters > self._most_kept:
            # The one unused for longest is on probation again.
            demoted_text, demoted = self._kept.popitem(last=False)
            self._kept_characters -= demoted.characters
            self._new[demoted_text] = demoted
            self._new_characters += demoted.characters
