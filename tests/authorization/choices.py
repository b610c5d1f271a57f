"""Random things made of a few bytes at once.

hypothesis takes a hundred times longer to draw choice by choice, and prefers the simple so much that the rare
combinations hardly come. It shrinks bytes as well as anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Chosen = TypeVar("Chosen")


class Choices:
    """Choices made by bytes; where they end, the first of everything is chosen."""

    def __init__(self, entropy: bytes) -> None:
        self._bytes = iter(entropy)

    def number(self, below: int) -> int:
        """A number from 0 on."""
        return next(self._bytes, 0) % below

    def one_of(self, things: Sequence[Chosen]) -> Chosen:
        """One of `things`."""
        return things[self.number(len(things))]

    def is_one_in(self, number: int) -> bool:
        """True once in `number` times, and never where the bytes have ended."""
        return self.number(number) == number - 1

    def some_of(self, things: Sequence[Chosen]) -> tuple[Chosen, ...]:
        """One of `things`, any number of them, or all."""
        how = self.number(4)
        if how == 0:
            return (self.one_of(things),)
        if how == 1:
            return tuple(things)
        return tuple(thing for thing in things if self.number(2)) or (self.one_of(things),)
