"""Who was connected at a moment that has passed, from records as the commands leave them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.disclosure.connected import Connected, connected
from gateway.model.connection import Environment
from gateway.model.history import Cause, Change, KeptConsumer, KeptProducer
from gateway.store import records
from tests.agreements import consumer_record, producer_record


def at(month: int) -> datetime:
    return datetime(2026, month, 15, tzinfo=UTC)


def change(month: int, action: str, **fields: object) -> Change:
    return Change(Cause(at(month), "lo", "Ticket 17"), action, fields)


def consumer(*history: Change, **changes: Any) -> KeptConsumer:
    return KeptConsumer(records.consumer(consumer_record("business-portal", **changes)), 1, history)


def producer(*history: Change, **changes: Any) -> KeptProducer:
    return KeptProducer(records.producer(producer_record("tax-agency", ["MOMS"], **changes)), 1, history)


def consumers_then(kept: KeptConsumer) -> list[int]:
    """How many consumers were connected in February, April, … December."""
    return [connected([], [kept], Environment.TEST, at(month)).consumers for month in range(2, 13, 2)]


@pytest.mark.parametrize(
    ("kept", "then"),
    [
        (consumer(), [1, 1, 1, 1, 1, 1]),
        (consumer(environment="live"), [0, 0, 0, 0, 0, 0]),
        (consumer(validFrom=at(5), validUntil=at(9)), [0, 0, 1, 1, 0, 0]),
        (consumer(change(5, "add")), [0, 0, 1, 1, 1, 1]),
        (
            consumer(
                change(1, "add"),
                change(3, "suspend", state="suspended"),
                change(7, "resume", state="active"),
                change(11, "end", state="ended", endedAt=at(11)),
                state="ended",
                endedAt=at(11),
            ),
            [1, 0, 0, 1, 1, 0],
        ),
        (consumer(state="ended", endedAt=at(5)), [1, 1, 0, 0, 0, 0]),
        (consumer(state="suspended"), [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_consumer_counts_while_it_was_let_in(kept: KeptConsumer, then: list[int]) -> None:
    assert consumers_then(kept) == then


def test_a_producer_counts_with_its_areas_and_what_it_had_opened() -> None:
    assert connected([producer()], [], Environment.TEST, at(5)) == Connected(
        information_areas=2, producers=1, consumers=0, case_types=1
    )


def test_the_areas_of_a_producer_are_those_it_had() -> None:
    kept = producer(change(6, "change", informationAreas=["TAXES"]), informationAreas=["TAXES"])
    grown = producer(
        change(3, "change", informationAreas=["TAXES"]), change(6, "change", informationAreas=["TAXES", "GOODS"])
    )

    assert connected([kept, grown], [], Environment.TEST, at(7)).information_areas == 2
    assert connected([grown], [], Environment.TEST, at(4)).information_areas == 1


def opening(month: int, state: str, **more: object) -> Change:
    return change(month, "open", caseTypes=[{"code": "MOMS", "state": state, "from": at(month), "pilots": [], **more}])


@pytest.mark.parametrize(
    ("history", "then"),
    [
        ((opening(5, "open"),), [0, 0, 1, 1, 1, 1]),
        ((opening(5, "closed"),), [1, 1, 0, 0, 0, 0]),
        ((opening(3, "pilot", pilots=["business-portal"]), opening(9, "closed")), [0, 1, 1, 1, 0, 0]),
        ((opening(3, "open", **{"from": at(7)}),), [0, 0, 0, 1, 1, 1]),
        ((opening(3, "open", **{"from": at(9)}, pilots=["business-portal"]),), [0, 1, 1, 1, 1, 1]),
        ((opening(3, "open"), opening(5, "closed"), opening(9, "open")), [0, 1, 0, 0, 1, 1]),
    ],
)
def test_a_case_type_counts_while_it_was_open_to_somebody(history: tuple[Change, ...], then: list[int]) -> None:
    kept = producer(*history)

    assert [connected([kept], [], Environment.TEST, at(month)).case_types for month in range(2, 13, 2)] == then
