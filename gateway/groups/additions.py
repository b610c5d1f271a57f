"""The rules for adding cases to a group: every problem is found, with the place in the input it is at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

from gateway.errors import UserErrorCode, UserProblem
from gateway.groups.moments import this_moment
from gateway.groups.refusals import unknown_producer
from gateway.groups.wording import NOTE, reference_problems
from gateway.model.caller import ConsumerId
from gateway.model.case_group import CaseKey, NewCase
from gateway.model.producer import Producer, ProducerId
from gateway.model.purpose import Purpose
from gateway.model.text import Text

FindProducer = Callable[[ProducerId], Producer | None]
"""Finds a producer that is connected."""

FindRefuted = Callable[[Sequence[NewCase], Purpose], Awaitable[Collection[CaseKey]]]
"""Finds those of the cases, to be added to a group of this purpose, that their producers say are not as they are said
to be. Whom a producer cannot be asked about is not among them: its being away keeps nobody from adding a case."""


def addition_problems(
    additions: Sequence[NewCase],
    present: Collection[CaseKey],
    find_producer: FindProducer,
    consumer: ConsumerId,
    most: int,
) -> Iterator[UserProblem]:
    """What is wrong with `consumer` adding `additions` to a group that holds `present` and may hold `most` cases."""
    if len(present) + len(additions) > most:
        yield UserProblem(
            UserErrorCode.LIMIT_EXCEEDED,
            Text(
                sv=f"En ärendegrupp rymmer högst {most} ärenden; den skulle få {len(present) + len(additions)}.",
                en=f"A case group holds at most {most} cases; it would have {len(present) + len(additions)}.",
            ),
            ("input", "cases"),
        )
        return
    seen = set(present)
    for index, case in enumerate(additions):
        field = ("input", "cases", str(index))
        yield from reference_problems(case.key.reference, (*field, "reference"))
        if case.note is not None:
            yield from NOTE.problems(case.note, (*field, "note"))
        yield from _producer_problems(case, find_producer, consumer, field)
        if case.key in seen:
            yield UserProblem(
                UserErrorCode.ALREADY_EXISTS,
                Text(sv="Ärendet finns redan i gruppen.", en="The case is in the group already."),
                field,
            )
        seen.add(case.key)


async def confirmation_problems(
    additions: Sequence[NewCase], purpose: Purpose, find_refuted: FindRefuted
) -> list[UserProblem]:
    """What the producers say is wrong with `additions`, in which nothing else is.

    A case's type decides which grants hold for it: one that is said to be of another type must not get past here where
    it can be known. Whether there is no such case or it is of another type is not told.
    """
    refuted = await find_refuted(additions, purpose) if additions else ()
    return [
        UserProblem(
            UserErrorCode.CASE_NOT_CONFIRMED,
            Text(
                sv="Myndigheten har inget sådant ärende av den här typen.",
                en="The authority has no such case of this kind.",
            ),
            ("input", "cases", str(index)),
        )
        for index, case in enumerate(additions)
        if case.key in refuted
    ]


def _producer_problems(
    case: NewCase, find_producer: FindProducer, consumer: ConsumerId, field: tuple[str, ...]
) -> Iterator[UserProblem]:
    producer = find_producer(case.key.producer)
    if producer is None:
        yield unknown_producer((*field, "producer"))
        return
    if not producer.is_open_to(consumer, case.case_type, this_moment()):
        yield UserProblem(
            UserErrorCode.CASE_TYPE_NOT_OPEN,
            Text(
                sv="Myndigheten erbjuder inte ärenden av den här typen här ännu.",
                en="The authority does not offer cases of this kind here yet.",
            ),
            (*field, "caseType"),
        )
