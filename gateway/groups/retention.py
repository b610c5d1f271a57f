"""Retention (*gallring*): a case group is kept for as long as it is used, and its end user is warned before it lapses.

A group lapses some time after its last use by its owner. Every change is a use, and so is opening it: reading it by its
id, or reading its cases. That it stands in a list of titles is none, nor is what others read; else a portal that looks
which groups lapse soon would keep all of them by looking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import structlog

from gateway.errors import StoreUnavailable
from gateway.groups.limits import GroupLimits
from gateway.groups.moments import this_moment
from gateway.model.caller import Caller
from gateway.model.case_group import CaseGroup, GroupId
from gateway.model.text import Text
from gateway.store.case_groups import CaseGroupStore

log = structlog.get_logger(__name__)


class Retention:
    """Keeps the groups that are used."""

    def __init__(self, store: CaseGroupStore, limits: GroupLimits) -> None:
        self._store = store
        self._limits = limits

    async def used(self, caller: Caller, groups: Iterable[CaseGroup]) -> dict[GroupId, CaseGroup]:
        """`groups`, opened by `caller`, by id, with the retention that they have now.

        A reader's opening is no use. Written at most once in `use_interval` for a group, in one conditional update
        for all of them, which is no change: it leaves the revision as it is. Where the database is out of reach
        nothing is extended, and nobody kept from reading.
        """
        now = this_moment()
        until = now + self._limits.retention
        opened = {group.id: group for group in groups}
        due = [
            group.id
            for group in opened.values()
            if group.owner == caller.consumer and group.retain_until < until - self._limits.use_interval
        ]
        if not due:
            return opened
        try:
            await self._store.retain(caller.subject_keys, caller.consumer, due, now, until)
        except StoreUnavailable as exc:
            log.warning("case_group.not_retained", problem=exc.problem)
            return opened
        return {**opened, **{id_: replace(opened[id_], retain_until=until) for id_ in due}}


def lapse_warning(group: CaseGroup, before: timedelta) -> Text | None:
    """What to tell the end user of a group that lapses within `before`; None: nothing yet."""
    if group.retain_until - this_moment() >= before:
        return None
    # The day in UTC is never later than the day in Sweden: nobody is told of a day on which the group is gone already.
    day = group.retain_until.date().isoformat()
    return Text(
        sv=f"Ärendegruppen tas bort den {day} om den inte används före dess. Ärendena finns kvar hos myndigheterna.",
        en=f"The case group is removed on {day} unless it is used before then. Its cases stay with the authorities.",
    )
