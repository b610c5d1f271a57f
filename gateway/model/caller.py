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
    """What an access token says: consumer, subject and, for a representative, the actor.

    Identity numbers are kept out of `repr`, so that no log or traceback shows them.
    """

    consumer: ConsumerId
    subject: str = field(repr=False)
    subject_key: SubjectKey
    actor: str | None = field(repr=False)
    scopes: frozenset[str]
