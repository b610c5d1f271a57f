"""Who was connected at a moment that has passed, from the registry's records and their histories.

A record holds what is agreed now; its history, what each change set. What held before is found by undoing the changes
that came later. Where a record was made by hand, without a history, what it says now is taken for what it always said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.model.connection import Connection, ConnectionState, Environment
from gateway.model.history import Change, KeptConsumer, KeptProducer
from gateway.model.producer import Opening

STATE, AREAS = "state", "informationAreas"


@dataclass(frozen=True, slots=True)
class Connected:
    """How many there were at one moment; a case type counts once for each producer that had opened it to somebody."""

    information_areas: int
    producers: int
    consumers: int
    case_types: int


def connected(
    producers: Iterable[KeptProducer], consumers: Iterable[KeptConsumer], environment: Environment, moment: datetime
) -> Connected:
    """How many were connected in `environment` at `moment`, and what they had to offer."""
    let_in = [kept for kept in producers if _was_let_in(kept.producer.connection, kept.history, environment, moment)]
    return Connected(
        information_areas=len({area for kept in let_in for area in _areas(kept, moment)}),
        producers=len(let_in),
        consumers=sum(_was_let_in(kept.consumer.connection, kept.history, environment, moment) for kept in consumers),
        case_types=sum(len(_open_case_types(kept, moment)) for kept in let_in),
    )


def _was_let_in(connection: Connection, history: Sequence[Change], environment: Environment, moment: datetime) -> bool:
    return (
        connection.environment is environment
        and connection.validity.holds(moment)
        and not any(change.action == "add" and change.cause.at > moment for change in history)
        and _state(connection, history, moment) is ConnectionState.ACTIVE
    )


def _state(connection: Connection, history: Sequence[Change], moment: datetime) -> ConnectionState:
    changes = [change for change in history if STATE in change.fields]
    before = [change for change in changes if change.cause.at <= moment]
    if before:
        return ConnectionState(before[-1].fields[STATE])
    ended_later = connection.ended_at is not None and connection.ended_at > moment
    return ConnectionState.ACTIVE if changes or ended_later else connection.state


def _areas(kept: KeptProducer, moment: datetime) -> Collection[str]:
    """The producer's areas at `moment`; what they were before they were first changed is not told."""
    before = [change.fields[AREAS] for change in kept.history if AREAS in change.fields and change.cause.at <= moment]
    if before and isinstance(before[-1], list):
        return [str(area) for area in before[-1]]
    return [area.value for area in kept.producer.information_areas]


def _open_case_types(kept: KeptProducer, moment: datetime) -> set[str]:
    """The codes of those that were open to somebody at `moment`.

    Each change of a case type tells of it alone, and not how it was before: where it was then closed it had been open,
    and otherwise closed.
    """
    openings = {one.code: (one.state, one.since, bool(one.pilots)) for one in kept.producer.case_types}
    for change in reversed([change for change in kept.history if change.cause.at > moment]):
        for told in _told_case_types(change):
            was_open = told["state"] == Opening.CLOSED.value
            openings[told["code"]] = (Opening.OPEN if was_open else Opening.CLOSED, None, False)
    for change in (change for change in kept.history if change.cause.at <= moment):
        for told in _told_case_types(change):
            openings[told["code"]] = (Opening(told["state"]), _moment(told.get("from")), bool(told.get("pilots")))
    return {code for code, opening in openings.items() if _is_open(*opening, moment)}


def _is_open(state: Opening, since: datetime | None, has_pilots: bool, moment: datetime) -> bool:
    has_begun = since is None or since <= moment
    return (state is not Opening.CLOSED and has_begun) or (state is Opening.OPEN and has_pilots)


def _told_case_types(change: Change) -> Sequence[Mapping[str, Any]]:
    told = change.fields.get("caseTypes")
    return told if isinstance(told, list) else []


def _moment(value: object) -> datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else None
