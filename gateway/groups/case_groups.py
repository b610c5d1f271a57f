"""Changes to case groups: each is made whole in one write, or refused with every reason (DESIGN §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.errors import ChangeRefused, UserErrorCode, UserProblem
from gateway.groups.additions import FindProducer, FindRefuted, addition_problems, confirmation_problems
from gateway.groups.changes import GroupChanges, refuse_if
from gateway.groups.moments import this_moment
from gateway.groups.own_numbers import number_problems
from gateway.groups.standing import standing
from gateway.groups.wording import IDEMPOTENCY_KEY, TITLE, event_problems, tidied
from gateway.model.caller import Caller
from gateway.model.case_group import Case, CaseGroup, CaseKey, GroupId, IdempotencyKey, NewCase
from gateway.model.purpose import Purpose
from gateway.model.text import Text
from gateway.store.case_groups import new_group_id


@dataclass(frozen=True, slots=True)
class GroupCreation:
    """What a new group is to be."""

    title: str
    purpose: Purpose
    cases: Sequence[NewCase]
    idempotency_key: str | None


class CaseGroups:
    """The case groups of the gateway, under their rules.

    Every method raises ChangeRefused, and has stored nothing, when the change may not be made, and StoreUnavailable
    when MongoDB is out of reach. A caller changes the groups of its own consumer and subject; of others it learns
    nothing but that it may not change those it may read.
    """

    def __init__(self, changes: GroupChanges, find_producer: FindProducer) -> None:
        self._changes = changes
        self._store = changes.store
        self._find_producer = find_producer
        self._limits = changes.limits

    async def create(self, caller: Caller, creation: GroupCreation, find_refuted: FindRefuted) -> CaseGroup:
        """The new group or, where the idempotency key was used with the same input before, that first group."""
        creation = replace(creation, title=tidied(creation.title), cases=_tidied_notes(creation.cases))
        idempotency = _idempotency(creation)
        # First the key: a repeated request gets its first result, whatever has become of producers and limits since.
        if idempotency is not None and (first := await self._first_result(caller, idempotency)):
            return first
        refuse_if(
            [
                *TITLE.problems(creation.title, ("input", "title")),
                *event_problems(creation.purpose.event, ("input", "purpose", "event")),
                *number_problems(caller, [*_kept(creation), *_references(creation.cases)]),
                *addition_problems(
                    creation.cases, (), self._find_producer, caller.consumer, self._limits.cases_per_group
                ),
            ]
        )
        await self._changes.refuse_if_more_than(caller, self._limits.groups_per_subject - 1)
        refuse_if(await confirmation_problems(creation.cases, creation.purpose, find_refuted))
        now = this_moment()
        group = _with_cases(
            CaseGroup(
                id=new_group_id(),
                owner=caller.consumer,
                title=creation.title,
                purpose=creation.purpose,
                cases=(),
                next_case_number=1,
                revision=1,
                created_at=now,
                updated_at=now,
                retain_until=now + self._limits.retention,
            ),
            creation.cases,
        )
        if not await self._store.insert(caller.subject_key, group, idempotency):
            # Another request with the same key was stored in the meantime: its result is this one's too.
            if idempotency is not None and (first := await self._first_result(caller, idempotency)):
                return first
            raise ChangeRefused([_key_spent()])
        try:
            # Again, now that it is there: of many creations at once, none may pass the limit.
            await self._changes.refuse_if_more_than(caller, self._limits.groups_per_subject)
        except ChangeRefused:
            await self._store.delete(caller.subject_keys, caller.consumer, group.id, group.revision)
            raise
        return group

    async def rename(self, caller: Caller, id_: GroupId, expected_revision: int, title: str) -> CaseGroup:
        """The group under its new title."""
        title = tidied(title)
        refuse_if(list(TITLE.problems(title, ("input", "title"))))
        group = await self._changes.expected(caller, id_, expected_revision)
        return await self._changes.stored(caller, replace(group, title=title))

    async def add_cases(
        self,
        caller: Caller,
        id_: GroupId,
        expected_revision: int,
        additions: Sequence[NewCase],
        find_refuted: FindRefuted,
    ) -> CaseGroup:
        """The group with the cases added, all of them."""
        additions = _tidied_notes(additions)
        if not additions:
            raise ChangeRefused([_nothing_named()])
        group = await self._changes.expected(caller, id_, expected_revision)
        present = {case.key for case in group.cases}
        most = self._limits.cases_per_group
        refuse_if(
            [
                *addition_problems(additions, present, self._find_producer, caller.consumer, most),
                *number_problems(caller, _references(additions)),
            ]
        )
        refuse_if(await confirmation_problems(additions, group.purpose, find_refuted))
        return await self._changes.stored(caller, _with_cases(group, additions))

    async def remove_cases(
        self, caller: Caller, id_: GroupId, expected_revision: int, keys: Sequence[CaseKey | None]
    ) -> CaseGroup:
        """The group without the cases, all of them. None stands for an id that names no case of the group."""
        if len(keys) > self._limits.cases_per_group:
            raise ChangeRefused([_too_many_named(self._limits.cases_per_group)])
        if not keys:
            raise ChangeRefused([_nothing_named()])
        group = await self._changes.expected(caller, id_, expected_revision)
        present = {case.key for case in group.cases}
        refuse_if(
            [
                UserProblem(
                    UserErrorCode.NOT_FOUND,
                    Text(
                        sv="Gruppen har inget ärende med detta id.",
                        en="The group has no case with this id.",
                    ),
                    ("input", "cases", str(index)),
                )
                for index, key in enumerate(keys)
                if key not in present
            ]
        )
        removed = set(keys)
        return await self._changes.stored(
            caller, replace(group, cases=tuple(case for case in group.cases if case.key not in removed))
        )

    async def delete(self, caller: Caller, id_: GroupId, expected_revision: int) -> None:
        """Removes the group."""
        await self._changes.expected(caller, id_, expected_revision)
        if not await self._store.delete(caller.subject_keys, caller.consumer, id_, expected_revision):
            raise await self._changes.lost(caller, id_)

    async def _first_result(self, caller: Caller, idempotency: IdempotencyKey) -> CaseGroup | None:
        refuse_if(list(IDEMPOTENCY_KEY.problems(idempotency.key, ("input", "idempotencyKey"))))
        now = this_moment()
        found = await self._store.by_idempotency_key(caller.subject_keys, caller.consumer, idempotency.key, now)
        if found is None:
            return None
        group, fingerprint = found
        if fingerprint != idempotency.fingerprint:
            raise ChangeRefused([_key_reused()])
        return standing(group, now)


def _kept(creation: GroupCreation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts of a creation that are no end user's own words, with their fields."""
    yield creation.purpose.event or "", ("input", "purpose", "event")
    yield creation.idempotency_key or "", ("input", "idempotencyKey")


