"""What must never happen: a subject reading another's record, or a consumer learning what another was told.

With the scope `disclosures:read` the subject sees every consumer's disclosures about itself; a token without it shows
the consumer's own. Whatever one asks, by list, group, page, count, id or filter, it is the same.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.model.caller import ConsumerId, SubjectKey
from tests.agreements import consumer_record
from tests.gateway import Answer
from tests.groups.parties import consumer_id, days_away, global_id
from tests.http.waiting import until
from tests.issuer import ALVA, BJORN, COMPANY
from tests.own_record.records import GROUP, LIST, OF_A_GROUP, PORTAL, PROGRAM, READ, Record, references, told

NODE = "query ByName($id: ID!) { node(id: $id) { __typename id } }"

MIXED = tuple(
    told(reference=f"{consumer}-{number}", consumer=ConsumerId(consumer))
    for number in range(3)
    for consumer in (PORTAL, PROGRAM)
)
"""What two consumers were told of the same group, by turns."""


def ids(page: Any) -> list[str]:
    return [edge["node"]["id"] for edge in page["edges"]]


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def without_request_id(answer: Answer) -> Any:
    error = answer.error
    return {**answer.json, "errors": [{**error, "extensions": {**error["extensions"], "requestId": None}}]}


async def test_with_the_scope_the_subject_sees_every_consumers_through_any(record: Record) -> None:
    await record.write(*MIXED)

    through_one = await record.listed(consumer=PORTAL)
    through_another = await record.listed(consumer=PROGRAM, scope="disclosures:read")

    assert through_one["totalCount"] == through_another["totalCount"] == 6
    assert references(through_one) == references(through_another) == [said["reference"] for said in reversed(MIXED)]


async def test_without_it_a_consumer_sees_its_own_alone(record: Record) -> None:
    await record.write(*MIXED)

    for consumer in (PORTAL, PROGRAM):
        page = await record.listed(consumer=consumer, scope=READ)

        assert references(page) == [f"{consumer}-{number}" for number in (2, 1, 0)]
        assert page["totalCount"] == 3


async def test_a_token_with_neither_scope_sees_nothing(record: Record) -> None:
    await record.write(*MIXED)

    before = record.gateway.reads.of(record.gateway.database.name, "disclosures")

    answer = await record.asked(scope="subject:read case-groups:write")

    assert answer.json["data"] == {"disclosures": None}
    assert answer.error["extensions"]["requires"] == {"scopes": [["case-groups:read"], ["disclosures:read"]]}
    assert record.gateway.reads.of(record.gateway.database.name, "disclosures") == before


@pytest.mark.parametrize("other", [BJORN, COMPANY])
async def test_no_subject_sees_anothers(record: Record, other: str) -> None:
    await record.write(*MIXED)
    await record.write(told(reference="theirs"), subject=other)

    assert references(await record.listed(subject=other)) == ["theirs"]
    assert references(await record.listed(subject=other, caseGroup=global_id("CaseGroup", GROUP))) == ["theirs"]
    assert "theirs" not in references(await record.listed())
    assert (await record.listed(subject=other))["totalCount"] == 1


async def test_a_representative_sees_the_record_of_whom_it_acts_for_and_not_its_own(record: Record) -> None:
    await record.write(told(reference="the-companys"), subject=COMPANY)
    await record.write(told(reference="her-own"), subject=ALVA)

    token = record.gateway.token_for(COMPANY, actor=ALVA)
    page = (await record.gateway.query(LIST, token=token)).data["disclosures"]

    assert references(page) == ["the-companys"]


async def test_a_reader_of_a_group_sees_its_own_entries_of_it_and_no_sign_of_the_owners(record: Record) -> None:
    group = await record.gateway.a_group_with()
    stored = await record.gateway.database["caseGroups"].find_one()
    assert stored is not None
    owners = [told(reference=f"owners-{number}", group=str(stored["_id"])) for number in range(5)]
    readers = told(reference="readers", group=str(stored["_id"]), consumer=ConsumerId(PROGRAM))
    await record.write(*owners, readers, *owners)
    await record.gateway.change(
        "permitReading", id=group["id"], expectedRevision=1, consumer=consumer_id(PROGRAM), validUntil=days_away(30)
    )

    async def of_the_group(consumer: str, **more: Any) -> Any:
        answer = await record.asked(OF_A_GROUP, consumer=consumer, scope=READ, id=group["id"], **more)
        return answer.data["caseGroup"]["disclosures"]

    assert await of_the_group(PROGRAM, first=1) == {
        "totalCount": 1,
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": (page := await of_the_group(PROGRAM))["edges"][0]["cursor"],
            "endCursor": page["edges"][0]["cursor"],
        },
        "edges": page["edges"],
    }
    assert references(page) == ["readers"]
    assert references(await of_the_group(PROGRAM, filter={"consumer": consumer_id(PORTAL)})) == []
    assert (await of_the_group(PORTAL))["totalCount"] == 10


async def test_a_group_that_one_may_not_see_has_no_record_to_ask_for_through_it(record: Record) -> None:
    group = await record.gateway.a_group_with()
    stored = await record.gateway.database["caseGroups"].find_one()
    assert stored is not None
    await record.write(told(group=str(stored["_id"])))

    for caller in ({"consumer": PROGRAM, "scope": READ}, {"subject": BJORN}):
        assert (await record.asked(OF_A_GROUP, id=group["id"], **caller)).code == "NOT_FOUND"
        there = await record.listed(caseGroup=group["id"], **caller)
        nowhere = await record.listed(caseGroup=global_id("CaseGroup", "0" * 24), **caller)
        assert there == nowhere
        assert there["totalCount"] == 0


async def test_a_filter_does_not_reach_beyond_ones_own(record: Record) -> None:
    await record.write(*MIXED)

    page = await record.listed(scope=READ, filter={"consumer": consumer_id(PROGRAM)})

    assert (page["edges"], page["totalCount"]) == ([], 0)
    assert page["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


async def test_that_there_is_a_next_page_says_nothing_of_others(record: Record) -> None:
    program = told(consumer=ConsumerId(PROGRAM))
    await record.write(program, told(reference="T-1"), program, program, told(reference="T-2"), program)

    first = await record.listed(scope=READ, first=1)
    second = await record.listed(scope=READ, first=1, after=first["pageInfo"]["endCursor"])
    backward = await record.listed(scope=READ, last=2)

    assert (references(first), first["pageInfo"]["hasNextPage"]) == (["T-2"], True)
    assert (references(second), second["pageInfo"]["hasNextPage"]) == (["T-1"], False)
    assert (references(backward), backward["pageInfo"]["hasPreviousPage"]) == (["T-2", "T-1"], False)


async def test_anothers_cursor_leads_nowhere(record: Record) -> None:
    await record.write(*MIXED)
    await record.write(told(reference="theirs"), subject=BJORN)
    cursor = (await record.listed(first=1))["pageInfo"]["endCursor"]

    for caller in ({"subject": BJORN}, {"consumer": PROGRAM}, {"scope": READ}):
        answer = await record.asked(after=cursor, **caller)

        assert answer.code == "BAD_USER_INPUT"
        assert answer.json["data"] == {"disclosures": None}


async def test_an_id_is_found_by_those_who_see_the_entry_and_by_nobody_else(record: Record) -> None:
    await record.write(*MIXED)
    entries = await record.listed()
    portals, programs = entries["edges"][1]["node"]["id"], entries["edges"][0]["node"]["id"]
    assert references(entries)[:2] == [f"{PROGRAM}-2", f"{PORTAL}-2"]

    assert (await record.asked(NODE, id=programs)).data["node"] == {"__typename": "Disclosure", "id": programs}
    assert (await record.asked(NODE, id=portals, scope=READ)).data["node"]["id"] == portals
    absent = await record.asked(NODE, id=global_id("Disclosure", "nothing"))
    for caller in ({"scope": READ}, {"subject": BJORN}, {"subject": BJORN, "consumer": PROGRAM}):
        answer = await record.asked(NODE, id=programs, **caller)
        assert answer.code == "NOT_FOUND"
        assert without_request_id(answer) == without_request_id(absent)
    closed = await record.asked(NODE, id=portals, scope="subject:read")
    assert closed.code == "FORBIDDEN_FIELD"


async def test_ids_and_cursors_do_not_tell_how_much_is_recorded_of_others(record: Record) -> None:
    """A place in the record is a number in a stream of everybody's."""
    await record.write(told(reference="mine"))

    (edge,) = (await record.listed())["edges"]

    for text in (edge["cursor"], edge["node"]["id"]):
        _, _, sealed = decoded(text).rpartition(b":")
        assert record.stream.encode() not in decoded(text) + decoded(sealed.decode())


async def test_a_third_consumer_learns_nothing(record: Record) -> None:
    await record.gateway.database["consumers"].insert_one(consumer_record("travel-portal"))
    await record.write(*MIXED)

    async def connected() -> bool:
        return "errors" not in (await record.asked(consumer="travel-portal", scope=READ)).json

    await until(connected)
    assert (await record.listed(consumer="travel-portal", scope=READ))["totalCount"] == 0


async def test_entries_under_another_pseudonym_are_somebody_elses(record: Record) -> None:
    await record.write(told(subject=SubjectKey("Z" * 43, "k1")))

    assert (await record.listed())["totalCount"] == 0
