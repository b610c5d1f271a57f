"""The pseudonym keys as the database knows them: which there are, in which order, and which is current. Never a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class KeyState(Enum):
    """What becomes of a pseudonym key, in this order."""

    ADDED = "added"
    """It is brought to every replica. Nothing is stored under it yet."""
    CURRENT = "current"
    """What is new is stored under it."""
    FORMER = "former"
    """Another is current. Case groups may still be stored under it, and records are."""
    RETIRED = "retired"
    """No case group is stored under it any more."""


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key by its id and its place in the chain, from 1. Who holds a key can tell by `check` that it is this one."""

    id: str
    number: int
    check: str
    state: KeyState
    added_at: datetime
    revision: int = 1


def current_of(keys: Sequence[RegisteredKey]) -> RegisteredKey | None:
    """The current key among all that are registered, or None.

    For a moment of a change two say so: one is made current first, then the other former. The later one counts.
    """
    return max((key for key in keys if key.state is KeyState.CURRENT), key=lambda key: key.number, default=None)
