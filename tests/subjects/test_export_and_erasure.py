"""`gateway subject`: all that is kept about one person is given out, and nothing but the record outlives an erasure."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from gateway.identity.pseudonym_key_file import read_pseudonyms
from tests.gateway import Gateway
from tests.groups.parties import GROUP, OTHER, Party
from tests.issuer import ALVA, BJORN, COMPANY
from tests.keys.replicas import Commands, replica_of
from tests.producer import Producer

WHY = ("--why", "Begäran 17", "--by", "lo")
LISTED = "query($after: String) { caseGroups(first: 1, after: $after) { totalCount edges { cursor node { id } } } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"
ENTITY = """query($id: ID!) { _entities(representations: [{__typename: "CaseGroup", id: $id}]) {
  ... on CaseGroup { id } } }"""


@pytest.fixture
def commands(gateway: Gateway, database_uri: str, tmp_path: Path) -> Commands:
    return Commands(database_uri, gateway.database.name, tmp_path / "pseudonym.key")


async def export(commands: Commands, subject: str = ALVA) -> Any:
    return json.loads(await commands.run("subject", "export", "--subject", "-", *WHY, stdin=f"{subject}\n"))


async def erase(commands: Commands, *words: str, subject: str = ALVA) -> Any:
    printed = await commands.run(
        "subject", "erase", "--subject", "-", "--json", "--yes", *WHY, *words, stdin=f"{subject}\n"
    )
    return json.loads(printed)


async def audits(gateway: Gateway, action: str) -> list[dict[str, Any]]:
    query = {"kind": "audit", "details.action": action}
    return await gateway.database["disclosures"].find(query).sort([("at", 1), ("_id", 1)]).to_list(None)


async def test_everything_about_the_subject_is_given_out_and_nothing_of_others(
    gateway: Gateway, commands: Commands, tax: Producer
) -> None:
    owner, other = Party(gateway, "business-portal"), Party(gateway, OTHER)
    group = await gateway.a_group_with({**tax.case("T-1"), "note": "Ring kommunen"}, title="Starta kafé")
    await owner.permits(other, group)
    await gateway.a_group_with(title="Bokföring", token=other.token)
    await gateway.a_group_with(title="Någon annans", token=gateway.token_for(BJORN))
    await gateway.a_group_with(title="Bolagets", token=gateway.token_for(COMPANY, actor=ALVA))

    told = await export(commands)

    assert [one["title"] for one in told["caseGroups"]] == ["Starta kafé", "Bokföring"]
    assert [one["owner"] for one in told["caseGroups"]] == ["business-portal", OTHER]
    (case,) = told["caseGroups"][0]["cases"]
    assert (case["reference"], case["note"], case["producer"]) == ("T-1", "Ring kommunen", tax.id)
    assert [one["consumer"] for one in told["caseGroups"][0]["readPermissions"]] == [OTHER]
    assert set(told["parties"]["consumers"]) == {"business-portal", OTHER}
    assert set(told["parties"]["producers"]) == {tax.id}
    pseudonym = read_pseudonyms(commands.keys, "k1").of(ALVA).digest
    assert told["subject"] == {"pseudonyms": [{"key": "k1", "pseudonym": pseudonym}]}
    assert {one["subject"] for one in told["recordsAsSubject"]} == {pseudonym}
    assert {one["details"]["action"] for one in told["recordsAsSubject"]} >= {"createCaseGroup", "permitReading"}
    assert [one["actors"] for one in told["recordsAsActor"]] == [[pseudonym]] * len(told["recordsAsActor"])
    assert len(told["recordsAsActor"]) == 2
    assert set(told["descriptions"]) == {"subject.pseudonyms", *(set(told) - {"exportedAt", "descriptions", "subject"})}
    everything = json.dumps(told, ensure_ascii=False)
    assert "Någon annans" not in everything
    assert "Bolagets" not in everything
    assert [number for number in (ALVA, BJORN, COMPANY) if number in everything] == []


async def test_a_subject_that_nobody_knows_is_answered_in_the_same_form(gateway: Gateway, commands: Commands) -> None:
    await gateway.a_group_with()

    known, unknown = await export(commands), await export(commands, BJORN)

    assert known.keys() == unknown.keys()
    assert [unknown[name] for name in ("caseGroups", "notices", "recordsAsSubject", "recordsAsActor")] == [[]] * 4


async def test_that_something_was_given_out_is_recorded_before_and_after(gateway: Gateway, commands: Commands) -> None:
    await gateway.a_group_with()

    await export(commands)

    intended, made = await audits(gateway, "subject.export")
    assert (intended["outcome"], made["outcome"]) == ("INTENDED", "MADE")
    assert intended["subject"] == made["subject"] == read_pseudonyms(commands.keys, "k1").of(ALVA).digest
    assert made["details"] == {
        "action": "subject.export",
        "by": "lo",
        "why": "Begäran 17",
        "caseGroups": 1,
        "records": 2,
    }


async def test_a_file_that_is_there_is_not_written_over(commands: Commands, tmp_path: Path, gateway: Gateway) -> None:
    file = tmp_path / "export.json"
    words = ("subject", "export", "--subject", ALVA, "--output", str(file), *WHY)

    await commands.run(*words)
    first = file.read_bytes()
    (said,) = await commands.refused(*words)

    assert json.loads(first)["caseGroups"] == []
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in said
    assert file.read_bytes() == first


@pytest.mark.parametrize("number", ["", "19900315 2390", "1" * 129])
async def test_what_is_no_number_is_refused_and_not_repeated(commands: Commands, gateway: Gateway, number: str) -> None:
    for command in ("export", "erase"):
        (said,) = await commands.refused("subject", command, "--subject", number, *WHY)

        assert said == "--subject is no identity number as an access token has it, such as 199003152390."
    assert await audits(gateway, "subject.export") == []


async def test_after_an_erasure_no_way_leads_to_the_subjects_groups_any_more(
    gateway: Gateway, commands: Commands, tax: Producer
) -> None:
    owner, other = Party(gateway, "business-portal"), Party(gateway, OTHER)
    groups = [await gateway.a_group_with(tax.case(f"T-{number}")) for number in range(3)]
    for group in groups:
        await owner.permits(other, group)
    theirs = await gateway.a_group_with(token=gateway.token_for(BJORN))
    cursors = {
        party.name: (await gateway.query(LISTED, {}, token=party.token)).data["caseGroups"]["edges"][0]["cursor"]
        for party in (owner, other)
    }
    case = (await gateway.query(GROUP, id=groups[0]["id"])).data["caseGroup"]["cases"]["edges"][0]["node"]["id"]

    receipt = await erase(commands)

    assert len(receipt["erased"]["caseGroups"]) == 3
    for party in (owner, other):
        for id_ in (*(group["id"] for group in groups), case):
            assert (await gateway.query(NODE, id=id_, token=party.token)).code == "NOT_FOUND"
        for group in groups:
            assert await party.sees(group) is None
            assert (await gateway.query(ENTITY, id=group["id"], token=party.token)).data == {"_entities": [None]}
        for after in (None, cursors[party.name]):
            listed = await gateway.query(LISTED, {"after": after}, token=party.token)
            assert listed.data["caseGroups"] == {"totalCount": 0, "edges": []}
    digests = [key.digest for key in read_pseudonyms(commands.keys, "k1").all_of(ALVA)]
    for name in await gateway.database.list_collection_names():
        if name != "disclosures":
            kept = json.dumps(await gateway.database[name].find().to_list(None), default=str)
            assert [digest for digest in digests if digest in kept] == [], name
            assert [id_ for id_ in receipt["erased"]["caseGroups"] if id_ in kept] == [], name
    left = await gateway.query(NODE, id=theirs["id"], token=gateway.token_for(BJORN))
    assert left.data["node"]["id"] == theirs["id"]


async def test_the_receipt_says_what_stays_why_and_until_when(
    gateway: Gateway, commands: Commands, tmp_path: Path
) -> None:
    await gateway.a_group_with()
    file = tmp_path / "receipt.json"

    receipt = await erase(commands, "--output", str(file))

    assert json.loads(file.read_bytes()) == receipt
    subject = {"subject": read_pseudonyms(commands.keys, "k1").of(ALVA).digest}
    assert receipt["stays"]["recordsAsSubject"] == await gateway.database["disclosures"].count_documents(subject)
    assert "Article 17(3)" in receipt["stays"]["why"]
    assert receipt["stays"]["untilAtTheLatest"] > receipt["erasedAt"]
    intended, made = await audits(gateway, "subject.erase")
    assert (intended["outcome"], made["outcome"], made["details"]["caseGroups"]) == ("INTENDED", "MADE", 1)


async def test_an_erasure_takes_what_is_stored_under_every_key(
    gateway: Gateway, commands: Commands, database_uri: str, tmp_path: Path
) -> None:
    await gateway.a_group_with()
    await commands.run("keys", "add", *WHY)
    await gateway.database["pseudonymKeys"].update_one({"_id": "k2"}, {"$set": {"state": "current"}})
    async with replica_of(gateway, database_uri, tmp_path / "replica", commands.keys) as replica:
        await replica.a_group_with()

    told = await export(commands)
    receipt = await erase(commands)

    assert [one["subjectKey"] for one in told["caseGroups"]] == ["k1", "k2"]
    assert len(receipt["erased"]["caseGroups"]) == 2
    assert await gateway.database["caseGroups"].count_documents({}) == 0


async def test_what_changes_during_an_erasure_goes_all_the_same(gateway: Gateway, commands: Commands) -> None:
    """Made, renamed and handed over while it runs; what is made after it stands."""
    owner, other = Party(gateway, "business-portal"), Party(gateway, OTHER)
    groups = [await gateway.a_group_with() for _ in range(40)]
    ended = False

    async def keep_changing() -> None:
        while not ended:
            for group in groups:
                await owner.change("updateCaseGroup", group, title="Nytt")
                await owner.offers(other, group, 2)
                await other.accepts(group, 3)

    changing = asyncio.create_task(keep_changing())
    receipt = await erase(commands)
    ended = True
    await changing

    assert len(receipt["erased"]["caseGroups"]) == 40
    assert await gateway.database["caseGroups"].count_documents({}) == 0
    assert (await gateway.create())["userErrors"] == []


async def test_the_notices_about_the_groups_go_too(gateway: Gateway, commands: Commands) -> None:
    await gateway.a_group_with()
    group = await gateway.database["caseGroups"].find_one({})
    assert group is not None
    at = group["createdAt"]
    notice = {"_id": f"{group['_id']}:1:{ObjectId()}", "consumer": "gone", "kind": "CASE_GROUP_CLAIMED", "at": at}
    await gateway.database["notices"].insert_one({**notice, "group": str(group["_id"]), "by": "business-portal"})

    told = await export(commands)
    receipt = await erase(commands)

    assert [one["group"] for one in told["notices"]] == [str(group["_id"])]
    assert receipt["erased"]["notices"] == 1
    assert await gateway.database["notices"].count_documents({}) == 0


async def test_nothing_is_erased_unasked(gateway: Gateway, commands: Commands) -> None:
    await gateway.a_group_with()

    tried = json.loads(await commands.run("subject", "erase", "--subject", ALVA, "--dry-run", "--json", *WHY))
    said = await commands.refused("subject", "erase", "--subject", ALVA, *WHY, code=2)

    assert (tried["done"], tried["caseGroups"]) == (False, 1)
    assert said[0].startswith("About to erase 1 case groups for good")
    assert said[1].startswith("Nothing was done: there is nobody to ask.")
    assert await gateway.database["caseGroups"].count_documents({}) == 1
    assert await audits(gateway, "subject.erase") == []
    # What there is was told twice, and that is recorded.
    assert len(await audits(gateway, "subject.count")) == 4