def _references(cases: Sequence[NewCase]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for index, case in enumerate(cases):
        yield case.key.reference, ("input", "cases", str(index), "reference")


def _with_cases(group: CaseGroup, additions: Sequence[NewCase]) -> CaseGroup:
    now = this_moment()
    added = tuple(
        Case(
            number=number,
            key=new.key,
            case_type=new.case_type,
            note=new.note,
            added_at=now,
            note_is_private=new.note_is_private and new.note is not None,
        )
        for number, new in enumerate(additions, start=group.next_case_number)
    )
    return replace(group, cases=group.cases + added, next_case_number=group.next_case_number + len(added))


def _tidied_notes(cases: Sequence[NewCase]) -> tuple[NewCase, ...]:
    return tuple(replace(case, note=None if case.note is None else tidied(case.note)) for case in cases)


def _idempotency(creation: GroupCreation) -> IdempotencyKey | None:
    """The key with a digest of the input, so that the same key with another input can be told apart."""
    if creation.idempotency_key is None:
        return None
    return IdempotencyKey(creation.idempotency_key, hashlib.sha256(repr(creation).encode()).hexdigest())


def _key_reused() -> UserProblem:
    return UserProblem(
        UserErrorCode.INVALID,
        Text(
            sv="Idempotensnyckeln har använts med ett annat innehåll. Använd en ny nyckel.",
            en="The idempotency key was used with another input. Use a new key for another creation.",
        ),
        ("input", "idempotencyKey"),
    )


def _key_spent() -> UserProblem:
    return UserProblem(
        UserErrorCode.INVALID,
        Text(
            sv="Ärendegruppen som idempotensnyckeln skapade finns inte kvar här. Använd en ny nyckel.",
            en="The case group that the idempotency key made is no longer here. Use a new key for another creation.",
        ),
        ("input", "idempotencyKey"),
    )


def _too_many_named(most: int) -> UserProblem:
    return UserProblem(
        UserErrorCode.LIMIT_EXCEEDED,
        Text(sv=f"Ange högst {most} ärenden.", en=f"Name at most {most} cases."),
        ("input", "cases"),
    )


def _nothing_named() -> UserProblem:
    return UserProblem(
        UserErrorCode.INVALID,
        Text(sv="Inga ärenden angavs. Ange minst ett.", en="No cases were named. Name at least one."),
        ("input", "cases"),
    )
