"""The rules for a read permission: for one named consumer, until a day not far away, narrowed if the end user likes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import UserErrorCode, UserProblem
from gateway.groups.moments import in_milliseconds, months_later
from gateway.groups.refusals import unknown_consumer, unknown_producer
from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseGroup, ReadPermission
from gateway.model.producer import ProducerId
from gateway.model.status import GRANTABLE_FIELDS
from gateway.model.text import Text
from gateway.store.registry import Registry

MOST_PRODUCERS = 100
"""That one permission can be narrowed to."""

LONGEST_MONTHS = 13
"""A year, and a month to be asked again in."""


@dataclass(frozen=True, slots=True)
class NewPermission:
    """A read permission as it is asked for; None in `producers` and `fields` stands for all."""

    consumer: ConsumerId
    valid_until: datetime
    producers: Sequence[ProducerId] | None
    fields: Sequence[str] | None

    def at(self, moment: datetime) -> ReadPermission:
        """The permission, given at `moment`."""
        return ReadPermission(
            consumer=self.consumer,
            permitted_at=moment,
            valid_until=in_milliseconds(self.valid_until),
            producers=None if self.producers is None else frozenset(self.producers),
            fields=None if self.fields is None else frozenset(self.fields),
        )


def permission_problems(
    new: NewPermission, owner: ConsumerId, registry: Registry, moment: datetime
) -> Iterator[UserProblem]:
    """What is wrong with `owner` giving the permission at `moment`."""
    yield from other_consumer_problems(new.consumer, owner, registry, ("input", "consumer"))
    last = months_later(moment, LONGEST_MONTHS)
    if not moment < in_milliseconds(new.valid_until) <= last:
        said = last.isoformat(timespec="seconds").replace("+00:00", "Z")
        yield UserProblem(
            UserErrorCode.INVALID,
            Text(
                sv=f"Slutdatumet ska ligga i framtiden, högst {LONGEST_MONTHS} månader bort: senast {said}.",
                en=f"The end date must be in the future and at most {LONGEST_MONTHS} months away: by {said}.",
            ),
            ("input", "validUntil"),
        )
    yield from _producer_problems(new.producers, registry)
    yield from _field_problems(new.fields)


def other_consumer_problems(
    consumer: ConsumerId, owner: ConsumerId, registry: Registry, field: tuple[str, ...]
) -> Iterator[UserProblem]:
    """What is wrong with `consumer`, named at `field`: it must be connected, and another than `owner`."""
    if consumer == owner:
        yield UserProblem(
            UserErrorCode.INVALID,
            Text(
                sv="Ärendegruppen hör redan till den här tjänsten. Välj en annan.",
                en="The case group belongs to this service already. Choose another.",
            ),
            field,
        )
    elif registry.connected_consumer(consumer) is None:
        yield unknown_consumer(field)


def room_problems(group: CaseGroup, most: int) -> Iterator[UserProblem]:
    """What is wrong with as many read permissions as `group` has."""
    if len(group.read_permissions) > most:
        yield UserProblem(
            UserErrorCode.LIMIT_EXCEEDED,
            Text(
                sv=f"Högst {most} andra tjänster kan få läsa en ärendegrupp.",
                en=f"At most {most} other services can be let read a case group.",
            ),
            ("input", "consumer"),
        )


def _producer_problems(producers: Sequence[ProducerId] | None, registry: Registry) -> Iterator[UserProblem]:
    if producers is None:
        return
    if not producers:
        yield _nothing_left("producers")
    if len(producers) > MOST_PRODUCERS:
        yield _too_many("producers", MOST_PRODUCERS)
        return
    for index, producer in enumerate(producers):
        if registry.connected_producer(producer) is None:
            yield unknown_producer(("input", "producers", str(index)))


def _field_problems(fields: Sequence[str] | None) -> Iterator[UserProblem]:
    if fields is None:
        return
    if not fields:
        yield _nothing_left("fields")
    if len(fields) > len(GRANTABLE_FIELDS):
        yield _too_many("fields", len(GRANTABLE_FIELDS))
        return
    for index, name in enumerate(fields):
        if name not in GRANTABLE_FIELDS:
            right = ", ".join(GRANTABLE_FIELDS)
            yield UserProblem(
                UserErrorCode.INVALID,
                Text(
                    sv=f"En ärendestatus har inget sådant fält. Fälten är {right}.",
                    en=f"A case status has no such field. The fields are {right}.",
                ),
                ("input", "fields", str(index)),
            )


def _nothing_left(name: str) -> UserProblem:
    return UserProblem(
        UserErrorCode.INVALID,
        Text(
            sv="Ange minst en, eller utelämna listan för att visa allt.",
            en="Name at least one, or leave the list out to show everything.",
        ),
        ("input", name),
    )


def _too_many(field: str, most: int) -> UserProblem:
    return UserProblem(
        UserErrorCode.LIMIT_EXCEEDED,
        Text(sv=f"Ange högst {most}.", en=f"Name at most {most}."),
        ("input", field),
    )
