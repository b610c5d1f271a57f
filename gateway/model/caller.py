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


SubjectKeys = tuple[SubjectKey, ...]
"""One subject's pseudonyms, one for each known key: the current one first, then the others in the keys' order."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What an access token says: consumer, subject and, for a representative, who acts.

    `actors` are those who act for the subject (RFC 8693 §4.1), the one who acts now first and at most three; empty when
    the subject acts itself; `actor_keys` are their pseudonyms. Identity numbers are kept out of `repr`, so that no log
    or traceback shows them.

    What is new is stored under `subject_key`; what there is may be stored under any of `subject_keys`. `subject_id` is
    the pseudonym that stays whichever key is current, so that a cursor outlives the change. Without the two,
    `subject_key` is all there is.
    """

    consumer: ConsumerId
    subject: str = field(repr=False)
    subject_key: SubjectKey
    actors: tuple[str, ...] = field(repr=False)
    scopes: frozenset[str]
    actor_keys: tuple[str, ...] = ()
    subject_keys: SubjectKeys = ()
    subject_id: str = ""

    def __post_init__(self) -> None:
        if not self.subject_keys:
            object.__setattr__(self, "subject_keys", (self.subject_key,))
        if not self.subject_id:
            object.__setattr__(self, "subject_id", self.subject_key.digest)

    @property
    def actor(self) -> str | None:
        """Who acts now; None when it is the subject itself."""
        return self.actors[0] if self.actors else None
