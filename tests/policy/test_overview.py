"""Of which cases a consumer is told that a subject has them: as little as serves the purpose."""

from __future__ import annotations

from dataclasses import replace

from gateway.model.connection import ConnectionState
from gateway.model.producer import CaseType, Opening
from gateway.model.text import Text
from gateway.policy.overview import shown_case_types
from tests.policy.agreed import CITY, DAY, NOW, PORTAL, PROGRAM, TAX, VAT, agreements, consumer, grant, producer

PASS = CaseType("PASS", Text("p", "p"), Opening.OPEN)
CLOSED = CaseType("CLOSED", Text("c", "c"), Opening.CLOSED)
PILOT = CaseType("PILOT", Text("p", "p"), Opening.PILOT, pilots=frozenset([PROGRAM]))
EVERY_CODE = frozenset(["VAT", "CLOSED", "PILOT", "UNKNOWN"])
BOTH = (producer(TAX, VAT, PASS, CLOSED, PILOT), producer(CITY))


def test_types_are_shown_that_are_granted_in_some_field_and_open() -> None:
    agreed = agreements(grant("title", case_types=EVERY_CODE), producers=BOTH)

    assert shown_case_types(agreed, PORTAL) == {(TAX, "VAT")}


def test_a_pilots_type_is_shown_to_who_pilots_it() -> None:
    agreed = agreements(grant("title", case_types=EVERY_CODE, consumer=PROGRAM), producers=BOTH)

    assert shown_case_types(agreed, PROGRAM) == {(TAX, "VAT"), (TAX, "PILOT")}
    assert shown_case_types(agreed, PORTAL) == set()


def test_types_of_several_grants_are_shown_each_at_its_own_producer() -> None:
    agreed = agreements(
        grant("title"),
        grant("code", case_types=frozenset(["PASS"])),
        grant("title", producer=CITY),
        producers=BOTH,
    )

    assert shown_case_types(agreed, PORTAL) == {(TAX, "VAT"), (TAX, "PASS"), (CITY, "VAT")}


def test_without_a_grant_in_force_nothing_is_shown() -> None:
    for granted in (grant("title", withdrawn=True), grant("title", consumer=PROGRAM)):
        assert shown_case_types(agreements(granted, producers=BOTH), PORTAL) == set()


def test_nothing_is_shown_to_or_of_who_is_not_connected() -> None:
    away = producer(TAX, state=ConnectionState.SUSPENDED)
    suspended = consumer(PORTAL, state=ConnectionState.SUSPENDED)

    assert shown_case_types(agreements(grant("title"), producers=[away]), PORTAL) == set()
    assert shown_case_types(agreements(grant("title"), consumers=[suspended]), PORTAL) == set()


def test_a_type_that_opens_later_is_shown_from_then_on() -> None:
    opening = producer(TAX, replace(VAT, since=NOW + DAY))

    assert shown_case_types(agreements(grant("title"), producers=[opening]), PORTAL) == set()
    later = agreements(grant("title"), producers=[opening], moment=NOW + DAY)
    assert shown_case_types(later, PORTAL) == {(TAX, "VAT")}
