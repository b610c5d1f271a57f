"""How what is agreed came to be: every change of a record with who made it, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.model.consumer import Consumer
from gateway.model.grant import Grant
from gateway.model.producer import Producer


@dataclass(frozen=True, slots=True)
class Cause:
    """Who makes a change, when and why."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change that was made: what was done, and the fields it set, as they are stored."""

    cause: Cause
    action: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KeptConsumer:
    """A consumer with its history, the oldest change first. `revision` grows by one with each change."""

    consumer: Consumer
    revision: int
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class KeptProducer:
    """A producer with its history, likewise."""

    producer: Producer
    revision: int
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class KeptGrant:
    """A grant with its history, likewise; `withdrawn_at` is when it was withdrawn, if it was."""

    grant: Grant
    withdrawn_at: datetime | None
    revision: int
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a consumer is to be told of: `kind` of event, by another consumer, about one of its case groups."""

    kind: str
    group: str
    by: str
    at: datetime
