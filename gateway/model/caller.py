"""Who is asking, and for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

ConsumerId = NewType("ConsumerId", str)


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The keyed pseudonym a subject is stored under (DESIGN §5): never the number itself."""

    digest: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """What an access token says: consumer, subject and, for a representative, who acts.

    `actors` are those who act for the subject (RFC 8693 §4.1), the one who acts now first and at most three; empty when
    the subject acts itself. Identity numbers are kept out of `repr`, so that no log or traceback shows them.
    """

    consumer: ConsumerId
    subject: str = field(repr=False)
    subject_key: SubjectKey
    actors: tuple[str, ...] = field(repr=False)
    scopes: frozenset[str]

    @property
    def actor(self) -> str | None:
        """Who acts now; None when it is the subject itself."""
        return self.actors[0] if self.actors else None
