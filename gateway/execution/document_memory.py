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
        """How much. It may change, and is weighed anew then."""
        ...


T = TypeVar("T", bound=Sized)


class DocumentMemory(Generic[T]):
    """Remembers documents by their text, of `most` characters in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_kept = most * KEPT_PERCENT // 100
        self._new: _Segment[T] = _Segment()
        self._kept: _Segment[T] = _Segment()

    @property
    def characters(self) -> int:
        """How many characters of documents are remembered."""
        return self._new.characters + self._kept.characters

    def get(self, text: str) -> T | None:
        """The document, if it is remembered; it has been used then."""
        document = self._kept.use(text)
        if document is None:
            document = self._new.take(text)
            if document is not None:
                self._kept.add(text, document)
                self._make_room()
        return document

    def put(self, text: str, document: T) -> None:
        """Remembers one that is not remembered, in the place of those that were seen once and longest ago."""
        self._new.add(text, document)
        self._make_room()

    def weigh(self, text: str) -> None:
        """Sees how much room a document takes by now, if it is remembered."""
        if self._kept.weigh(text) or self._new.weigh(text):
            self._make_room()

    def _make_room(self) -> None:
        while self._kept.characters > self._most_kept:
            # The one unused for longest is on probation again.
            self._new.add(*self._kept.take_oldest())
        while self.characters > self._most:
            self._new.take_oldest()


class _Segment(Generic[T]):
    """Documents in the order of their use."""

    def __init__(self) -> None:
        self.characters = 0
        self._weighed: OrderedDict[str, tuple[T, int]] = OrderedDict()
        """With the characters that each had when it was weighed last."""

    def add(self, text: str, document: T) -> None:
        characters = document.characters
        self._weighed[text] = document, characters
        self.characters += characters

    def use(self, text: str) -> T | None:
        weighed = self._weighed.get(text)
        if weighed is None:
            return None
        self._weighed.move_to_end(text)
        return weighed[0]

    def take(self, text: str) -> T | None:
        weighed = self._weighed.pop(text, None)
        if weighed is None:
            return None
        document, characters = weighed
        self.characters -= characters
        return document

    def take_oldest(self) -> tuple[str, T]:
        text, (document, characters) = self._weighed.popitem(last=False)
        self.characters -= characters
        return text, document

    def weigh(self, text: str) -> bool:
        """Whether it is here."""
        weighed = self._weighed.get(text)
        if weighed is None:
            return False
        document, before = weighed
        characters = document.characters
        self._weighed[text] = document, characters
        self.characters += characters - before
        return True
