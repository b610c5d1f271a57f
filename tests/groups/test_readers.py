"""What a consumer sees of a group that the end user lets it read: as much as was permitted, as long as it is."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from gateway.groups.retention import Retention
from gateway.groups.visible import VisibleGroups
from gateway.model.caller import Caller, ConsumerId, SubjectKey
from gateway.model.case_group import CaseGroupFilter, GroupId
from gateway.model.page import Window
from gateway.store.case_groups import CaseGroupStore
from tests.gateway import STATUS
from tests.groups.parties import LIMITS, OTHER, Parties, Party, global_id, stored_id
from tests.issuer import BJORN
from tests.producer import Producer

LIST = """
  query List($filter: CaseGroupFilter, $first: Int, $after: String) {
    caseGroups(filter: $filter, first: $first, after: $after) {
      totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { id title } }
    }
  }
"""

CASES = """
  query Cases($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    caseGroup(id: $id) {
      cases(first: $first, after: $after, last: $last, before: $before) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { reference } }
      }
    }
  }
"""

NODE = "query Node($id: ID!) { node(id: $id) { id } }"


async def asked(party: Party, query: str, **variables: Any) -> Any:
    return (await party.gateway.query(query, variables, token=party.token)).data


async def listed(party: Party, **variables: Any) -> tuple[list[str], int]:
    found = (await asked(party, LIST, **variables))["caseGroups"]
    return [edge["node"]["id"] for edge in found["edges"]], found["totalCount"]


def references(cases: Any) -> list[str]:
    return [edge["node"]["reference"] for edge in cases["edges"]]


def case_id(group: dict[str, Any], producer: Producer, reference: str) -> str:
    return global_id("Case", f"{stored_id(group)}:{producer.id}:{reference}")


async def test_a_reader_finds_the_group_by_id_by_node_and_in_its_list_beside_its_own(
    parties: Parties, tax: Producer
) -> None:
    permitted = await parties.gateway.a_group_with(tax.case("T-1"))
    own = await parties.gateway.a_group_with(token=parties.other.token)
    hidden = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, permitted)

    assert (await parties.other.sees(permitted))["owner"] == {"id": parties.owner.id}
    assert await parties.other.sees(hidden) is None
    assert (await asked(parties.other, NODE, id=permitted["id"]))["node"] == {"id": permitted["id"]}
    case = permitted["cases"]["edges"][0]["node"]["id"]
    assert (await asked(parties.other, NODE, id=case))["node"] == {"id": case}
    assert await listed(parties.other) == ([own["id"], permitted["id"]], 2)
    assert await listed(parties.owner) == ([hidden["id"], permitted["id"]], 2)
    assert await listed(parties.third) == ([], 0)


async def test_the_list_of_a_reader_is_paged_as_one(parties: Parties) -> None:
    groups = []
    for number in range(6):
        if number % 2:
            groups.append(await parties.gateway.a_group_with(token=parties.other.token))
        else:
            groups.append(await parties.gateway.a_group_with())
            await parties.owner.permits(parties.other, groups[-1])

    first = (await asked(parties.other, LIST, first=4))["caseGroups"]
    rest = (await asked(parties.other, LIST, first=4, after=first["pageInfo"]["endCursor"]))["caseGroups"]

    found = [edge["node"]["id"] for page in (first, rest) for edge in page["edges"]]
    assert found == [group["id"] for group in reversed(groups)]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (6, True, False)


async def test_a_permission_is_for_the_subject_it_was_given_for(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)

    assert await Party(parties.gateway, OTHER, BJORN).sees(group) is None
    assert await listed(Party(parties.gateway, OTHER, BJORN)) == ([], 0)


async def test_a_narrowed_reader_sees_those_cases_alone_in_pages_counts_and_nodes(
    parties: Parties, tax: Producer, city: Producer
) -> None:
    group = await parties.gateway.a_group_with(
        city.case("C-1"), tax.case("T-1"), city.case("C-2"), tax.case("T-2"), tax.case("T-3"), city.case("C-3")
    )
    await parties.owner.permits(parties.other, group, producers=[tax.global_id])

    async def cases(**arguments: Any) -> Any:
        return (await asked(parties.other, CASES, id=group["id"], **arguments))["caseGroup"]["cases"]

    first, last = await cases(first=2), await cases(last=2)
    rest = await cases(after=first["pageInfo"]["endCursor"])
    before = await cases(last=2, before=last["pageInfo"]["startCursor"])

    assert [references(page) for page in (first, rest, last, before)] == [
        ["T-1", "T-2"],
        ["T-3"],
        ["T-2", "T-3"],
        ["T-1"],
    ]
    assert {page["totalCount"] for page in (first, rest, last, before)} == {3}
    assert (first["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasPreviousPage"]) == (False, False)
    assert (rest["pageInfo"]["hasNextPage"], last["pageInfo"]["hasNextPage"]) == (False, False)


async def test_a_case_beyond_the_narrowing_is_not_found_in_the_very_words_of_one_that_is_not_there(
    parties: Parties, tax: Producer, city: Producer
) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    await parties.owner.permits(parties.other, group, producers=[tax.global_id])

    async def errors(id_: str) -> Any:
        answer = await parties.gateway.query(NODE, id=id_, token=parties.other.token)
        assert answer.json["data"] == {"node": None}
        del answer.json["errors"][0]["extensions"]["requestId"]
        return {**answer.error, "extensions": {"code": answer.code}}

    hidden = await errors(case_id(group, city, "C-1"))
    absent = await errors(case_id(group, city, "C-2"))

    assert hidden["extensions"] == {"code": "NOT_FOUND"}
    assert hidden == absent


async def test_a_cursor_does_not_tell_how_many_cases_are_not_shown(
    parties: Parties, tax: Producer, city: Producer
) -> None:
    few = await parties.gateway.a_group_with(tax.case("T-1"))
    many = await parties.gateway.a_group_with(*(city.case() for _ in range(7)), tax.case("T-2"))
    for group in (few, many):
        await parties.owner.permits(parties.other, group, producers=[tax.global_id])

    places = []
    for group in (few, many):
        (edge,) = (await parties.other.sees(group))["cases"]["edges"]
        cursor = edge["cursor"]
        places.append(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")[2])

    assert [len(place) for place in places] == [32, 32]
    assert not any(place.isdigit() and int(place) < 100 for place in places)


async def test_a_cursor_is_of_no_use_to_another_consumer(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"), tax.case("T-2"))
    await parties.owner.permits(parties.other, group)
    cursor = (await parties.owner.sees(group))["cases"]["edges"][0]["cursor"]
    of_list = (await asked(parties.owner, LIST))["caseGroups"]["edges"][0]["cursor"]

    for query, variables in ((CASES, {"id": group["id"], "after": cursor}), (LIST, {"after": of_list})):
        answer = await parties.gateway.query(query, variables, token=parties.other.token)
        assert answer.code == "BAD_USER_INPUT"


async def test_a_filter_tells_no_more_than_the_cases_that_are_shown(
    parties: Parties, tax: Producer, city: Producer, registry_office: Producer
) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    await parties.owner.permits(parties.other, group, producers=[tax.global_id, registry_office.global_id])

    for producer, found in ((tax, [group["id"]]), (city, []), (registry_office, [])):
        assert await listed(parties.other, filter={"producer": producer.global_id}) == (found, len(found))
    assert await listed(parties.owner, filter={"producer": city.global_id}) == ([group["id"]], 1)
    assert await listed(parties.other, filter={"event": "starting-a-company"}) == ([group["id"]], 1)
    assert await listed(parties.other, filter={"event": "filing-vat"}) == ([], 0)


async def test_a_private_note_is_the_owners_alone(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with(
        {**tax.case("T-1"), "note": "Bara för mig", "noteIsPrivate": True},
        {**tax.case("T-2"), "note": "För alla"},
        {**tax.case("T-3"), "noteIsPrivate": True},
    )
    await parties.owner.permits(parties.other, group)

    async def notes(party: Party) -> list[tuple[str | None, bool]]:
        nodes = [edge["node"] for edge in (await party.sees(group))["cases"]["edges"]]
        return [(node["note"], node["noteIsPrivate"]) for node in nodes]

    assert await notes(parties.owner) == [("Bara för mig", True), ("För alla", False), (None, False)]
    assert await notes(parties.other) == [(None, False), ("För alla", False), (None, False)]


async def test_a_reader_sees_its_own_permission_no_other_and_no_offer(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await parties.owner.permits(parties.third, group, 2)
    await parties.owner.offers(parties.third, group, 3)

    owner, reader = await parties.owner.sees(group), await parties.other.sees(group)

    assert [one["consumer"]["id"] for one in owner["readPermissions"]] == [parties.other.id, parties.third.id]
    assert [one["consumer"]["id"] for one in reader["readPermissions"]] == [parties.other.id]
    assert owner["transfer"]["to"] == {"id": parties.third.id}
    assert reader["transfer"] is None


async def test_a_reader_reads_statuses_through_its_own_grants_narrowed_to_what_is_permitted(
    parties: Parties, tax: Producer
) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1", description="Mer om det"))
    await parties.owner.permits(parties.other, group, fields=["title"])
    query = """query($id: ID!) { caseGroup(id: $id) { cases { edges { node {
      status { ... on CaseStatus { title description } ... on StatusUnavailable { reason } } } } } } }"""

    answer = await parties.gateway.query(query, id=group["id"], token=parties.other.token)

    assert answer.code == "FORBIDDEN_FIELD"
    (edge,) = answer.json["data"]["caseGroup"]["cases"]["edges"]
    assert edge["node"]["status"] == {"title": "Granskas (T-1)", "description": None}
    assert "description" not in tax.asked[-1].query
    assert tax.asked[-1].claims["client_id"] == OTHER


async def test_a_lapsed_permission_is_none(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"))
    await parties.owner.permits(parties.other, group)
    assert await listed(parties.other) == ([group["id"]], 1)
    await ending(parties, group, datetime.now(UTC))

    assert await parties.other.sees(group) is None
    assert await listed(parties.other) == ([], 0)
    assert await listed(parties.other, filter={"producer": tax.global_id}) == ([], 0)
    for id_ in (group["id"], case_id(group, tax, "T-1")):
        assert (await parties.gateway.query(NODE, id=id_, token=parties.other.token)).code == "NOT_FOUND"
    counted = await asked(parties.other, "{ caseGroups { totalCount } }")
    assert counted["caseGroups"]["totalCount"] == 0
    assert tax.requests == 0


async def test_page_count_and_ids_agree_on_the_very_moment_at_which_a_permission_begins_and_ends(
    parties: Parties,
) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    document = await parties.gateway.database["caseGroups"].find_one({})
    assert document is not None
    subject, reader = (SubjectKey(document["subject"], document["subjectKey"]),), ConsumerId(OTHER)
    permission = document["readPermissions"][0]
    store, a_moment = CaseGroupStore(parties.gateway.database), timedelta(milliseconds=1)

    for moment, seen in (
        (permission["permittedAt"] - a_moment, False),
        (permission["permittedAt"], True),
        (permission["validUntil"] - a_moment, True),
        (permission["validUntil"], False),
    ):
        page = await store.page(subject, reader, CaseGroupFilter(), Window(10), moment)
        assert len(page.items) == seen
        assert await store.count(subject, reader, CaseGroupFilter(), moment) == seen
        assert len(await store.by_ids(subject, reader, [GroupId(stored_id(group))], moment)) == seen


async def test_a_permission_that_lapses_during_an_operation_is_none_from_then_on(parties: Parties) -> None:
    """As when a deferred part of an answer is resolved seconds after the first."""
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    document = await ending(parties, group, datetime.now(UTC) + timedelta(seconds=0.5))
    subject = SubjectKey(document["subject"], document["subjectKey"])
    caller = Caller(ConsumerId(OTHER), "", subject, (), frozenset())
    store = CaseGroupStore(parties.gateway.database)
    groups = VisibleGroups(store, Retention(store, LIMITS), caller)

    first = await groups.load(GroupId(stored_id(group)))
    await asyncio.sleep(0.6)
    later = await groups.load(GroupId(stored_id(group)))

    assert first is not None
    assert later is None


async def test_reading_anothers_groups_costs_no_more_than_reading_ones_own(
    parties: Parties, tax: Producer, city: Producer
) -> None:
    ids = []
    for _ in range(5):
        group = await parties.gateway.a_group_with(tax.case(), city.case())
        await parties.owner.permits(parties.other, group)
        ids.append(group["id"])
    aliases = " ".join(f'g{number}: node(id: "{id_}") {{ id }}' for number, id_ in enumerate(ids))
    statuses = f"{{ caseGroups {{ edges {{ node {{ cases {{ edges {{ node {{ {STATUS} }} }} }} }} }} }} }}"

    by_id = parties.gateway.query(f"{{ {aliases} }}", token=parties.other.token)
    paged = parties.gateway.query(statuses, token=parties.other.token)

    assert await parties.gateway.reads_of(by_id) == 1
    assert await parties.gateway.reads_of(paged) == 1
    assert [tax.requests, city.requests] == [1, 1]


@pytest.mark.settings(subject_max_groups=1)
async def test_groups_that_one_may_read_do_not_count_as_ones_own(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)

    assert (await parties.gateway.create(token=parties.other.token))["userErrors"] == []


async def test_an_idempotency_key_of_the_owner_replays_nothing_for_a_reader(parties: Parties) -> None:
    group = await parties.gateway.a_group_with(idempotencyKey="once")
    await parties.owner.permits(parties.other, group)

    made = await parties.gateway.create(idempotencyKey="once", token=parties.other.token)

    assert made["userErrors"] == []
    assert made["caseGroup"]["id"] != group["id"]


async def ending(parties: Parties, group: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """Lets the group's permissions end at `moment`. Returns the group's document."""
    document = await parties.gateway.database["caseGroups"].find_one_and_update(
        {"_id": ObjectId(stored_id(group))}, {"$set": {"readPermissions.$[].validUntil": moment}}
    )
    assert document is not None
    found: dict[str, Any] = document
    return found
