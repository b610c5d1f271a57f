"""An answer about a subject's cases that does not fit the contract is a fault, and says nothing of any case."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.model.overview import AvailableCase, CasesPage, CasesUnavailable, CasesUnavailableReason
from gateway.producers.case_lists import read_cases


def edge(**changes: Any) -> dict[str, Any]:
    """A case in an answer."""
    return {"cursor": "c", "caseType": "T", "node": {"reference": "R"}, **changes}


def page(*edges: Any, more: Any = False, end: Any = "c") -> bytes:
    """An answer."""
    return orjson.dumps(
        {"data": {"cases": {"edges": list(edges), "pageInfo": {"hasNextPage": more, "endCursor": end}}}}
    )


def failed(code: object) -> bytes:
    """An answer with an error alone."""
    return orjson.dumps({"data": None, "errors": [{"message": "no", "extensions": {"code": code}}]})


def test_a_page_is_read() -> None:
    found = (AvailableCase("R", "T", "c"),)

    assert read_cases(page(edge()), 2, None) == CasesPage(found, None)
    assert read_cases(page(edge(), more=True), 2, None) == CasesPage(found, "c")
    assert read_cases(page(end=None), 2, None) == CasesPage((), None)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"data": {"cases": null}}', id="null"),
        pytest.param(page(edge(), edge(node={"reference": "S"}), edge(node={"reference": "U"})), id="too many"),
        pytest.param(page(edge(), edge()), id="the same twice"),
        pytest.param(page("edge"), id="an edge that is none"),
        pytest.param(page(edge(node=None)), id="no node"),
        pytest.param(page(edge(node={"reference": 1})), id="a number for a reference"),
        pytest.param(page(edge(node={"reference": "R" * 101})), id="a long reference"),
        pytest.param(page(edge(node={"reference": "a\u202eb"})), id="a reference with a bidirectional character"),
        pytest.param(page(edge(node={"reference": ""})), id="an empty reference"),
        pytest.param(page(edge(caseType=None)), id="no type"),
        pytest.param(page(edge(cursor="c" * 601)), id="a long cursor"),
        pytest.param(page(edge(), more="yes"), id="a text for a boolean"),
        pytest.param(page(edge(), more=True, end=None), id="no way on"),
        pytest.param(page(edge(), more=True, end="here"), id="no further"),
        pytest.param(page(more=True), id="nothing, and more"),
    ],
)
def test_what_does_not_fit_is_a_fault(body: bytes) -> None:
    assert read_cases(body, 2, "here") == CasesUnavailable(CasesUnavailableReason.PRODUCER_FAULT)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("FORBIDDEN", CasesUnavailableReason.PRODUCER_REFUSED),
        ("SERVICE_UNAVAILABLE", CasesUnavailableReason.PRODUCER_UNAVAILABLE),
        ("SOMETHING", CasesUnavailableReason.PRODUCER_FAULT),
        (1, CasesUnavailableReason.PRODUCER_FAULT),
    ],
)
def test_an_error_says_why(code: object, reason: CasesUnavailableReason) -> None:
    assert read_cases(failed(code), 2, None) == CasesUnavailable(reason)


def test_an_error_beside_cases_leaves_nothing_known() -> None:
    answer = orjson.loads(page(edge())) | {"errors": [{}]}

    assert read_cases(orjson.dumps(answer), 2, None) == CasesUnavailable(CasesUnavailableReason.PRODUCER_FAULT)
