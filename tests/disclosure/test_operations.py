"""What one operation leaves in the record: everything it told, refused and changed, before it is told or made."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from gateway.model.global_id import global_id
from gateway.model.record import RecordKind
from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.http.parts import in_parts
from tests.issuer import ALVA, BJORN, COMPANY
from tests.overview.asking import OVERVIEW
from tests.producer import Producer

DETAILED = """
  query Group($id: ID!) {
    caseGroup(id: $id) {
      cases(first: 100) {
        edges { node { reference status { ... on CaseStatus { title code references { url } } } } }
      }
    }
  }
"""

DEFERRED = """
  query Group($id: ID!) {
    caseGroup(id: $id) {
      title
      cases(first: 100) {
        edges { node { reference ... @defer { status { __typename ... on StatusUnavailable { reason } } } } }
      }
    }
  }
"""


async def recorded(gateway: Gateway, kind: RecordKind) -> list[dict[str, Any]]:
    """The records of one kind, in the order they were written."""
    return await gateway.database["disclosures"].find({"kind": kind.value}, sort=[("_id", 1)]).to_list(None)


async def keep_the_record_from_being_written(gateway: Gateway) -> None:
    """From now on the database refuses every record."""
    await gateway.database.command("collMod", "disclosures", validator={"$jsonSchema": {"required": ["never"]}})


async def test_every_status_that_is_told_is_recorded_with_who_what_and_why(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))

    answer = await gateway.query(DETAILED, id=group["id"], request_id="one-request")

    assert "errors" not in answer.json
    records = await recorded(gateway, RecordKind.STATUS)
    told = {record["reference"]: record for record in records}
    assert told.keys() == {"T-1", "C-1"}
    assert len(records) == 2
    stored = await gateway.database["caseGroups"].find_one({})
    grant = await gateway.database["grants"].find_one({"consumer": "business-portal", "producer": "tax-agency"})
    assert stored
    assert grant
    assert {name: value for name, value in told["T-1"].items() if name not in CHAINED} == {
        "kind": "status",
        "requestId": "one-request",
        "consumer": "business-portal",
        "subject": stored["subject"],
        "subjectKey": "k1",
        "group": str(stored["_id"]),
        "producer": "tax-agency",
        "caseType": "FSKATT",
        "reference": "T-1",
        "fields": ["code", "title", "references.url"],
        "purpose": "STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company",
        "grants": [str(grant["_id"])],
        "legalBasis": [grant["legalBasis"]],
        "outcome": "DISCLOSED",
    }


CHAINED = {"_id", "stream", "sequence", "at", "previous", "hash"}


async def test_nothing_that_a_producer_said_is_in_the_record(gateway: Gateway, tax: Producer) -> None:
    said = {
        "title": "Hemlig rubrik",
        "code": "HEMLIG_KOD",
        "references": [{"title": "Hit", "url": "https://hemlig.example"}],
    }
    group = await gateway.a_group_with(tax.case("T-1", **said), title="Hemlig grupp")

    await gateway.query(DETAILED, id=group["id"])

    assert "hemlig" not in str(await gateway.database["disclosures"].find({}).to_list(None)).lower()


async def test_the_representative_is_recorded_by_pseudonym(gateway: Gateway, tax: Producer) -> None:
    token = gateway.token_for(COMPANY, act={"sub": ALVA, "act": {"sub": BJORN}})
    group = await gateway.a_group_with(tax.case("T-1"), token=token)

    await gateway.query(GROUP_WITH_STATUSES, id=group["id"], token=token)

    (record,) = await recorded(gateway, RecordKind.STATUS)
    assert len(record["actors"]) == 2
    own = await gateway.a_group_with(tax.case("T-2"))
    alva = await gateway.database["caseGroups"].find_one({"cases.reference": "T-2"})
    assert own
    assert alva
    assert record["actors"][0] == alva["subject"] != record["subject"]
    assert not any(number in str(record) for number in (ALVA, BJORN, COMPANY))


async def test_what_is_told_twice_is_recorded_twice(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    await gateway.query(
        """
        query Twice($id: ID!) {
          caseGroup(id: $id) {
            cases { edges { node {
              one: status { ... on CaseStatus { title } } two: status { ... on CaseStatus { code } }
            } } }
          }
        }
        """,
        id=group["id"],
    )

    assert [record["fields"] for record in await recorded(gateway, RecordKind.STATUS)] == [["title"], ["code"]]


async def test_that_there_is_a_status_is_told_and_recorded_without_a_field(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    await gateway.query(
        "query($id: ID!) { caseGroup(id: $id) { cases { edges { node { status { __typename } } } } } }", id=group["id"]
    )

    (record,) = await recorded(gateway, RecordKind.STATUS)
    assert record["outcome"] == "DISCLOSED"
    assert "fields" not in record
    assert record["grants"]


async def test_a_refusal_is_recorded_and_so_is_a_producer_that_fails(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    await gateway.database["caseGroups"].update_one({}, {"$set": {"cases.0.caseType": "CLOSED"}})

    async def fail(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    city.behaviour = fail
    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert answer.statuses() == {"T-1": "NOT_PERMITTED", "C-1": "PRODUCER_UNAVAILABLE"}
    records = {record["reference"]: record for record in await recorded(gateway, RecordKind.STATUS)}
    assert {reference: record["outcome"] for reference, record in records.items()} == answer.statuses()
    assert not any("fields" in record or "grants" in record for record in records.values())


async def test_without_its_record_a_status_is_withheld_and_nothing_else_is(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1", title="Hemligt"))
    await keep_the_record_from_being_written(gateway)

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert answer.statuses() == {"T-1": "NOT_RECORDED"}
    assert answer.data["caseGroup"]["title"] == "Starta kafé"
    assert b"Hemligt" not in answer.body


async def test_a_deferred_status_is_recorded_before_its_part_leaves(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        await parts.next()
        (part,) = await parts.all()
        records = await recorded(gateway, RecordKind.STATUS)

    assert part["incremental"][0]["data"]["status"]["__typename"] == "CaseStatus"
    assert [record["reference"] for record in records] == ["T-1"]


async def test_a_deferred_status_that_cannot_be_recorded_is_withheld(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await keep_the_record_from_being_written(gateway)

    async with in_parts(gateway, DEFERRED, id=group["id"]) as parts:
        first, last = await parts.all()

    assert first["data"]["caseGroup"]["title"] == "Starta kafé"
    status = last["incremental"][0]["data"]["status"]
    assert status == {"__typename": "StatusUnavailable", "reason": "NOT_RECORDED"}


async def test_a_change_is_recorded_before_it_is_made_and_after(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, title="Ny titel")
    await gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, title="För sent")
    await gateway.change("deleteCaseGroup", id=group["id"], expectedRevision=2)

    records = await recorded(gateway, RecordKind.CHANGE)

    assert [(record["outcome"], record["details"]) for record in records] == [
        ("INTENDED", {"action": "createCaseGroup"}),
        ("MADE", {"action": "createCaseGroup", "revision": 1}),
        ("INTENDED", {"action": "updateCaseGroup"}),
        ("MADE", {"action": "updateCaseGroup", "revision": 2}),
        ("INTENDED", {"action": "updateCaseGroup"}),
        ("REFUSED", {"action": "updateCaseGroup", "codes": ["CONFLICT"]}),
        ("INTENDED", {"action": "deleteCaseGroup"}),
        ("MADE", {"action": "deleteCaseGroup"}),
    ]
    assert len({record["group"] for record in records[1:]}) == 1
    assert "titel" not in str(records)


async def test_who_may_read_and_who_is_offered_a_group_is_recorded(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    program = (
        await gateway.query("{ viewer { consumer { id } } }", token=gateway.token_for(consumer="accounting-program"))
    ).data
    reader = program["viewer"]["consumer"]["id"]
    until = "2027-01-01T00:00:00Z"
    await gateway.query(
        "mutation($input: PermitReadingInput!) { permitReading(input: $input) { userErrors { code } } }",
        {"input": {"id": group["id"], "expectedRevision": 1, "consumer": reader, "validUntil": until}},
    )

    made = (await recorded(gateway, RecordKind.CHANGE))[-1]

    assert made["outcome"] == "MADE"
    assert made["details"] == {"action": "permitReading", "consumer": "accounting-program", "revision": 2}


async def test_of_a_consumer_that_there_is_not_nothing_is_recorded(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    nobody = global_id("Consumer", f"{ALVA} har fått bifall")
    await gateway.query(
        "mutation($input: PermitReadingInput!) { permitReading(input: $input) { userErrors { code } } }",
        {"input": {"id": group["id"], "expectedRevision": 1, "consumer": nobody, "validUntil": "2027-01-01T00:00:00Z"}},
    )

    intended, refused = (await recorded(gateway, RecordKind.CHANGE))[-2:]

    assert intended["details"] == {"action": "permitReading", "consumer": ""}
    assert refused["details"] == {"action": "permitReading", "codes": ["UNKNOWN_CONSUMER"]}


async def test_a_change_that_cannot_be_recorded_is_not_made(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await keep_the_record_from_being_written(gateway)

    answer = await gateway.query(
        "mutation($input: UpdateCaseGroupInput!) { updateCaseGroup(input: $input) { caseGroup { title } } }",
        {"input": {"id": group["id"], "expectedRevision": 1, "title": "Ny titel"}},
    )

    assert answer.code == "UNAVAILABLE"
    assert answer.error["message"].startswith("The change could not be recorded first, so it was not made.")
    stored = await gateway.database["caseGroups"].find_one({})
    assert stored
    assert (stored["title"], stored["revision"]) == ("Starta kafé", 1)


async def test_fields_that_the_scopes_do_not_open_are_recorded_as_refused(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    answer = await gateway.query(
        GROUP_WITH_STATUSES,
        id=group["id"],
        token=gateway.token_for(scope="case-groups:write"),
        request_id="refused-one",
    )

    assert answer.code == "FORBIDDEN_FIELD"
    (record,) = await recorded(gateway, RecordKind.REFUSAL)
    assert (record["withheld"], record["requestId"]) == (["Query.caseGroup"], "refused-one")
    assert await recorded(gateway, RecordKind.STATUS) == []


async def test_fields_that_are_not_granted_are_recorded_as_withheld(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await gateway.database["grants"].update_many({}, {"$set": {"fields": ["title"]}})
    await gateway.query(DETAILED, id=group["id"])
    while "errors" not in (await gateway.query(DETAILED, id=group["id"])).json:
        pass  # the registry has not heard of it yet

    record = (await recorded(gateway, RecordKind.STATUS))[-1]

    assert (record["fields"], record["withheld"]) == (["title"], ["code", "references"])


class TestOverview:
    @pytest.fixture(autouse=True)
    def _offers(self, tax: Producer) -> None:
        tax.offers = {ALVA: {"T-1": "FSKATT", "T-2": "MOMS", "T-3": "CLOSED"}}

    async def test_every_case_that_an_overview_tells_of_is_recorded(self, gateway: Gateway) -> None:
        answer = await gateway.query(OVERVIEW)

        assert len(answer.data["availableCases"]["edges"]) == 2
        records = [
            record for record in await recorded(gateway, RecordKind.OVERVIEW) if record["outcome"] == "DISCLOSED"
        ]
        assert [(record["reference"], record["caseType"], record["fields"]) for record in records] == [
            ("T-1", "FSKATT", ["caseType", "reference"]),
            ("T-2", "MOMS", ["caseType", "reference"]),
        ]
        assert all(record["grants"] for record in records)

    async def test_that_there_is_no_case_is_told_and_recorded_too(self, gateway: Gateway, tax: Producer) -> None:
        tax.offers = {}
        await gateway.query(OVERVIEW, request_id="the-request")

        (record,) = await recorded(gateway, RecordKind.OVERVIEW)

        assert (record["producer"], record["outcome"], record["requestId"]) == (tax.id, "DISCLOSED", "the-request")
        assert "reference" not in record
        assert "fields" not in record

    async def test_without_their_record_the_cases_are_withheld(self, gateway: Gateway) -> None:
        await keep_the_record_from_being_written(gateway)

        answer = await gateway.query(OVERVIEW)

        outcomes = {one["outcome"].get("reason") for one in answer.data["availableCases"]["producers"]}
        assert outcomes == {"NOT_RECORDED", "NOT_OFFERED"}
        assert b"T-1" not in answer.body
