"""What the end user is shown of the record: names and reasons in their language, in pages, as far as they filter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.model.caller import ConsumerId
from gateway.model.disclosure import FIELD_TEXTS, OUTCOME_TEXTS, DisclosureOutcome
from gateway.model.overview import CasesUnavailableReason
from gateway.model.purpose import AREA_TEXTS, InformationArea
from gateway.model.record import RecordKind
from gateway.model.status import GRANTABLE_FIELDS, UnavailableReason
from tests.gateway import Gateway
from tests.groups.parties import global_id
from tests.own_record.records import BEGAN, GROUP, PORTAL, PROGRAM, Record, references, told
from tests.producer import Producer

WHOLE = """
  {
    disclosures {
      edges {
        node {
          at kind byRepresentative reference caseGroupId legalBasis outcome message requestId
          consumer { id name } producer { id name } caseType { code name }
          fields { name text } withheld { name text } purpose { informationArea areaName event }
        }
      }
    }
  }
"""

BY_NAME = "query ByName($id: ID!) { node(id: $id) { id ... on Disclosure { reference } } }"

TWELVE = tuple(told(reference=f"T-{number}") for number in range(12))


async def test_an_entry_says_who_when_what_and_why_in_english(record: Record, tax: Producer) -> None:
    await record.write(told(withheld=("references.url",), actors=("A" * 43,)))

    (edge,) = (await record.asked(WHOLE, language="en")).data["disclosures"]["edges"]

    assert edge["node"] == {
        "at": "2026-11-01T08:01:00Z",
        "kind": "STATUS",
        "byRepresentative": True,
        "reference": "T-1",
        "caseGroupId": global_id("CaseGroup", GROUP),
        "legalBasis": ["Skatteförfarandelagen 66 kap."],
        "outcome": "DISCLOSED",
        "message": "The data were disclosed.",
        "requestId": "request-1",
        "consumer": {"id": global_id("Consumer", PORTAL), "name": "business-portal (en)"},
        "producer": {"id": tax.global_id, "name": "tax-agency in English"},
        "caseType": {"code": "FSKATT", "name": "FSKATT (en)"},
        "fields": [
            {"name": "title", "text": "the status in a few words"},
            {"name": "updatedAt", "text": "when the status changed"},
        ],
        "withheld": [{"name": "references.url", "text": "the references' web addresses"}],
        "purpose": {
            "informationArea": "STARTING_RUNNING_AND_CLOSING_A_BUSINESS",
            "areaName": "Starting, running and closing a business",
            "event": "starting-a-company",
        },
    }


async def test_and_in_swedish_unless_asked_otherwise(record: Record) -> None:
    await record.write(told(outcome="NOT_PERMITTED", fields=(), withheld=("title",), grants=(), legal_basis=()))

    (edge,) = (await record.asked(WHOLE)).data["disclosures"]["edges"]
    entry = edge["node"]

    assert entry["consumer"]["name"] == "business-portal (sv)"
    assert entry["purpose"]["areaName"] == "Att starta, driva och lägga ned företag"
    assert (entry["fields"], entry["legalBasis"]) == ([], [])
    assert entry["withheld"] == [{"name": "title", "text": "statusen i några ord"}]
    assert entry["message"] == ("Inget lämnades ut: tjänsten fick inte läsa det, och myndigheten tillfrågades inte.")


async def test_a_pseudonym_is_not_shown(record: Record) -> None:
    await record.write(told(actors=("actor" * 8 + "xyz",)))

    body = (await record.asked(WHOLE)).body.decode()

    assert "actor" * 8 not in body
    assert (await record.pseudonym("199003152390")).digest not in body


async def test_what_is_gone_from_the_registry_is_named_by_its_id(record: Record) -> None:
    await record.write(told(consumer=ConsumerId("gone-portal"), producer="gone-agency"))

    (edge,) = (await record.asked(WHOLE)).data["disclosures"]["edges"]

    assert edge["node"]["consumer"]["name"] == "gone-portal"
    assert edge["node"]["producer"] is None
    assert edge["node"]["caseType"] == {"code": "FSKATT", "name": "FSKATT"}


async def test_an_overview_tells_which_case_was_shown_or_that_none_was(record: Record) -> None:
    overview = told(kind=RecordKind.OVERVIEW, group=None, purpose=None, fields=("caseType", "reference"))
    refused = {**overview, "outcome": "NOT_OFFERED", "fields": (), "reference": None, "case_type": None}
    await record.write(overview, refused)

    none, shown = ((edge["node"]) for edge in (await record.asked(WHOLE)).data["disclosures"]["edges"])

    assert (shown["kind"], shown["purpose"], shown["caseGroupId"]) == ("OVERVIEW", None, None)
    assert [field["text"] for field in shown["fields"]] == [
        "vilken typ av ärende det är",
        "att ärendet finns, och dess referens",
    ]
    assert (none["outcome"], none["reference"], none["caseType"]) == ("NOT_OFFERED", None, None)


async def test_what_a_newer_version_has_written_does_not_hide_the_rest(record: Record) -> None:
    await record.write(told(outcome="SOMETHING_NEW", purpose="NEW_AREA:event", fields=("newField",)), told())

    _, edge = (await record.asked(WHOLE)).data["disclosures"]["edges"]

    assert (edge["node"]["outcome"], edge["node"]["message"], edge["node"]["purpose"]) == (None, None, None)
    assert edge["node"]["fields"] == [{"name": "newField", "text": "newField"}]


async def test_other_kinds_of_record_are_not_the_end_users_list(record: Record) -> None:
    for kind in (RecordKind.REFUSAL, RecordKind.CHANGE, RecordKind.AGREEMENT, RecordKind.AUDIT, RecordKind.OPENED):
        await record.write({"kind": kind, "consumer": ConsumerId(PORTAL)})

    assert (await record.listed())["totalCount"] == 0


def test_every_reason_and_field_has_its_words() -> None:
    """NOT_RECORDED is in no record: that is what it means."""
    reasons = {reason.value for reason in (*UnavailableReason, *CasesUnavailableReason)} - {"NOT_RECORDED"}

    assert {outcome.value for outcome in DisclosureOutcome} == reasons | {"DISCLOSED"}
    assert set(OUTCOME_TEXTS) == set(DisclosureOutcome)
    assert set(FIELD_TEXTS) == {*GRANTABLE_FIELDS, "references", "caseType", "reference"}
    assert set(AREA_TEXTS) == set(InformationArea)


async def test_pages_go_from_the_newest_to_the_oldest_and_back(record: Record) -> None:
    await record.write(*TWELVE)

    first = await record.listed(first=5)
    second = await record.listed(first=5, after=first["pageInfo"]["endCursor"])
    third = await record.listed(first=5, after=second["pageInfo"]["endCursor"])
    back = await record.listed(last=5, before=third["pageInfo"]["startCursor"])
    oldest = await record.listed(last=2)

    assert references(first) + references(second) + references(third) == [f"T-{number}" for number in range(11, -1, -1)]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second, third)] == [True, True, False]
    assert [page["pageInfo"]["hasPreviousPage"] for page in (first, second, third)] == [False, True, True]
    assert references(back) == references(second)
    assert references(oldest) == ["T-1", "T-0"]
    assert first["totalCount"] == 12


async def test_entries_of_one_moment_and_several_streams_are_each_on_one_page(gateway: Gateway) -> None:
    """The database keeps milliseconds, and every replica has a stream of its own."""
    records = [Record(gateway) for _ in range(3)]
    for number, one in enumerate(records):
        await one.write(*(told(reference=f"T-{number}-{place}") for place in range(4)), at=BEGAN)

    pages, after = [], None
    while True:
        pages.append(await records[0].listed(first=5, after=after))
        after = pages[-1]["pageInfo"]["endCursor"]
        if not pages[-1]["pageInfo"]["hasNextPage"]:
            break

    found = [reference for page in pages for reference in references(page)]
    assert len(pages) == 3
    assert sorted(found) == sorted({f"T-{number}-{place}" for number in range(3) for place in range(4)})
    back = await records[0].listed(last=5, before=pages[1]["pageInfo"]["startCursor"])
    assert references(back) == references(pages[0])


async def test_what_is_recorded_while_one_pages_moves_nothing(record: Record) -> None:
    await record.write(*TWELVE)
    first = await record.listed(first=6)

    await record.write(told(reference="T-new"))
    second = await record.listed(first=6, after=first["pageInfo"]["endCursor"])

    assert references(second) == [f"T-{number}" for number in range(5, -1, -1)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"consumer": global_id("Consumer", PROGRAM)}, ["T-program"]),
        ({"producer": global_id("Producer", "municipality")}, ["T-city"]),
        ({"outcome": "PRODUCER_TIMEOUT"}, ["T-late"]),
        ({"from": "2026-11-01T08:03:00Z"}, ["T-late", "T-city"]),
        ({"to": "2026-11-01T09:03:00+01:00"}, ["T-program", "T-plain"]),
        ({"from": "2026-11-01T08:02:00Z", "to": "2026-11-01T08:03:00Z"}, ["T-program"]),
        ({"outcome": "DISCLOSED", "producer": global_id("Producer", "tax-agency")}, ["T-program", "T-plain"]),
        ({"consumer": global_id("Consumer", "nobody")}, []),
    ],
)
async def test_a_filter_shows_what_fits_all_its_parts(record: Record, wanted: dict[str, Any], found: list[str]) -> None:
    await record.write(
        told(reference="T-plain"),
        told(reference="T-program", consumer=ConsumerId(PROGRAM)),
        told(reference="T-city", producer="municipality"),
        told(reference="T-late", outcome="PRODUCER_TIMEOUT"),
    )

    page = await record.listed(filter=wanted)

    assert (references(page), page["totalCount"]) == (found, len(found))


async def test_a_group_narrows_to_what_was_read_in_it_even_when_it_is_gone(record: Record) -> None:
    await record.write(told(reference="T-1"), told(reference="T-2", group="690000000000000000000002"))

    assert references(await record.listed(caseGroup=global_id("CaseGroup", GROUP))) == ["T-1"]
    assert references(await record.listed(caseGroup=global_id("CaseGroup", "0" * 24))) == []


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "`from` must be before `to`"),
        ({"from": "2026-11-01T00:00:00Z", "to": "2026-11-01T01:00:00+01:00"}, "`from` must be before `to`"),
        ({"from": "yesterday"}, "must be a moment with its offset"),
        ({"to": "2026-02-30T00:00:00Z"}, "must be a moment with its offset"),
        ({"from": "2026-11-01"}, "must be a moment with its offset"),
        ({"consumer": "business-portal"}, "An id has the wrong form"),
        ({"producer": global_id("Consumer", PORTAL)}, "The id names a Consumer, not a Producer"),
    ],
)
async def test_what_is_no_filter_is_refused_with_what_would_be_right(
    record: Record, wanted: dict[str, Any], says: str
) -> None:
    answer = await record.asked(filter=wanted)

    assert answer.code == "BAD_USER_INPUT"
    assert says in answer.error["message"]


async def test_a_page_of_another_filter_or_list_is_refused(record: Record) -> None:
    await record.write(*TWELVE)
    cursor = (await record.listed(first=5))["pageInfo"]["endCursor"]

    for other in (
        {"filter": {"outcome": "DISCLOSED"}},
        {"caseGroup": global_id("CaseGroup", GROUP)},
        {"filter": {"to": (BEGAN + timedelta(days=1)).isoformat()}},
    ):
        assert (await record.asked(after=cursor, **other)).code == "BAD_USER_INPUT"


async def test_a_page_has_its_bounds(record: Record) -> None:
    assert (await record.asked(first=101)).code == "LIMIT_EXCEEDED"
    assert (await record.asked(first=0)).code == "BAD_USER_INPUT"


async def test_a_page_costs_one_read_and_the_count_one_more(record: Record) -> None:
    await record.write(*TWELVE)

    async def reads(query: str) -> int:
        before = record.gateway.reads.of(record.gateway.database.name, "disclosures")
        assert (await record.asked(query)).data
        return record.gateway.reads.of(record.gateway.database.name, "disclosures") - before

    assert await reads("{ disclosures { edges { node { reference consumer { name } fields { text } } } } }") == 1
    assert await reads("{ disclosures { totalCount } }") == 1
    assert await reads("{ disclosures { totalCount edges { cursor } } }") == 2


async def test_an_entry_is_found_again_by_its_id_and_leads_to_its_group_while_that_is_there(record: Record) -> None:
    group = await record.gateway.a_group_with()
    stored = await record.gateway.database["caseGroups"].find_one()
    assert stored is not None
    await record.write(told(group=str(stored["_id"])), told(reference="T-2"))
    query = "{ disclosures { edges { node { id reference caseGroupId caseGroup { id title } } } } }"

    gone, there = ((edge["node"]) for edge in (await record.asked(query)).data["disclosures"]["edges"])

    assert there["caseGroup"] == {"id": group["id"], "title": group["title"]}
    assert (gone["caseGroup"], gone["caseGroupId"]) == (None, global_id("CaseGroup", GROUP))
    for entry in (gone, there):
        assert (await record.asked(BY_NAME, id=entry["id"])).data["node"] == {
            "id": entry["id"],
            "reference": entry["reference"],
        }
