"""The little GraphQL of the subgraphs that are measured with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.bench.speed.projection import operation

STATUS = {"__typename": "CaseStatus", "title": "Granskas"}
CASE: dict[str, Any] = {"__typename": "TaxAgencyCase", "reference": "A-1", "status": STATUS}
OTHER: dict[str, Any] = {"__typename": "MunicipalityCase", "reference": "B-1", "status": None}


async def entities(_: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As many of the two as are asked for."""
    return [CASE, OTHER][: arguments["most"]]


async def test_what_is_selected_is_given_under_the_names_it_is_asked_for_by() -> None:
    query = "query ($n: Int) { found: cases(most: $n) { __typename ...F } } fragment F on Case { r: reference }"

    data = await operation(query).answer(entities, {"n": 1})

    assert data == {"found": [{"__typename": "TaxAgencyCase", "r": "A-1"}]}


async def test_a_fragment_on_another_type_gives_nothing() -> None:
    query = "{ cases(most: 2) { ... on Case { reference } ... on TaxAgencyCase { status { title } } } }"

    data = await operation(query).answer(entities, {})

    assert data == {"cases": [{"reference": "A-1", "status": {"title": "Granskas"}}, {"reference": "B-1"}]}
