"""An event as a status: the table of docs/kundhandelse.md, row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from subgraphs.kundhandelse.events import is_below, read_event, status
from subgraphs.kundhandelse.failures import Failure, UpstreamFailed
from subgraphs.reference.contract import CaseStatus, Reference
from tests.kundhandelse.adapter import event


def status_of(**changes: Any) -> CaseStatus:
    """The status that the event with these changes is."""
    return status(read_event(event("D-1", **changes), "diarienummer"), "https://authority.example/types")


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("field", "value", "attribute", "told"),
    [
        ("kundhandelseTyp", "TESTKOP.BYGGLOV.BESLUT", "code", "TESTKOP.BYGGLOV.BESLUT"),
        ("rubrik", "Beslut", "title", "Beslut"),
        ("rubrik", "", "title", ""),
        ("beskrivning", "Bygglov har\nbeviljats.", "description", "Bygglov har\nbeviljats."),
        ("beskrivning", None, "description", None),
        ("sprak", "se", "language", "se"),
        ("sprak", None, "language", None),
        ("tidpunkt", "2026-09-01T10:15:00+02:00", "updated_at", datetime.fromisoformat("2026-09-01T10:15:00+02:00")),
        ("tidpunkt", "2026-12-01t10:15:00.25z", "updated_at", datetime.fromisoformat("2026-12-01T10:15:00.25+00:00")),
        ("producentarendetKraverKundatgard", True, "requires_customer_action", True),
        ("producentarendetKraverKundatgard", False, "requires_customer_action", False),
        ("producentarendetKraverKundatgard", None, "requires_customer_action", None),
        ("producentarendetKlart", True, "completed", True),
        ("producentarendetKlart", None, "completed", None),
        ("referenser", None, "references", None),
        ("referenser", {}, "references", []),
        ("utokadInformation", {"djup": [1, {"a": None}]}, "extension", {"djup": [1, {"a": None}]}),
        ("utokadInformation", {}, "extension", {}),
        ("utokadInformation", nested(39), "extension", nested(39)),
        ("utokadInformation", None, "extension", None),
    ],
)
def test_a_field_is_handed_on_as_it_is(field: str, value: object, attribute: str, told: object) -> None:
    assert getattr(status_of(**{field: value}), attribute) == told


def test_references_are_handed_on_by_their_names_in_order() -> None:
    references = {
        "diarienummer": "D-1",
        "sida": "https://authority.example/D-1",
        "antal": 3,
        "ingen": None,
        "x": [1, "å"],
    }

    assert status_of(referenser=references).references == [
        Reference(title="diarienummer", value="D-1"),
        Reference(title="sida", value="https://authority.example/D-1"),
        Reference(title="antal", value="3"),
        Reference(title="ingen", value=None),
        Reference(title="x", value='[1,"å"]'),
    ]


def test_what_the_interface_does_not_have_is_configured_or_null() -> None:
    said = status_of()

    assert said.code_system == "https://authority.example/types"
    assert said.expected_at is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rubrik", None),
        ("rubrik", 1),
        ("beskrivning", ["x"]),
        ("sprak", {}),
        ("tidpunkt", None),
        ("tidpunkt", "igår"),
        ("tidpunkt", "2026-09-01T10:15:00"),
        ("tidpunkt", 1788250500),
        ("kundhandelseTyp", None),
        ("kundhandelseTyp", ["TESTKOP"]),
        ("producentarendetKraverKundatgard", "ja"),
        ("producentarendetKlart", 1),
        ("referenser", ["D-1"]),
        ("referenser", {"diarienummer": 1}),
        ("utokadInformation", nested(40)),
    ],
)
def test_a_field_of_another_kind_is_the_producers_fault(field: str, value: object) -> None:
    with pytest.raises(UpstreamFailed) as failed:
        status_of(**{field: value})

    assert failed.value.failure is Failure.FAULT
    assert field in str(failed.value)


def test_the_faults_words_quote_nothing_of_the_event() -> None:
    with pytest.raises(UpstreamFailed) as failed:
        status_of(tidpunkt="199003152390")

    assert "199003152390" not in str(failed.value)


@pytest.mark.parametrize(
    ("event_type", "below"),
    [("A.B", True), ("A.B.C", True), ("A.BC", False), ("A", False), ("a.b", False), ("X.A.B", False)],
)
def test_a_type_is_below_a_dotted_prefix(event_type: str, below: bool) -> None:
    assert is_below(event_type, "A.B") is below
