"""Changes to case groups: each is made whole in one write, or refused with every reason (DESIGN §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.errors import ChangeRefused, UserErrorCode, UserProblem
from gateway.groups.additions import FindProducer, addition_problems
from gateway.groups.wording import IDEMPOTENCY_KEY, TITLE, event_problems, tidied
from gateway.model.caller import Caller
from gateway.model.case_group import Case, CaseGroup, CaseGroupFilter, CaseKey, GroupId, IdempotencyKey, NewCase
from gateway.model.purpose import Purpose
from gateway.model.text import Text
from gateway.store.case_groups import CaseGroupStore, new_group_id


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """How many cases a group and how many groups a subject may have at one consumer, and how long a group is kept."""

    cases_per_group: int
    groups_per_subject: int
    retention: timedelta


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
    when MongoDB is out of reach. A caller reaches the groups of its own consumer and subject; others do not exist.
    """

    def __init__(self, store: CaseGroupStore, find_producer: FindProducer, limits: GroupLimits) -> None:
        self._store = store
        self._find_producer = find_producer
        self._limits = limits

    async def create(self, caller: Caller, creation: GroupCreation) -> CaseGroup:
        """The new group or, where the idempotency key was used with the same input before, that first group."""
        creation = replace(creation, title=tidied(creation.title), cases=_tidied_notes(creation.cases))
        idempotency = _idempotency(creation)
        # First the key: a repeated request gets its first result, whatever has become of producers and limits since.
        if idempotency is not None and (first := await self._first_result(caller, idempotency)):
            return first
        self._refuse_if(
            [
                *TITLE.problems(creation.title, ("input", "title")),
                *event_problems(creation.purpose.event, ("input", "purpose", "event")),
                *addition_problems(creation.cases, (), self._find_producer, self._limits.cases_per_group),
            ]
        )
        await self._refuse_if_more_than(caller, self._limits.groups_per_subject - 1)
        now = _now()
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
            return await self.create(caller, creation)
        try:
            # Again, now that it is there: of many creations at once, none may pass the limit.
            await self._refuse_if_more_than(caller, self._limits.groups_per_subject)
        except ChangeRefused:
            await self._store.delete(caller.subject_key, caller.consumer, group.id, group.revision)
            raise
        return group

    async def rename(self, caller: Caller, id_: GroupId, expected_revision: int, title: str) -> CaseGroup:
        """The group under its new title."""
        title = tidied(title)
        self._refuse_if(list(TITLE.problems(title, ("input", "title"))))
        group = await self._expected(caller, id_, expected_revision)
        return await self._stored(caller, replace(group, title=title))

    async def add_cases(
        self, caller: Caller, id_: GroupId, expected_revision: int, additions: Sequence[NewCase]
    ) -> CaseGroup:
        """The group with the cases added, all of them."""
        additions = _tidied_notes(additions)
        if not additions:
            raise ChangeRefused([_nothing_named()])
        group = await self._expected(caller, id_, expected_revision)
        present = {case.key for case in group.cases}
        self._refuse_if(list(addition_problems(additions, present, self._find_producer, self._limits.cases_per_group)))
        return await self._stored(caller, _with_cases(group, additions))

    async def remove_cases(
        self, caller: Caller, id_: GroupId, expected_revision: int, keys: Sequence[CaseKey | None]
    ) -> CaseGroup:
        """The group without the cases, all of them. None stands for an id that names no case of the group."""
        if not keys:
            raise ChangeRefused([_nothing_named()])
        group = await self._expected(caller, id_, expected_revision)
        present = {case.key for case in group.cases}
        self._refuse_if(
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
        return await self._stored(
            caller, replace(group, cases=tuple(case for case in group.cases if case.key not in keys))
        )

    async def delete(self, caller: Caller, id_: GroupId, expected_revision: int) -> None:
        """Removes the group."""
        await self._expected(caller, id_, expected_revision)
        if not await self._store.delete(caller.subject_key, caller.consumer, id_, expected_revision):
            raise ChangeRefused([await self._lost(caller, id_)])

    async def _expected(self, caller: Caller, id_: GroupId, expected_revision: int) -> CaseGroup:
        group = await self._read(caller, id_)
        if group is None:
            raise ChangeRefused([_not_found()])
        if group.revision != expected_revision:
            raise ChangeRefused([_conflict(group.revision)])
        return group

    async def _stored(self, caller: Caller, changed: CaseGroup) -> CaseGroup:
        now = _now()
        stored = await self._store.replace(
            caller.subject_key, replace(changed, updated_at=now, retain_until=now + self._limits.retention)
        )
        if stored is None:
            raise ChangeRefused([await self._lost(caller, changed.id)])
        return stored

    async def _lost(self, caller: Caller, id_: GroupId) -> UserProblem:
        """Why a write found nothing: another change won, or the group is gone."""
        group = await self._read(caller, id_)
        return _not_found() if group is None else _conflict(group.revision)

    async def _read(self, caller: Caller, id_: GroupId) -> CaseGroup | None:
        return (await self._store.by_ids(caller.subject_key, caller.consumer, [id_])).get(id_)

    async def _first_result(self, caller: Caller, idempotency: IdempotencyKey) -> CaseGroup | None:
        self._refuse_if(list(IDEMPOTENCY_KEY.problems(idempotency.key, ("input", "idempotencyKey"))))
        found = await self._store.by_idempotency_key(caller.subject_key, caller.consumer, idempotency.key)
        if found is None:
            return None
        group, fingerprint = found
        if fingerprint != idempotency.fingerprint:
            raise ChangeRefused([_key_reused()])
        return group

    async def _refuse_if_more_than(self, caller: Caller, most: int) -> None:
        if await self._store.count(caller.subject_key, caller.consumer, CaseGroupFilter()) > most:
            limit = self._limits.groups_per_subject
            text = Text(
                sv=f"Den här tjänsten kan spara högst {limit} ärendegrupper för dig.",
                en=f"This service can keep at most {limit} case groups for you.",
            )
            raise ChangeRefused([UserProblem(UserErrorCode.LIMIT_EXCEEDED, text)])

    @staticmethod
    def _refuse_if(problems: Collection[UserProblem]) -> None:
        if problems:
            raise ChangeRefused(list(problems))


def _with_cases(group: CaseGroup, additions: Sequence[NewCase]) -> CaseGroup:
    now = _now()
    added = tuple(
        Case(number=number, key=new.key, case_type=new.case_type, note=new.note, added_at=now)
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


def _now() -> datetime:
    """The present moment in UTC, to the millisecond: what the database keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _not_found() -> UserProblem:
    return UserProblem(
        UserErrorCode.NOT_FOUND,
        Text(
            sv="Det finns ingen sådan ärendegrupp att ändra.",
            en="There is no such case group to change.",
        ),
        ("input", "id"),
    )


def _conflict(revision: int) -> UserProblem:
    return UserProblem(
        UserErrorCode.CONFLICT,
        Text(
            sv=f"Ärendegruppen har ändrats; den har nu revision {revision}. Läs den igen och gör om ändringen.",
            en=f"The case group has been changed; its revision is now {revision}. Read it again and redo the change.",
        ),
        ("input", "expectedRevision"),
        current_revision=revision,
    )


def _key_reused() -> UserProblem:
    return UserProblem(
        UserErrorCode.INVALID,
        Text(
            sv="Idempotensnyckeln har använts med ett annat innehåll. Använd en ny nyckel.",
            en="The idempotency key was used with another input. Use a new key for another creation.",
        ),
        ("input", "idempotencyKey"),
    )


def _nothing_named() -> UserProblem:
    return UserProblem(
        UserErrorCode.INVALID,
        Text(sv="Inga ärenden angavs. Ange minst ett.", en="No cases were named. Name at least one."),
        ("input", "cases"),
    )
