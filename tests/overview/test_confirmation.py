"""A case is added as what its producer says that it is, where the producer says it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway import BUSINESS, Gateway
from tests.issuer import ALVA, BJORN
from tests.producer import Producer, answering
from tests.producers.asking import Silence


def case(producer: Producer, reference: str, case_type: str) -> dict[str, Any]:
    """A case as it is said to be."""
    return {"producer": producer.global_id, "caseType": case_type, "reference": reference}


def refusals(payload: Any) -> list[tuple[str, list[str]]]:
    """The code and the place of each user error."""
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def test_a_case_that_the_subject_has_is_added(gateway: Gateway, tax: Producer, registry_office: Producer) -> None:
    cases = [
        case(tax, "T-1", "FSKATT"),
        case(tax, "T-2", "MOMS"),
        case(registry_office, "B-1", "BOLAGSREGISTRERING"),
    ]

    payload = await gateway.create(*cases)

    assert payload["userErrors"] == []
    assert (tax.requests, registry_office.requests) == (1, 1)
    assert tax.asked[0].claims["scope"] == "cases"
    assert tax.asked[0].claims["case_types"] == ["FSKATT", "MOMS"]
    assert tax.asked[0].claims["purpose"] == [f"{BUSINESS['informationArea']}:{BUSINESS['event']}"]


@pytest.mark.parametrize(
    ("reference", "case_type"),
    [
        pytest.param("T-1", "MOMS", id="of another type"),
        pytest.param("T-3", "MOMS", id="of a type that is closed"),
        pytest.param("T-9", "FSKATT", id="another subject's"),
        pytest.param("T-0", "FSKATT", id="no case at all"),
    ],
)
async def test_a_case_that_is_not_what_it_is_said_to_be_is_refused_at_its_place(
    gateway: Gateway, tax: Producer, reference: str, case_type: str
) -> None:
    group = await gateway.a_group_with()
    wrong = case(tax, reference, case_type)

    created = await gateway.create(case(tax, "T-2", "MOMS"), wrong)
    added = await gateway.change("addCases", id=group["id"], expectedRevision=1, cases=[wrong])

    assert refusals(created) == [("CASE_NOT_CONFIRMED", ["input", "cases", "1"])]
    assert refusals(added) == [("CASE_NOT_CONFIRMED", ["input", "cases", "0"])]
    assert created["userErrors"][0]["message"] == "Myndigheten har inget sådant ärende av den här typen."
    assert created["caseGroup"] is None


async def test_a_case_is_confirmed_for_the_subject_whose_group_it_is(gateway: Gateway, tax: Producer) -> None:
    payload = await gateway.create(case(tax, "T-9", "FSKATT"), token=gateway.token_for(BJORN))

    assert payload["userErrors"] == []


async def test_a_producer_that_tells_of_no_cases_is_not_asked(gateway: Gateway, city: Producer) -> None:
    payload = await gateway.create(case(city, "ANY", "SERVERINGSTILLSTAND"))

    assert payload["userErrors"] == []
    assert city.requests == 0


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(answering({}, 503), id="away"),
        pytest.param(answering({"data": None}), id="at fault"),
        pytest.param(answering({}, 403), id="refusing"),
        pytest.param(Silence(), id="silent"),
    ],
)
@pytest.mark.settings(producer_deadline=0.3)
async def test_a_producer_that_cannot_be_asked_keeps_nobody_from_adding(
    gateway: Gateway, tax: Producer, registry_office: Producer, behaviour: Any
) -> None:
    tax.behaviour = behaviour

    added = await gateway.create(case(tax, "T-0", "FSKATT"), case(registry_office, "B-1", "BOLAGSREGISTRERING"))
    refused = await gateway.create(case(tax, "T-0", "FSKATT"), case(registry_office, "B-0", "BOLAGSREGISTRERING"))

    assert added["userErrors"] == []
    assert refusals(refused) == [("CASE_NOT_CONFIRMED", ["input", "cases", "1"])]


async def test_a_list_of_several_pages_is_looked_through_and_a_longer_one_confirms_no_more(
    gateway: Gateway, tax: Producer
) -> None:
    assert tax.offers is not None
    tax.offers[ALVA] = {f"T-{number:04}": "FSKATT" for number in range(501)}

    found = await gateway.create(case(tax, "T-0250", "FSKATT"))
    assert (found["userErrors"], tax.requests) == ([], 3)

    mistaken = await gateway.create(case(tax, "T-0499", "MOMS"))
    assert refusals(mistaken) == [("CASE_NOT_CONFIRMED", ["input", "cases", "0"])]

    tax.asked.clear()
    unknown = await gateway.create(case(tax, "T-9999", "FSKATT"))
    assert (unknown["userErrors"], tax.requests) == ([], 5)


async def test_nobody_is_asked_about_a_change_that_is_refused_anyway(gateway: Gateway, tax: Producer) -> None:
    payload = await gateway.create(case(tax, "T-1", "FSKATT"), case(tax, "T-3", "CLOSED"))

    assert refusals(payload) == [("CASE_TYPE_NOT_OPEN", ["input", "cases", "1", "caseType"])]
    assert tax.requests == 0


async def test_a_repeated_creation_gives_its_first_result_without_asking_again(gateway: Gateway, tax: Producer) -> None:
    first = await gateway.create(case(tax, "T-1", "FSKATT"), idempotencyKey="once")
    assert tax.offers is not None
    tax.offers[ALVA].clear()

    again = await gateway.create(case(tax, "T-1", "FSKATT"), idempotencyKey="once")

    assert again["caseGroup"]["id"] == first["caseGroup"]["id"]
    assert tax.requests == 1
