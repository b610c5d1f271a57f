"""A group is kept for as long as it is used, its end user is warned before it lapses, and what has lapsed is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from gateway.groups.moments import this_moment
from gateway.groups.retention import Retention, lapse_warning
from gateway.model.caller import Caller, ConsumerId, SubjectKey
from gateway.model.case_group import GroupId
from gateway.store.case_groups import CaseGroupStore
from gateway.store.driver import connect, open_database
from tests.gateway import STATUS, Gateway
from tests.groups.parties import DAY, LIMITS, OTHER, OWNER, Parties, Party, codes, global_id, stored_id, written
from tests.issuer import BJORN
from tests.producer import Producer

RETENTION = """
  query Retention($id: ID!) {
    caseGroup(id: $id) { revision updatedAt retainUntil retention { lapsesAt isSoon message } }
  }
"""

LAPSING = """
  query Lapsing($before: DateTime) {
    caseGroups(filter: { lapsingBefore: $before }) {
      totalCount edges { node { id retention { isSoon message } } }
    }
  }
"""


async def document_of(gateway: Gateway, group: dict[str, Any]) -> dict[str, Any]:
    """The group as it is stored."""
    document = await gateway.database["caseGroups"].find_one({"_id": ObjectId(stored_id(group))})
    assert document is not None
    return document


async def lapses_in(gateway: Gateway, group: dict[str, Any], time: timedelta) -> datetime:
    """Has the group lapse after `time`, as if it had not been used for long; returns when."""
    moment = datetime.now(UTC) + time
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    await gateway.database["caseGroups"].update_one(
        {"_id": ObjectId(stored_id(group))}, {"$set": {"retainUntil": moment}}
    )
    return moment


async def read(gateway: Gateway, group: dict[str, Any], **asked: Any) -> Any:
    return (await gateway.query(RETENTION, id=group["id"], **asked)).data["caseGroup"]


async def test_opening_a_group_keeps_it_and_is_no_change(gateway: Gateway) -> None:
    group = await gateway.a_group_with()
    soon = await lapses_in(gateway, group, 10 * DAY)
    before = await document_of(gateway, group)

    seen = await read(gateway, group)

    after = await document_of(gateway, group)
    assert after["retainUntil"] - soon > 389 * DAY
    assert {**after, "retainUntil": None} == {**before, "retainUntil": None}
    assert (seen["revision"], seen["retainUntil"]) == (1, written(after["retainUntil"]))


async def test_it_is_written_at_most_once_a_day_for_a_group(gateway: Gateway) -> None:
    group = await gateway.a_group_with()

    async def writes() -> int:
        return gateway.reads.commands(gateway.database.name)["update", "caseGroups"]

    at_first = await writes()
    await read(gateway, group)
    assert await writes() == at_first

    await lapses_in(gateway, group, 398 * DAY)
    by_hand = await writes()
    for _ in range(3):
        await read(gateway, group)
    assert await writes() == by_hand + 1


async def test_many_groups_opened_at_once_cost_one_write(gateway: Gateway, tax: Producer) -> None:
    groups = [await gateway.a_group_with(tax.case()) for _ in range(4)]
    for group in groups:
        await lapses_in(gateway, group, 10 * DAY)
    before = gateway.reads.commands(gateway.database.name)["update", "caseGroups"]

    answer = await gateway.query(
        f"{{ caseGroups {{ edges {{ node {{ cases {{ edges {{ node {{ {STATUS} }} }} }} }} }} }} }}"
    )

    assert len(answer.data["caseGroups"]["edges"]) == 4
    assert gateway.reads.commands(gateway.database.name)["update", "caseGroups"] == before + 1
    for group in groups:
        assert (await document_of(gateway, group))["retainUntil"] > datetime.now(UTC) + 399 * DAY


async def test_a_list_of_titles_is_no_use_so_that_a_portal_can_look_which_groups_lapse_soon(gateway: Gateway) -> None:
    lapsing, kept = await gateway.a_group_with(), await gateway.a_group_with()
    soon = await lapses_in(gateway, lapsing, 10 * DAY)

    listed = (await gateway.query(LAPSING, before=written(datetime.now(UTC) + 30 * DAY))).data["caseGroups"]
    everything = (await gateway.query(LAPSING)).data["caseGroups"]

    assert listed["totalCount"] == 1
    assert listed["edges"] == [
        {
            "node": {
                "id": lapsing["id"],
                "retention": {
                    "isSoon": True,
                    "message": f"Ärendegruppen tas bort den {soon.date()} om den inte används före dess. "
                    "Ärendena finns kvar hos myndigheterna.",
                },
            }
        }
    ]
    assert everything["edges"][0]["node"] == {"id": kept["id"], "retention": {"isSoon": False, "message": None}}
    assert (await document_of(gateway, lapsing))["retainUntil"] == soon


async def test_what_a_reader_reads_keeps_nothing(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    soon = await lapses_in(parties.gateway, group, 10 * DAY)

    seen = await read(parties.gateway, group, token=parties.other.token, language="en")

    assert seen["retention"] == {
        "lapsesAt": written(soon),
        "isSoon": True,
        "message": f"The case group is removed on {soon.date()} unless it is used before then. "
        "Its cases stay with the authorities.",
    }
    assert (await document_of(parties.gateway, group))["retainUntil"] == soon


@pytest.mark.settings(group_retention_days=20, group_use_interval_days=5, group_retention_warning_days=19)
async def test_the_periods_are_settings(gateway: Gateway) -> None:
    group = await gateway.a_group_with()
    assert (await document_of(gateway, group))["retainUntil"] - datetime.now(UTC) < 20 * DAY

    later = await lapses_in(gateway, group, 16 * DAY)
    assert (await read(gateway, group))["retention"] == {
        "lapsesAt": written(later),
        "isSoon": True,
        "message": f"Ärendegruppen tas bort den {later.date()} om den inte används före dess. "
        "Ärendena finns kvar hos myndigheterna.",
    }
    await lapses_in(gateway, group, 14 * DAY)
    assert (await read(gateway, group))["retention"]["isSoon"] is False


async def test_a_database_out_of_reach_keeps_nobody_from_what_was_read(gateway: Gateway) -> None:
    group = await gateway.a_group_with()
    await lapses_in(gateway, group, 10 * DAY)
    document = await document_of(gateway, group)
    caller = Caller(ConsumerId(OWNER), "", SubjectKey(document["subject"], document["subjectKey"]), (), frozenset())
    near, id_ = CaseGroupStore(gateway.database), GroupId(stored_id(group))
    (stored,) = (await near.by_ids(caller.subject_keys, caller.consumer, [id_], this_moment())).values()
    client = connect("mongodb://127.0.0.1:1", timeout=0.2)
    retention = Retention(CaseGroupStore(open_database(client, "nowhere")), LIMITS)

    opened = await retention.used(caller, [stored])

    assert opened == {stored.id: stored}
    assert lapse_warning(opened[stored.id], 30 * DAY) is not None
    await client.close()


async def test_a_lapsed_group_is_gone_for_everybody_before_the_database_removes_it(
    parties: Parties, tax: Producer
) -> None:
    gateway = parties.gateway
    # Once a minute the database removes what has lapsed, and with it the key that it was created with: not in this one.
    await gateway.database["caseGroups"].drop_index("case_groups_retention")
    group = await gateway.a_group_with(tax.case("T-1"), idempotencyKey="the-first")
    await parties.owner.permits(parties.other, group)
    await parties.owner.offers(parties.third, group, 2)
    case = global_id("Case", f"{stored_id(group)}:{tax.id}:T-1")
    await lapses_in(gateway, group, timedelta(milliseconds=-1))

    for party in (parties.owner, parties.other, parties.third):
        assert await party.sees(group) is None
        assert await party.is_offered() == []
        for id_ in (group["id"], case):
            answer = await gateway.query("query($id: ID!) { node(id: $id) { id } }", id=id_, token=party.token)
            assert answer.code == "NOT_FOUND"
        listed = await gateway.query(LAPSING, token=party.token)
        assert listed.data["caseGroups"] == {"totalCount": 0, "edges": []}
        assert codes(await party.accepts(group, 3)) == ["NOT_FOUND"]
    for mutation, more in (("updateCaseGroup", {"title": "Kvar?"}), ("deleteCaseGroup", {})):
        assert codes(await parties.owner.change(mutation, group, 3, **more)) == ["NOT_FOUND"]
    entity = await gateway.query(
        "query($of: [_Any!]!) { _entities(representations: $of) { ... on CaseGroup { title } } }",
        of=[{"__typename": "CaseGroup", "id": group["id"]}],
    )
    assert entity.data["_entities"] == [None]
    replayed = await gateway.create(tax.case("T-1"), idempotencyKey="the-first")
    assert codes(replayed) == ["INVALID"]


@pytest.mark.settings(subject_max_groups=1)
async def test_a_lapsed_group_leaves_its_place_to_another(gateway: Gateway) -> None:
    group = await gateway.a_group_with()
    assert codes(await gateway.create()) == ["LIMIT_EXCEEDED"]

    await lapses_in(gateway, group, timedelta(milliseconds=-1))

    assert codes(await gateway.create()) == []


async def test_a_lapsed_group_is_removed_by_the_databases_own_index(gateway: Gateway) -> None:
    indexes = await gateway.database["caseGroups"].index_information()

    assert indexes["case_groups_retention"]["expireAfterSeconds"] == 0


async def test_of_a_removed_group_nothing_is_left_but_what_the_record_keeps(gateway: Gateway, tax: Producer) -> None:
    """Removed by hand as MongoDB does it: by the document. Whatever else knew of it would still be there."""
    case = {**tax.case("REF-OF-THE-CASE"), "note": "THE-NOTE", "noteIsPrivate": True}
    group = await gateway.a_group_with(case, title="THE-TITLE", idempotencyKey="THE-KEY")
    other = Party(gateway, OTHER)
    await Party(gateway, OWNER).permits(other, group)
    await Party(gateway, OWNER).offers(other, group, 2)
    await gateway.query(
        f"query($id: ID!) {{ caseGroup(id: $id) {{ cases {{ edges {{ node {{ {STATUS} }} }} }} }} }}", id=group["id"]
    )
    id_ = stored_id(group)

    await gateway.database["caseGroups"].delete_one({"_id": ObjectId(id_), "retainUntil": {"$exists": True}})

    for name in await gateway.database.list_collection_names():
        kept = [str(document) async for document in gateway.database[name].find()]
        for secret in ("THE-TITLE", "THE-NOTE", "THE-KEY"):
            assert not any(secret in document for document in kept), (name, secret)
        if name != "disclosures":
            assert not any(id_ in document or "REF-OF-THE-CASE" in document for document in kept), name


async def test_the_purpose_of_a_group_is_fixed_when_it_is_made(gateway: Gateway, tax: Producer) -> None:
    """Reading it for another purpose needs another grant: tests/authorization/test_gates.py."""
    fields = "{ __schema { types { name kind inputFields { name } } } }"
    types = (await gateway.query(fields)).data["__schema"]["types"]
    inputs = {
        type_["name"]: {field["name"] for field in type_["inputFields"]} for type_ in types if type_["inputFields"]
    }
    changing = {name: given for name, given in inputs.items() if name.endswith("Input")}
    assert {name for name, given in changing.items() if {"purpose", "informationArea", "event"} & given} == {
        "CreateCaseGroupInput",
        "PurposeInput",
    }

    owner, other = Party(gateway, OWNER), Party(gateway, OTHER)
    group = await gateway.a_group_with()
    before = (await document_of(gateway, group))["purpose"]
    await owner.change("updateCaseGroup", group, 1, title="Något annat")
    await owner.change("addCases", group, 2, cases=[tax.case()])
    await owner.permits(other, group, 3)
    await owner.offers(other, group, 4)
    assert codes(await other.accepts(group, 5)) == []
    assert (await document_of(gateway, group))["purpose"] == before
    assert await Party(gateway, OTHER, BJORN).sees(group) is None
