"""Which Python types have values that are completed as they are."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from types import GeneratorType, NoneType

from graphql.pyutils import UndefinedType

_TELLING = (NoneType, UndefinedType, Exception, GeneratorType)
"""Null, a failure, or (a generator may be) something to be awaited."""

MOST_REMEMBERED = 1_000
"""A program has no more types than that, unless it makes them as it goes."""


class Kinds:
    """Remembers the types that were looked at, so that a column of values is judged by the set of their types."""

    def __init__(self) -> None:
        self._ordinary: set[type] = set()

    def are_ordinary(self, kinds: AbstractSet[type]) -> bool:
        """Whether no value of these types is null, an exception, awaitable, or iterated asynchronously."""
        if kinds <= self._ordinary:
            return True
        if any(map(is_telling, kinds)):
            return False
        if len(self._ordinary) >= MOST_REMEMBERED:
            self._ordinary.clear()
        self._ordinary |= kinds
        return True


def is_telling(kind: type) -> bool:
    """Whether a value of this type may be null, an exception, awaitable, or iterated asynchronously."""
    return issubclass(kind, _TELLING) or hasattr(kind, "__await__") or hasattr(kind, "__aiter__")
