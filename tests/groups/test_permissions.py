"""Permission to read: given and withdrawn by the owner, for one named consumer, until a day not far away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from gateway.groups.moments import months_later
from tests.groups.parties import (
    ABSENT,
    OTHER,
    OWNER,
    THIRD,
    Parties,
    Party,
    codes,
    consumer_id,
    days_away,
    global_id,
    stored_id,
)
from tests.groups.parties import written as sent
from tests.issuer import BJORN
from tests.producer import Producer

NOBODY = consumer_id("nobody-knows-it")
UNKNOWN_PRODUCER = global_id("Producer", "nobody-knows-it")


async def permissions(party: Party, group: dict[str, Any]) -> Any:
    return (await party.sees(group))["readPermissions"]


async def test_a_permitted_consumer_sees_the_group_and_the_owner_sees_the_permission(
    parties: Parties, tax: Producer
) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"))
    assert await parties.other.sees(group) is None
    until = days_away(30)

    payload = await parties.owner.permits(parties.other, group, validUntil=until)

    assert payload["userErrors"] == []
    assert payload["caseGroup"]["revision"] == 2
    assert (await parties.other.sees(group))["title"] == "Starta kafé"
    (permission,) = await permissions(parties.owner, group)
    assert permission["consumer"] == {"id": parties.other.id}
    assert (permission["producers"], permission["fields"]) == (None, None)
    assert permission["validUntil"][:22] == until[:22]
    assert permission["permittedAt"] < permission["validUntil"]


async def test_the_narrowing_is_kept_as_it_was_given(parties: Parties, tax: Producer, city: Producer) -> None:
    group = await parties.gateway.a_group_with()

    await parties.owner.permits(
        parties.other, group, producers=[tax.global_id, city.global_id, tax.global_id], fields=["title", "code"]
    )

    (permission,) = await permissions(parties.owner, group)
    assert permission["producers"] == [{"id": city.global_id}, {"id": tax.global_id}]
    assert permission["fields"] == ["code", "title"]


async def test_a_second_permission_takes_the_place_of_the_first(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.third, group)
    await parties.owner.permits(parties.other, group, 2, fields=["title"])

    await parties.owner.permits(parties.third, group, 3, producers=[tax.global_id])

    found = await permissions(parties.owner, group)
    assert [(one["consumer"]["id"], one["fields"]) for one in found] == [
        (parties.other.id, ["title"]),
        (parties.third.id, None),
    ]
    assert found[1]["producers"] == [{"id": tax.global_id}]


async def test_a_withdrawn_permission_is_none_at_once(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await parties.owner.permits(parties.third, group, 2)

    payload = await parties.owner.change("withdrawReading", group, 3, consumer=parties.other.id)

    assert payload["caseGroup"]["revision"] == 4
    assert await parties.other.sees(group) is None
    assert await parties.third.sees(group) is not None
    assert [one["consumer"]["id"] for one in await permissions(parties.owner, group)] == [parties.third.id]


async def test_the_last_withdrawal_leaves_nothing_in_the_document(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await parties.owner.change("withdrawReading", group, 2, consumer=parties.other.id)

    document = await parties.gateway.database["caseGroups"].find_one({})

    assert document is not None
    assert "readPermissions" not in document


async def test_a_permission_that_is_not_there_cannot_be_withdrawn(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()

    for consumer in (parties.other.id, parties.owner.id, NOBODY):
        payload = await parties.owner.change("withdrawReading", group, consumer=consumer)
        assert codes(payload) == ["NOT_FOUND"]
        assert payload["userErrors"][0]["field"] == ["input", "consumer"]
    assert (await parties.owner.sees(group))["revision"] == 1


async def test_the_permission_of_a_consumer_that_is_gone_can_be_withdrawn(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.third, group)
    await parties.end(THIRD, days_ago=1)

    payload = await parties.owner.change("withdrawReading", group, 2, consumer=parties.third.id)

    assert payload["userErrors"] == []


@pytest.mark.parametrize(
    ("input_", "field", "code"),
    [
        ({"consumer": consumer_id(OWNER)}, "consumer", "INVALID"),
        ({"consumer": NOBODY}, "consumer", "UNKNOWN_CONSUMER"),
        ({"consumer": "nonsense"}, "consumer", "INVALID"),
        ({"consumer": ABSENT}, "consumer", "INVALID"),
        ({"validUntil": "2026-01-01T00:00:00Z"}, "validUntil", "INVALID"),
        ({"validUntil": "9999-12-31T23:59:59Z"}, "validUntil", "INVALID"),
        ({"producers": []}, "producers", "INVALID"),
        ({"producers": ["nonsense"]}, "producers.0", "INVALID"),
        ({"producers": [UNKNOWN_PRODUCER]}, "producers.0", "UNKNOWN_PRODUCER"),
        ({"fields": []}, "fields", "INVALID"),
        ({"fields": ["title", "colour"]}, "fields.1", "INVALID"),
        ({"fields": ["references"]}, "fields.0", "INVALID"),
    ],
)
async def test_a_permission_that_cannot_be_is_refused_and_nothing_is_changed(
    parties: Parties, input_: dict[str, Any], field: str, code: str
) -> None:
    group = await parties.gateway.a_group_with()

    payload = await parties.owner.permits(parties.other, group, **input_)

    assert payload["caseGroup"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        (code, ["input", *field.split(".")])
    ]
    seen = await parties.owner.sees(group)
    assert (seen["revision"], seen["readPermissions"]) == (1, [])


async def test_an_unknown_field_is_answered_with_the_right_ones(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()

    payload = await parties.owner.permits(parties.other, group, fields=["references"])

    assert "references.title" in payload["userErrors"][0]["message"]


@pytest.mark.parametrize(("field", "most"), [("fields", 13), ("producers", 100)])
async def test_a_narrowing_to_more_than_there_can_be_is_answered_in_one_sentence(
    parties: Parties, tax: Producer, field: str, most: int
) -> None:
    group = await parties.gateway.a_group_with()

    narrowing: dict[str, Any] = {field: [tax.global_id] * (most + 1)}

    payload = await parties.owner.permits(parties.other, group, **narrowing)

    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("LIMIT_EXCEEDED", ["input", field])
    assert str(most) in error["message"]


async def test_everything_wrong_with_a_permission_is_told_at_once(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with()

    payload = await parties.owner.permits(
        parties.owner,
        group,
        validUntil="2026-01-01T00:00:00Z",
        producers=[tax.global_id, UNKNOWN_PRODUCER],
        fields=["x", "y"],
    )

    assert codes(payload) == ["INVALID", "INVALID", "UNKNOWN_PRODUCER", "INVALID", "INVALID"]
    assert payload["userErrors"][2]["field"] == ["input", "producers", "1"]


@pytest.mark.parametrize("change", [{"state": "suspended"}, {"state": "ended"}, {"environment": "live"}])
async def test_a_consumer_that_is_not_connected_cannot_be_permitted(parties: Parties, change: dict[str, Any]) -> None:
    group = await parties.gateway.a_group_with()
    await parties.change_record(OTHER, **change)

    assert codes(await parties.owner.permits(parties.other, group)) == ["UNKNOWN_CONSUMER"]


@pytest.mark.parametrize(("over", "refused"), [(timedelta(minutes=-1), []), (timedelta(minutes=1), ["INVALID"])])
async def test_a_permission_lasts_at_most_thirteen_calendar_months(
    parties: Parties, over: timedelta, refused: list[str]
) -> None:
    group = await parties.gateway.a_group_with()
    last = months_later(datetime.now(UTC), 13)

    assert codes(await parties.owner.permits(parties.other, group, validUntil=sent(last + over))) == refused


async def test_a_permission_that_ends_now_is_too_late(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()

    assert codes(await parties.owner.permits(parties.other, group, validUntil=days_away(0))) == ["INVALID"]


@pytest.mark.parametrize(
    "text",
    [
        *("2026-12-24", "2026-12-24T10:00:00", "20261224T100000Z", "2027-02-29T00:00:00Z", "2026-12-24T25:00:00Z"),
        *("9999-12-31T23:59:59-01:00", "soon", "", 1_800_000_000),
    ],
)
async def test_an_end_that_is_no_moment_is_no_request(parties: Parties, text: object) -> None:
    answer = await parties.gateway.query(
        "mutation($input: PermitReadingInput!) { permitReading(input: $input) { userErrors { code } } }",
        {"input": {"id": ABSENT, "expectedRevision": 1, "consumer": parties.other.id, "validUntil": text}},
    )

    assert answer.code == "BAD_USER_INPUT"


@pytest.mark.settings(group_max_read_permissions=1)
async def test_only_so_many_may_read_a_group_and_those_that_have_lapsed_do_not_count(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)

    refused = await parties.owner.permits(parties.third, group, 2)
    again = await parties.owner.permits(parties.other, group, 2)
    await lapse(parties, group)
    instead = await parties.owner.permits(parties.third, group, 3)

    assert codes(refused) == ["LIMIT_EXCEEDED"]
    assert "1" in refused["userErrors"][0]["message"]
    assert codes(again) == codes(instead) == []
    document = await parties.gateway.database["caseGroups"].find_one({})
    assert document is not None
    assert [one["consumer"] for one in document["readPermissions"]] == [THIRD]


async def test_what_has_lapsed_is_gone_with_the_next_change_and_out_of_sight_before_it(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    await parties.owner.permits(parties.other, group)
    await lapse(parties, group)

    assert await permissions(parties.owner, group) == []
    assert codes(await parties.owner.change("withdrawReading", group, 2, consumer=parties.other.id)) == ["NOT_FOUND"]
    await parties.owner.change("updateCaseGroup", group, 2, title="Nytt")

    document = await parties.gateway.database["caseGroups"].find_one({})
    assert document is not None
    assert "readPermissions" not in document


async def test_a_permission_and_its_withdrawal_are_changes_like_any_other(parties: Parties) -> None:
    group = await parties.gateway.a_group_with()
    before = await parties.owner.sees(group)

    stale = await parties.owner.permits(parties.other, group, 7)
    payloads = await asyncio.gather(*(parties.owner.permits(parties.other, group) for _ in range(6)))

    assert (codes(stale), stale["userErrors"][0]["currentRevision"]) == (["CONFLICT"], 1)
    assert sorted(codes(payload) for payload in payloads) == [[], *[["CONFLICT"]] * 5]
    after = await parties.owner.sees(group)
    assert (after["revision"], len(after["readPermissions"])) == (2, 1)
    assert after["retainUntil"] > before["retainUntil"]


def every_change(group: dict[str, Any], tax: Producer) -> list[tuple[str, dict[str, Any]]]:
    case = group["cases"]["edges"][0]["node"]["id"]
    return [
        ("updateCaseGroup", {"title": "Mitt"}),
        ("addCases", {"cases": [tax.case("T-2")]}),
        ("removeCases", {"cases": [case]}),
        ("deleteCaseGroup", {}),
        ("permitReading", {"consumer": consumer_id(THIRD), "validUntil": days_away(30)}),
        ("withdrawReading", {"consumer": consumer_id(OTHER)}),
        ("transferCaseGroup", {"to": consumer_id(THIRD)}),
        ("transferCaseGroup", {"to": None}),
        ("acceptCaseGroup", {}),
    ]


async def test_a_reader_can_change_nothing_and_is_told_so(parties: Parties, tax: Producer) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"))
    await parties.owner.permits(parties.other, group)
    before = await parties.gateway.database["caseGroups"].find_one({})

    payloads = [await parties.other.change(name, group, 2, **input_) for name, input_ in every_change(group, tax)]
    stale = await parties.other.change("updateCaseGroup", group, 1, title="Mitt")

    assert [codes(payload) for payload in [*payloads, stale]] == [["NOT_PERMITTED"]] * 10
    assert await parties.gateway.database["caseGroups"].find_one({}) == before


@pytest.mark.parametrize("stranger", ["consumer", "subject", "reader of old"])
async def test_to_all_others_a_group_is_in_every_word_as_if_it_were_not_there(
    parties: Parties, tax: Producer, stranger: str
) -> None:
    group = await parties.gateway.a_group_with(tax.case("T-1"))
    await parties.owner.permits(parties.other, group)
    await lapse(parties, group)
    party = {
        "consumer": parties.third,
        "subject": Party(parties.gateway, OWNER, BJORN),
        "reader of old": parties.other,
    }[stranger]
    for name, input_ in every_change(group, tax):
        # Nobody may name itself.
        named = {key: parties.owner.id if value == party.id else value for key, value in input_.items()}
        there = await party.change(name, group, 2, **named)
        absent = await party.change(name, {"id": ABSENT}, 2, **named)
        assert codes(there) == ["NOT_FOUND"], name
        assert there == absent, name


async def lapse(parties: Parties, group: dict[str, Any]) -> None:
    """Lets every permission of the group have ended a moment ago."""
    await parties.gateway.database["caseGroups"].update_one(
        {"_id": ObjectId(stored_id(group))},
        {"$set": {"readPermissions.$[].validUntil": datetime.now(UTC) - timedelta(milliseconds=1)}},
    )
