"""A group handed over: offered by its owner, accepted by the other, all or nothing."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from tests.database import GIVEN
from tests.groups.parties import ABSENT, OTHER, OWNER, THIRD, Parties, Party, codes, consumer_id, stored_id
from tests.issuer import BJORN
from tests.producer import Producer

ROUNDS = 25


async def document_of(parties: Parties, group: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] | None = await parties.gateway.database["caseGroups"].find_one(
        {"_id": ObjectId(stored_id(group))}
    )
    assert document is not None
    return document


async def test_an_offer_changes_nothing_yet_and_both_sides_see_it(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"))

    payload = await parties.owner.offers(parties.other, group, keepReadPermissions=True)

    assert payload["caseGroup"]["revision"] == 2
    seen = await parties.owner.sees(group)
    assert (seen["owner"], seen["transfer"]["to"]) == ({"id": parties.owner.id}, {"id": parties.other.id})
    assert seen["transfer"]["keepReadPermissions"] is True
    (offer,) = await parties.other.is_offered()
    assert offer == {
        "caseGroup": group["id"],
        "revision": 2,
        "reason": "OFFERED",
        "title": "Starta kafé",
        "purpose": group["purpose"],
        "from": {"id": parties.owner.id},
        "since": seen["transfer"]["offeredAt"],
        "availableFrom": seen["transfer"]["offeredAt"],
        "validUntil": seen["transfer"]["validUntil"],
    }
    lasts = datetime.fromisoformat(offer["validUntil"]) - datetime.fromisoformat(offer["since"])
    assert lasts == timedelta(days=30)


async def test_before_it_is_accepted_an_offer_lets_nobody_read(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.offers(parties.other, group)

    assert await parties.other.sees(group) is None
    assert codes(await parties.other.change("updateCaseGroup", group, 2, title="Mitt")) == ["NOT_FOUND"]
    assert await parties.owner.is_offered() == []
    assert await parties.third.is_offered() == []
    assert await Party(parties.gateway, OTHER, BJORN).is_offered() == []


async def test_an_accepted_group_is_the_others_with_all_that_is_in_it_and_the_former_owners_no_more(
    parties: Parties, tax: Producer
) -> None:
    group = await parties.gateway.a_group_with({**tax.case("T-1"), "note": "Hemligt", "noteIsPrivate": True})
    await parties.owner.offers(parties.other, group)
    before = await document_of(parties, group)

    payload = await parties.other.accepts(group, 2)

    assert payload["userErrors"] == []
    assert payload["caseGroup"] == {**payload["caseGroup"], "id": group["id"], "revision": 3}
    seen = await parties.other.sees(group)
    assert (seen["owner"], seen["transfer"]) == ({"id": parties.other.id}, None)
    (edge,) = seen["cases"]["edges"]
    assert (edge["node"]["note"], edge["node"]["noteIsPrivate"]) == ("Hemligt", True)
    after = await document_of(parties, group)
    unchanged = ("subject", "title", "purpose", "cases", "nextCaseNumber", "createdAt")
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert after["retainUntil"] > before["retainUntil"]
    assert "transfer" not in after
    assert await parties.owner.sees(group) is None
    assert codes(await parties.owner.change("deleteCaseGroup", group, 3)) == ["NOT_FOUND"]
    assert codes(await parties.other.change("updateCaseGroup", group, 3, title="Vårt")) == []


@pytest.mark.parametrize("keep", [True, False])
async def test_permissions_are_kept_or_dropped_as_offered_and_the_new_owner_needs_none(
    parties: Parties, keep: bool
) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await parties.owner.permits(parties.third, group, 2)
    await parties.owner.offers(parties.other, group, 3, keepReadPermissions=keep)

    await parties.other.accepts(group, 4)

    kept = [parties.third.id] if keep else []
    assert [one["consumer"]["id"] for one in (await parties.other.sees(group))["readPermissions"]] == kept
    assert (await parties.third.sees(group) is not None) is keep


async def test_permissions_that_have_lapsed_are_not_kept(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.third, group)
    await parties.owner.offers(parties.other, group, 2, keepReadPermissions=True)
    await parties.gateway.database["caseGroups"].update_one(
        {}, {"$set": {"readPermissions.0.validUntil": datetime.now(UTC)}}
    )

    await parties.other.accepts(group, 3)

    assert "readPermissions" not in await document_of(parties, group)


async def test_a_reader_that_is_offered_the_group_reads_on_and_accepts(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await parties.owner.offers(parties.other, group, 2)
    assert (await parties.other.sees(group))["transfer"] is None

    assert codes(await parties.other.accepts(group, 3)) == []
    assert (await parties.other.sees(group))["readPermissions"] == []


async def test_a_group_can_go_back_and_its_first_owner_is_a_stranger_in_between(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.offers(parties.other, group)
    await parties.other.accepts(group, 2)
    await parties.other.permits(parties.owner, group, 3)
    assert codes(await parties.owner.change("updateCaseGroup", group, 4, title="Mitt")) == ["NOT_PERMITTED"]
    await parties.other.offers(parties.owner, group, 4)

    assert codes(await parties.owner.accepts(group, 5)) == []
    assert await parties.other.sees(group) is None


async def test_the_former_owners_idempotency_key_replays_nothing(parties: Parties) -> None:
    group = await parties.gateway.a_group_with(idempotencyKey="once")
    await parties.owner.offers(parties.other, group)
    await parties.other.accepts(group, 2)

    made = await parties.gateway.create(idempotencyKey="once", token=parties.other.token)
    again = await parties.gateway.create(idempotencyKey="once", token=parties.owner.token)

    assert made["userErrors"] == []
    assert made["caseGroup"]["id"] != group["id"]
    if GIVEN in os.environ:
        assert again["userErrors"] == []
        assert again["caseGroup"]["id"] != group["id"]
    else:  # SecantusDB 0.6.0b17 keeps a unique index's entry when an update takes the key away
        assert (again["caseGroup"], codes(again)) == (None, ["INVALID"])


async def test_a_new_owner_that_used_the_same_idempotency_key_keeps_its_own_result(parties: Parties) -> None:
    group = await parties.gateway.a_group_with(idempotencyKey="once")
    own = await parties.gateway.a_group_with(idempotencyKey="once", token=parties.other.token)
    await parties.owner.offers(parties.other, group)

    assert codes(await parties.other.accepts(group, 2)) == []
    again = await parties.gateway.create(idempotencyKey="once", token=parties.other.token)
    assert again["caseGroup"]["id"] == own["id"]


@pytest.mark.parametrize(
    ("to", "code"),
    [
        (consumer_id(OWNER), "INVALID"),
        (consumer_id("nobody-knows-it"), "UNKNOWN_CONSUMER"),
        ("nonsense", "INVALID"),
        (ABSENT, "INVALID"),
    ],
)
async def test_an_offer_to_nobody_is_refused_and_nothing_is_changed(parties: Parties, to: str, code: str) -> None:
    group = await parties.gateway.a_group_with()

    payload = await parties.owner.change("transferCaseGroup", group, to=to)

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, ["input", "to"])]
    seen = await parties.owner.sees(group)
    assert (seen["revision"], seen["transfer"]) == (1, None)


@pytest.mark.parametrize("state", ["suspended", "ended"])
async def test_an_offer_to_a_consumer_that_is_not_connected_is_refused(parties: Parties, state: str) -> None:
    group = await parties.gateway.a_group_with()
    await parties.change_record(THIRD, state=state)

    assert codes(await parties.owner.offers(parties.third, group)) == ["UNKNOWN_CONSUMER"]


async def test_an_offer_that_does_not_stand_cannot_be_withdrawn(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()

    never = await parties.owner.change("transferCaseGroup", group, to=None)
    await parties.owner.offers(parties.other, group)
    await lapse(parties)
    lapsed = await parties.owner.change("transferCaseGroup", group, 2, to=None)

    for payload in (never, lapsed):
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("NOT_FOUND", ["input", "to"])]


async def test_a_stale_acceptance_is_a_conflict_that_tells_the_revision(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.offers(parties.other, group)
    await parties.owner.change("updateCaseGroup", group, 2, title="Nytt")

    payload = await parties.other.accepts(group, 2)

    (error,) = payload["userErrors"]
    assert (error["code"], error["currentRevision"]) == ("CONFLICT", 3)
    assert (await parties.owner.sees(group))["revision"] == 3
    assert codes(await parties.other.accepts(group, 3)) == []


async def lapse(parties: Parties) -> None:
    """Lets every offer have ended a moment ago."""
    await parties.gateway.database["caseGroups"].update_many(
        {"transfer": {"$exists": True}}, {"$set": {"transfer.validUntil": datetime.now(UTC)}}
    )


@pytest.mark.parametrize("what", ["never", "withdrawn", "to another", "replaced", "lapsed", "deleted", "twice"])
async def test_what_is_not_offered_is_in_every_word_as_if_it_were_not_there(parties: Parties, what: str) -> None:
    group = await parties.gateway.a_group_with()
    revision = 3
    match what:
        case "never":
            revision = 1
        case "withdrawn":
            await parties.owner.offers(parties.other, group)
            await parties.owner.change("transferCaseGroup", group, 2, to=None)
        case "to another":
            await parties.owner.offers(parties.third, group)
        case "replaced":
            await parties.owner.offers(parties.other, group)
            await parties.owner.offers(parties.third, group, 2)
        case "lapsed":
            await parties.owner.offers(parties.other, group)
            await lapse(parties)
        case "deleted":
            await parties.owner.offers(parties.other, group)
            await parties.owner.change("deleteCaseGroup", group, 2)
        case "twice":
            await parties.owner.offers(parties.other, group)
            await parties.other.accepts(group, 2)

    there = await parties.other.accepts(group, revision)
    absent = await parties.other.accepts({"id": ABSENT}, revision)

    assert codes(there) == ["NOT_FOUND"]
    assert there == absent
    assert await parties.other.is_offered() == []


async def test_a_lapsed_offer_is_out_of_sight(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.offers(parties.other, group)
    await lapse(parties)

    assert (await parties.owner.sees(group))["transfer"] is None


@pytest.mark.settings(subject_max_groups=1)
async def test_a_group_is_not_accepted_beyond_the_limit(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    own = await parties.gateway.a_group_with(token=parties.other.token)
    await parties.owner.offers(parties.other, group)

    refused = await parties.other.accepts(group, 2)
    await parties.other.change("deleteCaseGroup", own)

    assert codes(refused) == ["LIMIT_EXCEEDED"]
    assert (await parties.owner.sees(group))["revision"] == 2
    assert codes(await parties.other.accepts(group, 2)) == []


async def test_accepting_twice_at_once_takes_it_once(parties: Parties) -> None:
    for _ in range(ROUNDS):
        group = await parties.gateway.a_group_with()
        await parties.owner.offers(parties.other, group)

        payloads = await asyncio.gather(*(parties.other.accepts(group, 2) for _ in range(3)))

        assert sorted(map(codes, payloads)) == [[], ["NOT_FOUND"], ["NOT_FOUND"]]
        assert (await document_of(parties, group))["revision"] == 3


@pytest.mark.parametrize("against", ["withdrawal", "another offer", "a change", "deletion"])
async def test_an_acceptance_and_what_the_owner_does_at_the_same_moment_never_both_happen(
    parties: Parties, against: str
) -> None:
    outcomes = set()
    for _ in range(ROUNDS):
        group = await parties.gateway.a_group_with()
        await parties.owner.offers(parties.other, group)
        change = {
            "withdrawal": parties.owner.change("transferCaseGroup", group, 2, to=None),
            "another offer": parties.owner.offers(parties.third, group, 2),
            "a change": parties.owner.change("updateCaseGroup", group, 2, title="Nytt"),
            "deletion": parties.owner.change("deleteCaseGroup", group, 2),
        }
        chosen = change.pop(against)
        for other in change.values():
            other.close()

        accepted, changed = await asyncio.gather(parties.other.accepts(group, 2), chosen)

        if codes(accepted):
            assert codes(changed) == []
            assert codes(accepted) == (["CONFLICT"] if against == "a change" else ["NOT_FOUND"])
        else:
            assert codes(changed) == ["NOT_FOUND"]
            document = await document_of(parties, group)
            assert (document["owner"], document["revision"]) == (OTHER, 3)
            assert document["title"] == "Starta kafé"
        outcomes.add(tuple(codes(accepted)))
    assert outcomes


async def test_offers_of_many_groups_are_one_read(parties: Parties) -> None:
    groups = [await parties.gateway.a_group_with() for _ in range(4)]
    for group in groups[:3]:
        await parties.owner.offers(parties.other, group)

    assert await parties.gateway.reads_of(parties.other.is_offered()) == 1
    assert [offer["caseGroup"] for offer in await parties.other.is_offered()] == [
        group["id"] for group in reversed(groups[:3])
    ]
