"""A group whose owner's connection has ended: another consumer of the same subject claims it, and the owner is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from bson import ObjectId

from gateway.errors import ChangeRefused, StoreUnavailable
from gateway.groups.changes import GroupChanges
from gateway.groups.takeovers import Takeovers
from gateway.model.caller import Caller, ConsumerId, SubjectKey, SubjectKeys
from gateway.model.case_group import CaseGroup, GroupId
from gateway.model.connection import Environment
from gateway.store.case_groups import CaseGroupStore
from gateway.store.notices import Notices
from gateway.store.registry import Registry
from tests.groups.parties import ABSENT, LIMITS, OTHER, OWNER, THIRD, Parties, Party, codes, stored_id, written
from tests.issuer import ALVA, BJORN
from tests.producer import Producer

ROUNDS = 25


async def notices(parties: Parties) -> list[dict[str, Any]]:
    return [notice async for notice in parties.gateway.database["notices"].find()]


async def owner_of(parties: Parties, group: dict[str, Any]) -> str:
    document = await parties.gateway.database["caseGroups"].find_one({"_id": ObjectId(stored_id(group))})
    assert document is not None
    return str(document["owner"])


async def test_a_group_is_claimed_with_all_that_is_in_it_and_its_readers_and_the_former_owner_is_told(
    parties: Parties, tax: Producer
) -> None:
    group = await parties.gateway.a_group_with({**tax.case("T-1"), "note": "Hemligt", "noteIsPrivate": True})
    await parties.owner.permits(parties.other, group)
    await parties.owner.permits(parties.third, group, 2)
    await parties.end(OWNER, days_ago=31)

    with structlog.testing.capture_logs() as lines:
        payload = await parties.other.accepts(group, 3)

    assert payload["userErrors"] == []
    assert payload["caseGroup"]["revision"] == 4
    seen = await parties.other.sees(group)
    assert seen["owner"] == {"id": parties.other.id}
    assert [edge["node"]["note"] for edge in seen["cases"]["edges"]] == ["Hemligt"]
    assert [one["consumer"]["id"] for one in seen["readPermissions"]] == [parties.third.id]
    (notice,) = await notices(parties)
    assert (notice["consumer"], notice["by"], notice["kind"]) == (OWNER, OTHER, "CASE_GROUP_CLAIMED")
    assert notice["group"] == stored_id(group)
    assert notice["_id"].startswith(f"{stored_id(group)}:3:")
    (line,) = [line for line in lines if line["event"] == "case_group.claimed"]
    assert (line["group"], line["old_owner"], line["new_owner"]) == (group["id"], OWNER, OTHER)
    assert ALVA not in str(line) + str(notice)


async def test_what_is_known_of_a_group_before_the_claim_is_not_its_title(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    ended = await parties.end(OWNER, days_ago=31)

    assert await parties.other.is_offered() == [
        {
            "caseGroup": group["id"],
            "revision": 1,
            "reason": "OWNER_ENDED",
            "title": None,
            "purpose": group["purpose"],
            "from": {"id": parties.owner.id},
            "since": written(ended),
            "availableFrom": written(ended + timedelta(days=30)),
            "validUntil": None,
        }
    ]
    assert await parties.other.sees(group) is None


async def test_a_claim_waits_and_is_told_until_when(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    ended = await parties.end(OWNER, days_ago=29)

    payload = await parties.other.accepts(group)

    (error,) = payload["userErrors"]
    assert error["code"] == "NOT_PERMITTED"
    assert (ended + timedelta(days=30)).date().isoformat() in error["message"]
    assert await notices(parties) == []
    assert [offer["reason"] for offer in await parties.other.is_offered()] == ["OWNER_ENDED"]


@pytest.mark.settings(claim_waiting_days=2)
async def test_the_waiting_time_can_be_set(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.end(OWNER, days_ago=2.01)

    assert codes(await parties.other.accepts(group)) == []


async def test_a_connection_whose_time_has_run_out_is_over_like_one_that_was_ended(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.change_record(OWNER, validUntil=datetime.now(UTC) - timedelta(days=31))

    assert codes(await parties.other.accepts(group)) == []


@pytest.mark.parametrize("change", [{"state": "suspended"}, {"environment": "live"}])
async def test_an_owner_that_may_come_back_keeps_its_groups(parties: Parties, change: dict[str, Any]) -> None:
    group = await parties.gateway.a_group_with()
    await parties.change_record(OWNER, **change)

    assert codes(await parties.other.accepts(group)) == ["NOT_FOUND"]
    assert await parties.other.is_offered() == []


async def test_only_a_consumer_of_the_same_subject_can_claim(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.end(OWNER, days_ago=31)
    stranger = Party(parties.gateway, OTHER, BJORN)

    assert await stranger.is_offered() == []
    assert await stranger.accepts(group) == await stranger.accepts({"id": ABSENT})
    assert await owner_of(parties, group) == OWNER


async def test_an_offer_outlives_its_owner_and_needs_no_waiting(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.third, group)
    await parties.owner.offers(parties.other, group, 2)
    await parties.end(OWNER, days_ago=0)

    (offer,) = await parties.other.is_offered()
    (of_third,) = await parties.third.is_offered()
    accepted = await parties.other.accepts(group, 3)

    assert (offer["reason"], of_third["reason"], of_third["title"]) == ("OFFERED", "OWNER_ENDED", None)
    assert codes(accepted) == []
    assert (await parties.other.sees(group))["readPermissions"] == []
    assert await notices(parties) == []


async def test_a_reader_can_claim_and_until_then_reads_on(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await parties.end(OWNER, days_ago=31)
    assert await parties.other.sees(group) is not None

    assert codes(await parties.other.accepts(group, 2)) == []


async def test_a_stale_claim_is_a_conflict_and_tells_nobody(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.change("updateCaseGroup", group, title="Nytt")
    await parties.end(OWNER, days_ago=31)

    payload = await parties.other.accepts(group, 1)

    assert (codes(payload), payload["userErrors"][0]["currentRevision"]) == (["CONFLICT"], 2)
    assert await notices(parties) == []


@pytest.mark.settings(subject_max_groups=1)
async def test_a_group_is_not_claimed_beyond_the_limit(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.gateway.a_group_with(token=parties.other.token)
    await parties.end(OWNER, days_ago=31)

    assert codes(await parties.other.accepts(group)) == ["LIMIT_EXCEEDED"]
    assert await notices(parties) == []


async def test_of_two_consumers_that_claim_at_once_exactly_one_wins_and_the_notice_names_it(parties: Parties) -> None:
    groups = [await parties.gateway.a_group_with() for _ in range(ROUNDS)]
    await parties.end(OWNER, days_ago=31)

    for group in groups:
        claims = [parties.other.accepts(group), parties.third.accepts(group), parties.other.accepts(group)]
        payloads = await asyncio.gather(*claims)

        assert sorted(map(codes, payloads)) == [[], ["NOT_FOUND"], ["NOT_FOUND"]]
        winner = OTHER if [] in (codes(payloads[0]), codes(payloads[2])) else THIRD
        assert await owner_of(parties, group) == winner
        assert [one["by"] for one in await notices(parties) if one["group"] == stored_id(group)] == [winner]


class Interrupted(CaseGroupStore):
    """A store in which something comes between a claim's notice and its write."""

    notices_seen = 0
    makes_it: bool | None = None

    async def hand_over(self, subject: SubjectKeys, group: CaseGroup, to: ConsumerId) -> CaseGroup | None:
        """Counts the notices; then the write is made, or not, and whether it was stays unknown, or another won."""
        self.notices_seen = await self._groups.database["notices"].count_documents({})
        if self.makes_it is None:
            return None
        if self.makes_it:
            await super().hand_over(subject, group, to)
        raise StoreUnavailable("the connection broke")


