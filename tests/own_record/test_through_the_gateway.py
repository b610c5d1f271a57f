"""From a portal's question to the end user's own record, with nothing in between written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.gateway import GROUP_WITH_STATUSES
from tests.issuer import ALVA
from tests.overview.asking import overview
from tests.own_record.records import PORTAL, PROGRAM, READ, Record
from tests.producer import Producer

RECORD = """
  query Record($filter: DisclosureFilter) {
    disclosures(filter: $filter) {
      totalCount
      edges {
        node {
          kind reference outcome legalBasis requestId byRepresentative
          consumer { name } producer { id } caseGroup { title } fields { name } purpose { event }
        }
      }
    }
  }
"""


@pytest.fixture(autouse=True)
def _offers(tax: Producer) -> None:
    """A producer that tells which cases a subject has."""
    tax.offers = {ALVA: {"T-1": "FSKATT"}}


async def test_what_a_portal_was_told_is_in_the_end_users_record_when_the_answer_is_there(
    record: Record, tax: Producer, city: Producer
) -> None:
    group = await record.gateway.a_group_with(tax.case("T-1", title="Hemlig status"), city.case("C-1"))
    await city.stop()

    answer = await record.gateway.query(GROUP_WITH_STATUSES, id=group["id"], request_id="the-request")
    assert answer.statuses() == {"T-1": "Hemlig status", "C-1": "PRODUCER_UNAVAILABLE"}

    shown = (
        await record.asked(RECORD, consumer=PROGRAM, scope="disclosures:read case-groups:read", language="en")
    ).data
    by_reference = {edge["node"].pop("reference"): edge["node"] for edge in shown["disclosures"]["edges"]}
    assert by_reference["T-1"] == {
        "kind": "STATUS",
        "outcome": "DISCLOSED",
        "legalBasis": ["Only for tests."],
        "requestId": "the-request",
        "byRepresentative": False,
        "consumer": {"name": f"{PORTAL} (en)"},
        "producer": {"id": tax.global_id},
        "caseGroup": None,
        "fields": [{"name": "title"}],
        "purpose": {"event": "starting-a-company"},
    }
    assert (by_reference["C-1"]["outcome"], by_reference["C-1"]["fields"]) == ("PRODUCER_UNAVAILABLE", [])
    assert "Hemlig status" not in str(shown)
    assert (await record.listed(consumer=PROGRAM, scope=READ))["totalCount"] == 0


async def test_a_case_of_an_overview_is_in_it_too(record: Record, tax: Producer) -> None:
    await overview(record.gateway)

    shown = (await record.asked(RECORD, filter={"producer": tax.global_id})).data["disclosures"]
    (edge,) = shown["edges"]
    entry = edge["node"]
    assert (entry["kind"], entry["reference"], entry["outcome"]) == ("OVERVIEW", "T-1", "DISCLOSED")
    assert [field["name"] for field in entry["fields"]] == ["caseType", "reference"]


async def test_the_record_does_not_lead_through_a_group_to_the_record_again(record: Record, tax: Producer) -> None:
    """What one question asks for would be a page of pages of pages: with a hundred each, a million entries."""
    group = await record.gateway.a_group_with(tax.case("T-1"))
    await record.gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    answer = await record.asked(
        "{ disclosures { edges { node { caseGroup { title disclosures { totalCount } } } } } }", language="en"
    )

    assert answer.code == "BAD_USER_INPUT"
    (edge,) = answer.json["data"]["disclosures"]["edges"]
    assert edge["node"]["caseGroup"] == {"title": "Starta kafé", "disclosures": None}


async def test_nor_does_it_lead_to_the_cases_of_a_group_once_for_each_entry(record: Record, tax: Producer) -> None:
    group = await record.gateway.a_group_with(tax.case("T-1"))
    await record.gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    asked = tax.requests

    answer = await record.asked(
        "{ disclosures { edges { node { caseGroup { title cases { edges { node { status { __typename } } } } } } } } }",
        language="en",
    )

    assert answer.code == "BAD_USER_INPUT"
    assert tax.requests == asked


async def test_to_look_at_the_record_is_no_use_of_the_groups_in_it(record: Record, tax: Producer) -> None:
    group = await record.gateway.a_group_with(tax.case("T-1"))
    await record.gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    await record.gateway.database["caseGroups"].update_one({}, {"$set": {"retainUntil": soon}})

    await record.asked("{ disclosures { edges { node { caseGroup { title } } } } }")

    stored = await record.gateway.database["caseGroups"].find_one({})
    assert stored
    assert stored["retainUntil"] == soon
