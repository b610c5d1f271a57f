"""Case groups and the cases in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NewType

from gateway.model.caller import ConsumerId
from gateway.model.producer import ProducerId
from gateway.model.purpose import InformationArea, Purpose

GroupId = NewType("GroupId", str)


class CaseKey(NamedTuple):
    """Which case: a producer and the producer's own reference."""

    producer: ProducerId
    reference: str


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it is asked to be added."""

    key: CaseKey
    case_type: str
    note: str | None
    note_is_private: bool = False


class Case(NamedTuple):
    """A reference to a case that a producer holds. `number` is its place in the group, never used again.

    A private note is shown to the group's owner alone. Like its key it is a tuple: a group has up to a thousand, they
    are read for every request, and a frozen dataclass takes three times as long to make.
    """

    number: int
    key: CaseKey
    case_type: str
    note: str | None
    added_at: datetime
    note_is_private: bool = False


@dataclass(frozen=True, slots=True)
class ReadPermission:
    """The end user's leave for another consumer to read a group, until a moment (*fri ingångsrätt*).

    Narrowed to cases of `producers` and to the status fields `fields` (GRANTABLE_FIELDS), unless they are None.
    """

    consumer: ConsumerId
    permitted_at: datetime
    valid_until: datetime
    producers: frozenset[ProducerId] | None
    fields: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class TransferOffer:
    """A group offered by its owner to another consumer; with it go the read permissions, or not."""

    to: ConsumerId
    keep_read_permissions: bool
    offered_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """A collection of cases that make up one situation of one end user. `revision` grows by one with each change."""

    id: GroupId
    owner: ConsumerId
    title: str
    purpose: Purpose
    cases: tuple[Case, ...]
    next_case_number: int
    revision: int
    created_at: datetime
    updated_at: datetime
    retain_until: datetime
    read_permissions: tuple[ReadPermission, ...] = ()
    transfer: TransferOffer | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The key of a creation, and the fingerprint of the input it came with."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class CaseGroupFilter:
    """Which groups a list shows; None means any."""

    information_area: InformationArea | None = None
    event: str | None = None
    producer: ProducerId | None = None
    lapsing_before: datetime | None = None
