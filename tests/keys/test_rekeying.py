"""Another key becomes current while the gateway serves: nobody loses a case group, and nothing has to be restarted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import SubjectKey
from tests.gateway import BUSINESS, Gateway
from tests.groups.parties import OTHER, Party
from tests.http.waiting import until
from tests.issuer import ALVA, COMPANY
from tests.keys.replicas import FIRST, Commands, health, key_file, replica_of

WHY = ("--why", "Ticket 17")
LISTED = "query($after: String) { caseGroups(first: 1, after: $after) { edges { cursor node { id title } } } }"
MANY = 3_000


@pytest.fixture
def commands(gateway: Gateway, database_uri: str, tmp_path: Path) -> Commands:
    return Commands(database_uri, gateway.database.name, tmp_path / "pseudonym.key")


async def page(gateway: Gateway, after: str | None = None) -> Any:
    answer = await gateway.query(LISTED, {"after": after})
    return answer.data["caseGroups"]["edges"]


async def stored(gateway: Gateway) -> list[dict[str, Any]]:
    return await gateway.database["caseGroups"].find().sort("_id", 1).to_list(None)


async def test_a_key_takes_the_place_of_another_and_clients_notice_nothing(
    gateway: Gateway, commands: Commands, database_uri: str, tmp_path: Path
) -> None:
    first = await gateway.a_group_with(title="Först", idempotencyKey="once")
    await gateway.a_group_with(title="Sedan")
    (newest,) = await page(gateway)
    before = await stored(gateway)

    await commands.run("keys", "add", *WHY)
    async with replica_of(gateway, database_uri, tmp_path / "replica", commands.keys) as replica:
        assert await page(replica) == [newest]
        await commands.run("keys", "rekey", "--yes", *WHY)
        after = await stored(gateway)

        # The replica that was started with the new file serves on, under ids, cursors and keys from before.
        await until(lambda: has_changed(replica))
        assert [edge["node"]["id"] for edge in await page(replica, newest["cursor"])] == [first["id"]]
        assert (await replica.a_group_with(title="Först", idempotencyKey="once"))["id"] == first["id"]
        renamed = await replica.change("updateCaseGroup", id=first["id"], expectedRevision=1, title="Omdöpt")
        assert renamed["caseGroup"]["title"] == "Omdöpt"
        created = await replica.a_group_with(title="Ny")

        # The one with the file from before refuses, rather than show nothing.
        await until(lambda: is_unready(gateway))
        answer = await gateway.query(LISTED)
        assert answer.code == "UNAVAILABLE"
        assert await health(replica) == (200, dict.fromkeys((await health(replica))[1], True))
        assert len(await page(replica)) == 1
        assert created["id"] == (await page(replica))[0]["node"]["id"]

    pseudonyms = read_pseudonyms(commands.keys, "k1")
    p1, p2 = pseudonyms.all_of(ALVA)
    assert {(one["subject"], one["subjectKey"]) for one in before} == {(p1.digest, "k1")}
    assert after == [{**one, "subject": p2.digest, "subjectKey": "k2"} for one in before]
    assert {one["subjectKey"] for one in await stored(gateway)} == {"k2"}


async def test_what_is_stored_under_either_key_can_be_read_changed_shared_handed_over_and_removed(
    gateway: Gateway, commands: Commands, database_uri: str, tmp_path: Path
) -> None:
    """As between the change of the key and the moment at which a group has been stored anew."""
    groups = [await gateway.a_group_with(title=f"Grupp {number}") for number in range(3)]
    await commands.run("keys", "add", *WHY)
    await make_current(gateway, "k2")
    async with replica_of(gateway, database_uri, tmp_path / "replica", commands.keys) as replica:
        owner, other = Party(replica, "business-portal"), Party(replica, OTHER)
        new = await replica.a_group_with(title="Ny")
        everything = (await replica.query("{ caseGroups(first: 9) { totalCount edges { node { id } } } }")).data
        assert everything["caseGroups"]["totalCount"] == 4
        ids = [edge["node"]["id"] for edge in everything["caseGroups"]["edges"]]
        assert ids == [new["id"], *(group["id"] for group in reversed(groups))]
        for group in (groups[0], new):
            permitted = await owner.permits(other, group)
            assert permitted["userErrors"] == []
            assert (await other.sees(group))["id"] == group["id"]
            await owner.offers(other, group, 2)
            assert (await other.accepts(group, 3))["userErrors"] == []
            assert (await other.sees(group))["owner"] == {"id": other.id}
        for group in (groups[1], groups[2]):
            removed = await replica.change("deleteCaseGroup", id=group["id"], expectedRevision=1)
            assert removed["deletedId"] == group["id"]

    assert sorted(one["subjectKey"] for one in await stored(gateway)) == ["k1", "k2"]


@pytest.mark.settings(subject_max_groups=2)
async def test_the_limit_counts_groups_under_every_key(
    gateway: Gateway, commands: Commands, database_uri: str, tmp_path: Path
) -> None:
    await gateway.a_group_with()
    await commands.run("keys", "add", *WHY)
    await make_current(gateway, "k2")
    async with replica_of(gateway, database_uri, tmp_path / "replica", commands.keys, subject_max_groups=2) as replica:
        await replica.a_group_with()
        assert [error["code"] for error in (await replica.create())["userErrors"]] == ["LIMIT_EXCEEDED"]


async def test_a_replica_with_another_key_under_the_same_id_refuses_everything(
    gateway: Gateway, commands: Commands, database_uri: str, tmp_path: Path
) -> None:
    await gateway.a_group_with()
    await commands.run("keys", "add", *WHY)
    await commands.run("keys", "rekey", "--yes", *WHY)
    wrong = key_file(tmp_path / "wrong.json", ("k1", FIRST), ("k2", b"another key under the same id!!!!"))

    async with replica_of(gateway, database_uri, tmp_path / "replica", wrong) as replica:
        status, checks = await health(replica)
        assert (status, checks["pseudonymKeys"]) == (503, False)
        assert (await replica.query(LISTED)).code == "UNAVAILABLE"


async def test_rekeying_can_be_killed_and_repeated_while_groups_are_changed(
    gateway: Gateway, commands: Commands, database_uri: str, tmp_path: Path
) -> None:
    ours = await gateway.a_group_with(title="0")
    old = read_pseudonyms(commands.keys, "k1")
    others = [a_group(old, f"subject-{number}") for number in range(MANY)]
    await gateway.database["caseGroups"].insert_many(others)
    await commands.run("keys", "add", *WHY)
    pseudonyms = read_pseudonyms(commands.keys, "k1")
    async with replica_of(gateway, database_uri, tmp_path / "replica", commands.keys) as replica:
        changes = Changes(replica, ours)
        process = await commands.start("keys", "rekey", "--yes", *WHY)
        await until(lambda: is_under(gateway, "k2", 1))
        process.kill()
        await process.wait()
        under = await gateway.database["caseGroups"].count_documents({"subjectKey": "k2"})
        assert 0 < under < MANY, "it was killed in the middle"

        await commands.run("keys", "rekey", *WHY)

        await changes.end()

    found = {one["_id"]: one for one in await stored(gateway)}
    assert len(found) == MANY + 1
    for one in others:
        raised = pseudonyms.raised(SubjectKey(one["subject"], "k1"), "k2")
        assert found[one["_id"]] == {**one, "subject": raised.digest, "subjectKey": "k2"}
    mine = next(one for one in found.values() if one["_id"] not in {other["_id"] for other in others})
    assert mine["subject"] == pseudonyms.all_of(ALVA)[1].digest
    assert (mine["revision"], mine["title"]) == (changes.made + 1, str(changes.made))
    assert changes.made > 0


class Changes:
    """Changes of one group, one after another: every one of them must be made."""

    def __init__(self, gateway: Gateway, group: Any) -> None:
        self.made = 0
        self._gateway, self._id, self._goes_on = gateway, group["id"], True
        self._task = asyncio.create_task(self._keep_changing())

    async def end(self) -> None:
        self._goes_on = False
        await self._task

    async def _keep_changing(self) -> None:
        while self._goes_on:
            title = str(self.made + 1)
            made = await self._gateway.change(
                "updateCaseGroup", id=self._id, expectedRevision=self.made + 1, title=title
            )
            assert made["userErrors"] == []
            self.made += 1


async def make_current(gateway: Gateway, id_: str) -> None:
    """Makes a registered key current, and stores nothing anew."""
    await gateway.database["pseudonymKeys"].update_one({"_id": id_}, {"$set": {"state": "current"}})


async def is_unready(gateway: Gateway) -> bool:
    return (await health(gateway))[1]["pseudonymKeys"] is False


async def has_changed(gateway: Gateway) -> bool:
    """Whether the replica writes under the new key: seen by a group of another subject."""
    token = gateway.token_for(COMPANY)
    await gateway.a_group_with(title="prov", token=token)
    newest = await gateway.database["caseGroups"].find_one({"title": "prov"}, sort=[("_id", -1)])
    assert newest is not None
    await gateway.database["caseGroups"].delete_many({"title": "prov"})
    return bool(newest["subjectKey"] == "k2")


async def is_under(gateway: Gateway, id_: str, least: int) -> bool:
    return await gateway.database["caseGroups"].count_documents({"subjectKey": id_}) >= least


def a_group(pseudonyms: Pseudonyms, subject: str) -> dict[str, Any]:
    """A group as it is stored."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "_id": ObjectId(),
        "subject": pseudonyms.of(subject).digest,
        "subjectKey": "k1",
        "owner": "business-portal",
        "title": subject,
        "purpose": BUSINESS,
        "cases": [],
        "nextCaseNumber": 1,
        "revision": 7,
        "createdAt": now,
        "updatedAt": now,
        "retainUntil": now + timedelta(days=400),
    }
