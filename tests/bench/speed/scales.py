"""How much is measured: all of it, or what tells within two minutes whether something has become slower."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Rounds and seconds of a round for the table, and for everything else; which numbers of what."""

    name: str
    subjects: int
    warm_up: float
    rounds: int
    seconds: float
    other_rounds: int
    other_seconds: float
    other_answers: int
    """Of a round, at least, if they have 20 statuses."""
    connections: tuple[int, ...]
    cases: tuple[int, ...]
    shares_seconds: float
    refusals: int
    """Of each bad input."""
    rest_seconds: float
    """For which nobody asks before memory is looked at a last time."""


FULL = Scale(
    name="full",
    subjects=4_000,
    warm_up=4.0,
    rounds=10,
    seconds=2.0,
    other_rounds=3,
    other_seconds=1.0,
    other_answers=60,
    connections=(1, 4, 16, 32, 64),
    cases=(1, 5, 20, 100, 1_000, 10_000),
    shares_seconds=20.0,
    refusals=20,
    rest_seconds=10.0,
)
QUICK = Scale(
    name="quick",
    subjects=2_000,
    warm_up=1.0,
    rounds=3,
    seconds=1.0,
    other_rounds=1,
    other_seconds=0.4,
    other_answers=40,
    connections=(1, 64),
    cases=(1, 20, 100, 1_000),
    shares_seconds=5.0,
    refusals=3,
    rest_seconds=1.0,
)