@pytest.fixture
def store(parties: Parties) -> Interrupted:
    return Interrupted(parties.gateway.database)


async def claim(parties: Parties, store: Interrupted, group: dict[str, Any]) -> CaseGroup:
    """Claims the group for the other consumer by way of `store`."""
    registry = Registry(parties.gateway.database, Environment.TEST)
    await registry.read()
    takeovers = Takeovers(GroupChanges(store, LIMITS), Notices(parties.gateway.database), registry)
    document = await parties.gateway.database["caseGroups"].find_one({})
    assert document is not None
    subject = SubjectKey(document["subject"], document["subjectKey"])
    caller = Caller(ConsumerId(OTHER), ALVA, subject, (), frozenset())
    return await takeovers.accept(caller, GroupId(stored_id(group)), 1)


async def test_the_notice_is_there_before_the_claim_and_goes_when_it_is_lost(
    parties: Parties, store: Interrupted
) -> None:
    group = await parties.gateway.a_group_with()
    await parties.end(OWNER, days_ago=31)

    with pytest.raises(ChangeRefused):
        await claim(parties, store, group)

    assert store.notices_seen == 1
    assert await notices(parties) == []


@pytest.mark.parametrize("makes_it", [True, False])
async def test_the_notice_stays_when_nobody_can_say_whether_the_claim_was_made(
    parties: Parties, store: Interrupted, makes_it: bool
) -> None:
    group = await parties.gateway.a_group_with()
    await parties.end(OWNER, days_ago=31)
    store.makes_it = makes_it

    with pytest.raises(StoreUnavailable):
        await claim(parties, store, group)

    assert [one["consumer"] for one in await notices(parties)] == [OWNER]
    assert await owner_of(parties, group) == (OTHER if makes_it else OWNER)
    assert codes(await parties.third.accepts(group)) == (["NOT_FOUND"] if makes_it else [])
