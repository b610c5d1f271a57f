"""The rules for adding cases to a group: every problem is found, with the place in the input it is at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from gateway.errors import UserErrorCode, UserProblem
from gateway.groups.refusals import unknown_producer
from gateway.groups.wording import NOTE, reference_problems
from gateway.model.case_group import CaseKey, NewCase
from gateway.model.producer import Producer, ProducerId
from gateway.model.text import Text

FindProducer = Callable[[ProducerId], Producer | None]
"""Finds a producer that is connected."""


def addition_problems(
    additions: Sequence[NewCase], present: Collection[CaseKey], find_producer: FindProducer, most: int
) -> Iterator[UserProblem]:
    """What is wrong with adding `additions` to a group that holds `present` and may hold `most` cases."""
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
        yield from _producer_problems(case, find_producer, field)
        if case.key in seen:
            yield UserProblem(
                UserErrorCode.ALREADY_EXISTS,
                Text(sv="Ärendet finns redan i gruppen.", en="The case is in the group already."),
                field,
            )
        seen.add(case.key)


def _producer_problems(case: NewCase, find_producer: FindProducer, field: tuple[str, ...]) -> Iterator[UserProblem]:
    producer = find_producer(case.key.producer)
    if producer is None:
        yield unknown_producer((*field, "producer"))
        return
    case_type = producer.case_type(case.case_type)
    if case_type is None or not case_type.open:
        yield UserProblem(
            UserErrorCode.CASE_TYPE_NOT_OPEN,
            Text(
                sv="Myndigheten erbjuder inte ärenden av den här typen här ännu.",
                en="The authority does not offer cases of this kind here yet.",
            ),
            (*field, "caseType"),
        )
