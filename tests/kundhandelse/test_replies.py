"""An answer of the interface, read: what failed is told, whatever else came, and nothing unknown is told as known."""

from __future__ import annotations

from typing import Any

import pytest

from subgraphs.kundhandelse.failures import Failure, UpstreamFailed, failure_of
from subgraphs.kundhandelse.questions import Party
from subgraphs.kundhandelse.replies import Outcome, Reader, Reply
from tests.kundhandelse.adapter import COMPANY, event

A, B = Party(COMPANY, "A"), Party(COMPANY, "B")


def part(reference: str) -> dict[str, Any]:
    return {"kund": {"identifierare": COMPANY}, "arende": {"identifierare": reference}}


def entry(reference: str, *events: object, total: object = None) -> dict[str, Any]:
    return {"part": part(reference), "totaltAntalKundhandelser": total, "kundhandelserForPart": list(events)}


def row(
    reference: str | None, status: str | None = "OK", code: int | None = 200, producer: str = "T"
) -> dict[str, Any]:
    return {"producent": producer, "part": reference and part(reference), "status": status, "httpCode": code}


def said(outcome: Outcome) -> object:
    if isinstance(outcome, UpstreamFailed):
        return outcome.failure
    return [one.content["rubrik"] for one in outcome.events]


def read(*, partial: bool = False, producer: str | None = None, **content: object) -> list[object]:
    """What is said of the cases A and B."""
    reader = Reader(("TESTKOP.BYGGLOV",), "diarienummer", producer)
    return [said(outcome) for outcome in reader.outcomes(Reply(partial, dict(content)), [A, B])]


BOTH = [entry("A", event("A", 9)), entry("B", event("B", 9))]
A_SAID, B_SAID = ["A kl 9"], ["B kl 9"]
UNAVAILABLE, REFUSED, FAULT = Failure.UNAVAILABLE, Failure.REFUSED, Failure.FAULT


def test_entries_are_matched_by_party_whatever_their_order() -> None:
    assert read(kundhandelser=BOTH[::-1], delfragor=[row("A"), row("B")]) == [A_SAID, B_SAID]


@pytest.mark.parametrize("nothing", [[], None, [entry("A"), entry("B")], [entry("A", total=0), entry("B", total=0)]])
def test_an_empty_answer_has_no_events(nothing: object) -> None:
    assert read(kundhandelser=nothing) == [[], []]


@pytest.mark.parametrize("well", [row("A", "OK", None), row("A", None, 200), row("A", "ok", 206), row("C", "FEL", 500)])
def test_a_part_that_went_well_takes_nothing_away(well: object) -> None:
    assert read(kundhandelser=BOTH, delfragor=[well]) == [A_SAID, B_SAID]


def test_two_entries_of_one_party_are_put_together() -> None:
    assert read(kundhandelser=[*BOTH, entry("A", event("A", 10))]) == [["A kl 9", "A kl 10"], B_SAID]


@pytest.mark.parametrize(
    ("failed", "outcome"),
    [
        (row("A", "FEL", 500), UNAVAILABLE),
        (row("A", "FEL", 503), UNAVAILABLE),
        (row("A", "FEL", 429), UNAVAILABLE),
        (row("A", "FEL", None), UNAVAILABLE),
        (row("A", "FEL", 200), UNAVAILABLE),
        (row("A", None, None), UNAVAILABLE),
        (row("A", "OK", 500), UNAVAILABLE),
        (row("A", None, 500), UNAVAILABLE),
        (row("A") | {"httpCode": "200"}, UNAVAILABLE),
        (row("A") | {"status": True}, UNAVAILABLE),
        (row("A", "FEL", 401), REFUSED),
        (row("A", "FEL", 403), REFUSED),
        (row("A", "FEL", 400), FAULT),
        (row("A", "FEL", 404), FAULT),
        (row("A", "FEL", 302), FAULT),
    ],
)
@pytest.mark.parametrize("entries", [BOTH, BOTH[1:]], ids=["with its events", "without an entry"])
@pytest.mark.parametrize("partial", [True, False])
def test_a_failed_part_is_the_outcome_of_its_own_case_alone(
    failed: object, outcome: Failure, entries: object, partial: bool
) -> None:
    assert read(partial=partial, kundhandelser=entries, delfragor=[failed, row("B")]) == [outcome, B_SAID]


def test_a_failed_part_that_names_no_party_is_of_all() -> None:
    assert read(partial=True, kundhandelser=BOTH, delfragor=[row(None, "FEL", 500)]) == [UNAVAILABLE] * 2


def test_a_partial_answer_that_does_not_say_what_failed_is_of_all() -> None:
    assert read(partial=True, kundhandelser=BOTH, delfragor=[row("A"), row("B")]) == [UNAVAILABLE] * 2
    assert read(partial=True, kundhandelser=BOTH) == [UNAVAILABLE] * 2


def test_a_case_that_a_partial_answer_does_not_speak_of_is_unavailable() -> None:
    assert read(partial=True, kundhandelser=BOTH[1:], delfragor=[row("B", "FEL", 403)]) == [UNAVAILABLE, REFUSED]


def test_what_another_producer_fails_in_is_passed_over_where_the_own_one_is_known() -> None:
    rows = [row("A", "FEL", 500, producer="Another"), row("A"), row("B", "FEL", 403)]

    assert read(partial=True, producer="T", kundhandelser=BOTH, delfragor=rows) == [A_SAID, REFUSED]
    assert read(partial=True, kundhandelser=BOTH, delfragor=rows) == [UNAVAILABLE, REFUSED]


@pytest.mark.parametrize(
    "broken",
    [
        entry("A", "not an event"),
        entry("A", event("A", tidpunkt="igår")),
        entry("A", event("A", kundhandelseTyp="TESTKOP.ANNAT.INKOMMEN")),
        entry("A", event("ANOTHER")),
        entry("A", total=2),
        entry("A", event("A"), total="1"),
        {**entry("A"), "kundhandelserForPart": "inga"},
    ],
)
def test_what_is_wrong_with_one_case_is_its_fault_alone(broken: object) -> None:
    assert read(kundhandelser=[broken, BOTH[1]]) == [FAULT, B_SAID]


@pytest.mark.parametrize(
    "stranger",
    [
        None,
        {},
        entry("C"),
        {"part": {"kund": {"identifierare": COMPANY}}},
        {"part": part("A") | {"kund": {"identifierare": "x"}}},
    ],
)
def test_an_answer_about_somebody_else_is_no_answer_about_who_is_missing(stranger: object) -> None:
    assert read(kundhandelser=[stranger, BOTH[1]]) == [FAULT, B_SAID]


@pytest.mark.parametrize("content", [{"kundhandelser": {}}, {"delfragor": "OK"}, {"delfragor": ["OK"]}])
def test_what_is_no_answer_at_all_is_a_fault(content: dict[str, object]) -> None:
    with pytest.raises(UpstreamFailed) as failed:
        read(**content)  # type: ignore[arg-type]

    assert failed.value.failure is FAULT


@pytest.mark.parametrize(
    ("codes", "failure"),
    [
        ((None, 408, 429, 500, 502, 503, 504), UNAVAILABLE),
        ((401, 403), REFUSED),
        ((204, 301, 400, 404, 405, 409, 415), FAULT),
    ],
)
def test_what_an_http_status_means(codes: tuple[int | None, ...], failure: Failure) -> None:
    assert {failure_of(code) for code in codes} == {failure}
