"""What is made of a producer's answer: one outcome for every case, whatever the answer is."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.status import (
    REFERENCE_FIELDS,
    STATUS_FIELDS,
    StatusAnswer,
    StatusOutcome,
    StatusSelection,
    Unavailable,
    UnavailableReason,
)
from gateway.producers.answers import REFUSALS, read_answer
from gateway.producers.contract import DEEPEST_JSON, status_reader
from gateway.producers.limits import ProducerLimits

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TITLE = StatusSelection(fields=("title",))
EVERYTHING = StatusSelection(fields=tuple(sorted(STATUS_FIELDS)), references=tuple(sorted(REFERENCE_FIELDS)))

STATUS = {
    "code": "GRANSKNING",
    "codeSystem": "https://codes.example/status",
    "title": "Granskas",
    "description": "En handläggare läser din ansökan.",
    "language": "sv",
    "updatedAt": "2026-03-01T09:30:00+01:00",
    "expectedAt": "2026-04-01T00:00:00Z",
    "requiresCustomerAction": False,
    "completed": False,
    "references": [{"title": "Mina sidor", "url": "https://a.example", "value": "A-1"}],
    "extension": {"steps": [1, 2.5, None, "å"]},
}
"""A status in which every field of the contract is said."""

NULLABLE = set(STATUS_FIELDS) - {"code", "title", "updatedAt"}

FAULT = Unavailable(UnavailableReason.PRODUCER_FAULT)
REFUSED = Unavailable(UnavailableReason.PRODUCER_REFUSED)
NO_STATUS = Unavailable(UnavailableReason.NO_STATUS)


def titled(title: str) -> StatusAnswer:
    return StatusAnswer({"title": title}, NOW)


def entity(reference: str) -> dict[str, Any]:
    return {"reference": reference, "status": {"title": f"Title of {reference}"}}


def answer(*entities: Any, errors: Any = None) -> dict[str, Any]:
    return {"data": {"_entities": list(entities)}, **({} if errors is None else {"errors": errors})}


def read(content: object, references: str = "ABC") -> list[StatusOutcome]:
    """The outcomes of the cases A, B and C when this is the answer; text is the body as it is."""
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return read_answer(body, list(references), status_reader(TITLE), NOW).outcomes


A, B, C = titled("Title of A"), titled("Title of B"), titled("Title of C")


def test_an_answer_that_is_right_is_read_by_position() -> None:
    assert read(answer(entity("A"), entity("B"), entity("C"))) == [A, B, C]


def error(path: list[Any] | None = None, code: object = "INTERNAL_SERVER_ERROR") -> dict[str, Any]:
    return {"message": "Fel", "extensions": {"code": code}, **({} if path is None else {"path": path})}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<!doctype html><title>Under underhåll</title>",
        '{"data": {"_entities": [{"reference": "A", "sta',
        json.dumps(answer(entity("A"), entity("B"), entity("C"))) + "}",
        '{"data": {"_entities": [NaN, NaN, NaN]}}',
        '{"data": {"_entities": [1e999, null, null]}}',
        '{"data": {"_entities": [{"reference": "A", "status": {"title": "\\ud800"}}, null, null]}}',
        "[" * 2_000 + "]" * 2_000,
        "null",
        "[]",
        '"data"',
        "5",
        "{}",
        {"data": None},
        {"data": []},
        {"data": {}},
        {"data": {"_entities": None}},
        {"data": {"_entities": {}}},
        {"data": {"_entities": "ABC"}},
        {"data": None, "errors": {}},
        {"data": None, "errors": "fel"},
        {"data": None, "errors": []},
        {"data": None, "errors": [error()]},
        {"data": None, "errors": ["fel", None, 5]},
        {"errors": [error(["_entities"])]},
        {"errors": [{"message": "fel", "extensions": None, "path": None}]},
        {"errors": [{"message": "fel", "extensions": {"code": ["FORBIDDEN"]}}]},
        {"errors": [{"message": "fel", "extensions": {"code": {"FORBIDDEN": True}}}]},
        {"data": {"_entities": None}, "errors": [error(["_entities"])]},
        answer(),
        answer(entity("A"), entity("B")),
        answer(entity("A"), entity("B"), entity("C"), entity("D")),
        answer(entity("A"), entity("B"), entity("C"), None),
        answer(entity("B"), entity("C"), entity("A")),
        answer(entity("X"), entity("Y"), entity("Z")),
        answer(*({"status": {"title": "Utan referens"}} for _ in range(3))),
        answer(*({"reference": 5, "status": {"title": "Ett tal"}} for _ in range(3))),
        answer(*(["A", {"title": "En lista"}] for _ in range(3))),
    ],
    ids=lambda content: str(content)[:70],
)
def test_an_answer_that_is_wrong_as_a_whole_is_the_fault_of_every_case(content: object) -> None:
    assert read(content) == [FAULT, FAULT, FAULT]


@pytest.mark.parametrize("code", sorted(REFUSALS))
@pytest.mark.parametrize(
    "content",
    [
        lambda refused: {"data": None, "errors": [refused]},
        lambda refused: {"errors": [refused]},
        lambda refused: {"data": {"_entities": None}, "errors": [{**refused, "path": ["_entities"]}]},
        lambda refused: answer(None, None, None, errors=[refused]),
    ],
    ids=["data null", "no data", "_entities null", "every entity null"],
)
def test_a_refusal_of_the_whole_question_is_told_from_a_fault(
    content: Callable[[dict[str, Any]], object], code: str
) -> None:
    assert read(content(error(code=code))) == [REFUSED, REFUSED, REFUSED]


def without_status(reference: str) -> dict[str, Any]:
    return {"reference": reference, "status": None}


@pytest.mark.parametrize(
    ("of_b", "errors", "outcome"),
    [
        (None, None, NO_STATUS),
        (None, [], NO_STATUS),
        (without_status("B"), None, NO_STATUS),
        ({"reference": "B"}, None, FAULT),
        (None, [error(["_entities", 1])], FAULT),
        (None, [error(["_entities", 1], "FORBIDDEN")], REFUSED),
        (None, [error(["_entities", 1], "SERVICE_UNAVAILABLE")], Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)),
        (without_status("B"), [error(["_entities", 1, "status"])], FAULT),
        (without_status("B"), [error(["_entities", 1, "status", "title"], "UNAUTHORIZED")], REFUSED),
        (None, [error(["_entities", 7])], FAULT),
        (None, [error(["_entities", 3])], FAULT),
        (None, [error(["_entities", -2])], FAULT),
        (None, [error(["_entities", True])], FAULT),
        (None, [error(["_entities"], "SERVICE_UNAVAILABLE")], Unavailable(UnavailableReason.PRODUCER_UNAVAILABLE)),
        (None, ["B cannot be reached"], FAULT),
        (None, [{"message": "B cannot be reached"}], FAULT),
        (None, [error(["_entities", "1"])], FAULT),
        (entity("A"), None, FAULT),
        (entity("b"), None, FAULT),
        ({**entity("B"), "status": "Granskas"}, None, FAULT),
        ({**entity("B"), "status": [{"title": "Granskas"}]}, None, FAULT),
        ({**entity("B"), "status": {}}, None, FAULT),
        ({**entity("B"), "status": {"title": None}}, None, FAULT),
        ({**entity("B"), "status": {"title": 5}}, None, FAULT),
        ("B", None, FAULT),
        (5, None, FAULT),
    ],
    ids=str,
)
def test_what_is_wrong_with_one_case_is_its_own_outcome_and_moves_no_other(
    of_b: object, errors: object, outcome: Unavailable
) -> None:
    assert read(answer(entity("A"), of_b, entity("C"), errors=errors)) == [A, outcome, C]


def test_two_statuses_that_changed_places_are_not_taken_for_each_other() -> None:
    assert read(answer(entity("A"), entity("C"), entity("B"))) == [A, FAULT, FAULT]


def test_a_status_with_an_error_in_it_is_not_shown_as_known() -> None:
    said = answer(entity("A"), entity("B"), entity("C"), errors=[error(["_entities", 1, "status", "description"])])

    assert read(said) == [A, FAULT, C]


def test_an_error_at_no_place_takes_nothing_from_statuses_that_are_there() -> None:
    assert read(answer(entity("A"), entity("B"), entity("C"), errors=[error()])) == [A, B, C]


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    twice = '{"data": {"_entities": [{"reference": "X", "reference": "A", "status": {"title": "1", "title": "2"}}]}}'

    assert read(twice, "A") == [titled("2")]


def test_what_was_not_asked_for_is_dropped() -> None:
    said = answer({**entity("A"), "secret": 1, "status": {"title": "Granskas", "code": 5, "secret": [1]}})

    assert read(said, "A") == [titled("Granskas")]


def test_every_field_of_the_contract_is_passed_on_with_its_moments_in_utc() -> None:
    assert status_reader(EVERYTHING)(STATUS) == {
        **STATUS,
        "updatedAt": datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        "expectedAt": datetime(2026, 4, 1, tzinfo=UTC),
    }


@pytest.mark.parametrize("field", sorted({*NULLABLE, "references"}))
def test_a_field_that_may_be_null_may_be_null(field: str) -> None:
    assert status_reader(EVERYTHING)({**STATUS, field: None})[field] is None


STRINGS = {"code", "codeSystem", "title", "description", "language"}
BOOLEANS = {"requiresCustomerAction", "completed"}
MOMENTS = {"updatedAt", "expectedAt"}


def outcome_with(**fields: object) -> StatusOutcome:
    """The outcome of a case whose status has these fields, and the rest as it should be."""
    said = answer({"reference": "A", "status": {**STATUS, **fields}})
    (outcome,) = read_answer(json.dumps(said).encode(), ["A"], status_reader(EVERYTHING), NOW).outcomes
    return outcome


def each(field: str, *values: object) -> list[tuple[str, object]]:
    return [(field, value) for value in values]


def reference(**fields: object) -> list[dict[str, object]]:
    return [{"title": "t", "url": "u", "value": "v", **fields}]


NO_TEXT: tuple[object, ...] = (5, False, [], {})

WRONG_TYPES = [
    *chain.from_iterable(each(field, 5, True, ["text"], {"sv": "text"}) for field in sorted(STRINGS)),
    *chain.from_iterable(each(field, 0, 1, "true", "", [], {}) for field in sorted(BOOLEANS)),
    *chain.from_iterable(each(field, 1772357400, True, "", "igår", [], {}) for field in sorted(MOMENTS)),
    *chain.from_iterable(each(field, None) for field in sorted(set(STATUS_FIELDS) - NULLABLE)),
    *each("references", {}, "Mina sidor", 5, [None], ["Mina sidor"], [5], [[]]),
    *each("references", *(reference(title=value) for value in (None, *NO_TEXT))),
    *each("references", *(reference(url=value) for value in NO_TEXT)),
    *each("references", *(reference(value=value) for value in NO_TEXT)),
]


@pytest.mark.parametrize(("field", "value"), WRONG_TYPES)
def test_a_field_of_another_type_than_the_contracts_is_a_fault(field: str, value: object) -> None:
    assert outcome_with(**{field: value}) == FAULT


@pytest.mark.parametrize("field", [*STATUS_FIELDS, "references", *(f"references.{name}" for name in REFERENCE_FIELDS)])
def test_a_field_that_was_asked_for_and_is_not_there_is_a_fault(field: str) -> None:
    status = copy.deepcopy(STATUS)
    place: Any = status
    *path, last = field.split(".")
    for name in path:
        place = place[name][0]
    del place[last]

    (outcome,) = read_answer(
        json.dumps(answer({"reference": "A", "status": status})).encode(), ["A"], status_reader(EVERYTHING), NOW
    ).outcomes

    assert outcome == FAULT


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01t09:30:00z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00+01:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01T00:30:00+05:30", datetime(2026, 2, 28, 19, 0, tzinfo=UTC)),
        ("2026-03-01T09:30:00-00:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30+01:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00.123456789Z", datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)),
        ("2026-03-01T09:30:00.5Z", datetime(2026, 3, 1, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_passed_on_in_utc(said: str, meant: datetime) -> None:
    outcome = outcome_with(updatedAt=said)

    assert isinstance(outcome, StatusAnswer)
    assert outcome.fields["updatedAt"] == meant
    assert outcome.fields["updatedAt"].tzinfo is UTC  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "said",
    [
        "2026-03-01T09:30:00",
        "2026-03-01",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "2026-02-30T00:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T09:30:00+25:00",
        "2026-03-01T09:30:00 CET",
        "２０２６-03-01T09:30:00Z",
        " 2026-03-01T09:30:00Z",
        "1772357400",
    ],
)
def test_what_is_no_moment_with_an_offset_is_a_fault(said: str) -> None:
    assert outcome_with(updatedAt=said) == FAULT


@pytest.mark.parametrize(
    "text", ["", "\x00\x07\x1b[31m", "\u202etxet\u202c \u2066och\u2069", "<script>alert(1)</script>", "💶" * 1_000, " "]
)
def test_text_is_passed_on_uninterpreted(text: str) -> None:
    address = f"https://a.example/{text}"
    outcome = outcome_with(title=text, references=[{"title": text, "url": address, "value": text}])

    assert isinstance(outcome, StatusAnswer)
    assert outcome.fields["title"] == text
    assert outcome.fields["references"] == [{"title": text, "url": address, "value": text}]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JaVaScRiPt://a.example", "data:text/html,x", " https://a", ""])
def test_a_link_that_a_browser_would_not_go_to_is_a_fault(url: str) -> None:
    assert outcome_with(references=[{"title": "Mer", "url": url, "value": None}]) == FAULT


def nested(levels: int, leaf: object = "leaf") -> object:
    """A value below so many levels of lists and objects."""
    for level in range(levels):
        leaf = [leaf] if level % 2 else {"inner": leaf}
    return leaf


@pytest.mark.parametrize(
    "extension", [None, True, 0, -1.5, "text", [], {}, 2**63, [None, {"å": [1]}], nested(DEEPEST_JSON - 1)]
)
def test_an_extension_is_passed_on_untouched(extension: object) -> None:
    outcome = outcome_with(extension=extension)

    assert isinstance(outcome, StatusAnswer)
    assert outcome.fields["extension"] == extension


@pytest.mark.parametrize("levels", [DEEPEST_JSON, 60, 500])
def test_an_extension_too_deep_to_be_written_again_is_the_fault_of_its_case(levels: int) -> None:
    assert outcome_with(extension=nested(levels)) == FAULT


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
errors = st.fixed_dictionaries(
    {},
    optional={
        "message": json_values,
        "path": st.lists(st.sampled_from(["_entities", "status", 0, 1, 2, 99, -1]) | json_values, max_size=4),
        "extensions": st.fixed_dictionaries({"code": st.sampled_from(sorted(REFUSALS)) | json_values}) | json_values,
    },
)
entities = st.fixed_dictionaries(
    {},
    optional={
        "reference": st.sampled_from("ABC") | json_values,
        "status": st.fixed_dictionaries({}, optional=dict.fromkeys([*STATUS_FIELDS, "references"], json_values))
        | json_values,
    },
)
answers = st.fixed_dictionaries(
    {},
    optional={
        "data": st.fixed_dictionaries({"_entities": st.lists(entities | json_values, max_size=4)}) | json_values,
        "errors": st.lists(errors | json_values, max_size=4) | json_values,
    },
)


@given(content=answers | json_values)
def test_no_answer_whatsoever_is_more_than_an_outcome_for_each_case(content: object) -> None:
    found = read_answer(json.dumps(content).encode(), ["A", "B", "C"], status_reader(EVERYTHING), NOW).outcomes

    assert len(found) == 3
    assert all(isinstance(outcome, StatusAnswer | Unavailable) for outcome in found)


@given(body=st.binary(max_size=200))
def test_no_bytes_whatsoever_are_more_than_a_fault_of_each_case(body: bytes) -> None:
    assert read_answer(body, ["A", "B"], status_reader(TITLE), NOW).outcomes == [FAULT, FAULT]


@pytest.mark.parametrize(("cases", "most"), [(0, 1_000), (1, 1_000), (100, 1_000), (101, 2_000), (250, 3_000)])
def test_the_size_of_an_answer_is_limited_per_hundred_cases_begun(cases: int, most: int) -> None:
    limits = ProducerLimits(
        connect_timeout=1,
        deadline=1,
        max_batch=100,
        max_connections=64,
        max_wait=1,
        max_response_bytes_per_100=1_000,
    )

    assert limits.response_bytes(cases) == most
