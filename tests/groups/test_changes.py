"""Changes to case groups: made whole or not at all, by the owner alone, against the revision that was read."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.gateway import BUSINESS, CREATE, GROUP_WITH_STATUSES, Gateway
from tests.http.waiting import until
from tests.issuer import BJORN
from tests.producer import Producer

ABSENT = base64.urlsafe_b64encode(b"CaseGroup:0123456789abcdef01234567").decode().rstrip("=")


async def stored(gateway: Gateway, group: dict[str, Any]) -> dict[str, Any]:
    """The group as a portal reads it."""
    answer = await gateway.query(
        "query($id: ID!) { caseGroup(id: $id) { title revision cases { edges { node { id reference note } } } } }",
        id=group["id"],
    )
    found: dict[str, Any] = answer.data["caseGroup"]
    return found


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def test_a_group_is_made_with_its_cases_and_purpose(gateway: Gateway, tax: Producer, city: Producer) -> None:
    group = await gateway.a_group_with({**tax.case("T-1"), "note": "Ring Eva\nföre fredag"}, city.case("C-1"))

    assert (group["title"], group["revision"], group["purpose"]) == ("Starta kafé", 1, BUSINESS)
    cases = (await stored(gateway, group))["cases"]["edges"]
    assert [(case["node"]["reference"], case["node"]["note"]) for case in cases] == [
        ("T-1", "Ring Eva\nföre fredag"),
        ("C-1", None),
    ]


async def test_each_change_raises_the_revision_by_one(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    renamed = await gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, title="Nytt namn")
    added = await gateway.change("addCases", id=group["id"], expectedRevision=2, cases=[tax.case()])
    removed = await gateway.change(
        "removeCases", id=group["id"], expectedRevision=3, cases=[group["cases"]["edges"][0]["node"]["id"]]
    )

    assert [payload["caseGroup"]["revision"] for payload in (renamed, added, removed)] == [2, 3, 4]
    assert removed["caseGroup"] == {**removed["caseGroup"], "title": "Nytt namn", "cases": {"totalCount": 1}}


async def test_a_removed_group_is_gone(gateway: Gateway) -> None:
    group = await gateway.a_group_with()

    payload = await gateway.change("deleteCaseGroup", id=group["id"], expectedRevision=1)
    again = await gateway.change("deleteCaseGroup", id=group["id"], expectedRevision=1)

    assert payload == {"deletedId": group["id"], "userErrors": []}
    assert codes(again) == ["NOT_FOUND"]
    assert await gateway.database["caseGroups"].count_documents({}) == 0


async def test_a_stale_revision_is_a_conflict_that_tells_the_present_one_and_changes_nothing(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    await gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, title="Nytt namn")
    before = await stored(gateway, group)
    stale = {"id": group["id"], "expectedRevision": 1}

    payloads = [
        await gateway.change("updateCaseGroup", **stale, title="Annat"),
        await gateway.change("addCases", **stale, cases=[tax.case("T-2")]),
        await gateway.change("removeCases", **stale, cases=[before["cases"]["edges"][0]["node"]["id"]]),
        await gateway.change("deleteCaseGroup", **stale),
    ]

    for payload in payloads:
        (error,) = payload["userErrors"]
        assert (error["code"], error["currentRevision"]) == ("CONFLICT", 2)
        assert error["field"] == ["input", "expectedRevision"]
    assert await stored(gateway, group) == before


async def test_of_many_changes_at_once_one_wins_and_the_others_are_told(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with()

    payloads = await asyncio.gather(
        *(
            gateway.change(
                "addCases", id=group["id"], expectedRevision=1, cases=[tax.case(f"T-{n}"), tax.case(f"U-{n}")]
            )
            for n in range(10)
        )
    )

    won = [payload for payload in payloads if not payload["userErrors"]]
    lost = [error for payload in payloads for error in payload["userErrors"]]
    assert len(won) == 1
    assert [(error["code"], error["currentRevision"]) for error in lost] == [("CONFLICT", 2)] * 9
    assert len((await stored(gateway, group))["cases"]["edges"]) == 2


async def test_deleting_and_changing_at_once_leaves_one_of_the_two(gateway: Gateway) -> None:
    group = await gateway.a_group_with()

    deleted, renamed = await asyncio.gather(
        gateway.change("deleteCaseGroup", id=group["id"], expectedRevision=1),
        gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, title="Nytt"),
    )

    assert sorted((codes(deleted), codes(renamed))) in ([[], ["NOT_FOUND"]], [[], ["CONFLICT"]])


async def test_the_same_idempotency_key_gives_the_first_group_again(gateway: Gateway, tax: Producer) -> None:
    case = tax.case()
    first = await gateway.create(case, idempotencyKey="once")
    again = await gateway.create(case, idempotencyKey="once")
    other = await gateway.create(case, idempotencyKey="twice")

    assert again["caseGroup"]["id"] == first["caseGroup"]["id"]
    assert other["caseGroup"]["id"] != first["caseGroup"]["id"]


async def test_the_same_idempotency_key_many_times_at_once_makes_one_group(gateway: Gateway) -> None:
    payloads = await asyncio.gather(*(gateway.create(idempotencyKey="once") for _ in range(10)))

    assert len({payload["caseGroup"]["id"] for payload in payloads}) == 1
    assert await gateway.database["caseGroups"].count_documents({}) == 1


async def test_the_same_idempotency_key_with_another_input_is_refused(gateway: Gateway) -> None:
    await gateway.create(idempotencyKey="once")

    payload = await gateway.create(title="Något annat", idempotencyKey="once")

    assert codes(payload) == ["INVALID"]
    assert payload["userErrors"][0]["field"] == ["input", "idempotencyKey"]
    assert await gateway.database["caseGroups"].count_documents({}) == 1


async def test_an_idempotency_key_is_the_consumers_and_subjects_own(gateway: Gateway) -> None:
    tokens = (None, gateway.token_for(BJORN), gateway.token_for(consumer="accounting-program"))
    payloads = [await gateway.create(idempotencyKey="once", token=token) for token in tokens]

    assert len({payload["caseGroup"]["id"] for payload in payloads}) == 3


@pytest.mark.parametrize("stranger", [{"subject": BJORN}, {"consumer": "accounting-program"}])
async def test_nobody_else_can_change_a_group_or_learn_that_it_is_there(
    gateway: Gateway, tax: Producer, stranger: dict[str, str]
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    case = group["cases"]["edges"][0]["node"]["id"]
    token = gateway.token_for(**stranger)

    for id_ in (group["id"], ABSENT):
        target: dict[str, Any] = {"token": token, "id": id_, "expectedRevision": 1}
        payloads = [
            await gateway.change("updateCaseGroup", **target, title="Mitt"),
            await gateway.change("addCases", **target, cases=[tax.case("T-2")]),
            await gateway.change("removeCases", **target, cases=[case]),
            await gateway.change("deleteCaseGroup", **target),
        ]
        assert [codes(payload) for payload in payloads] == [["NOT_FOUND"]] * 4
    assert (await stored(gateway, group))["revision"] == 1


BIDIRECTIONAL = "Starta \u202ekafé"


@pytest.mark.parametrize(
    ("input_", "field", "code"),
    [
        ({"title": ""}, "title", "INVALID"),
        ({"title": "   "}, "title", "INVALID"),
        ({"title": "\u3164"}, "title", "INVALID"),
        ({"title": "\u2003"}, "title", "INVALID"),
        ({"title": "x" * 10_000}, "title", "INVALID"),
        ({"title": "Starta\x07"}, "title", "INVALID"),
        ({"title": "två\nrader"}, "title", "INVALID"),
        ({"title": BIDIRECTIONAL}, "title", "INVALID"),
        ({"purpose": {**BUSINESS, "event": "Inte En Kod"}}, "purpose.event", "INVALID"),
        ({"purpose": {**BUSINESS, "event": "a" * 65}}, "purpose.event", "INVALID"),
        ({"purpose": {**BUSINESS, "event": ""}}, "purpose.event", "INVALID"),
        ({"idempotencyKey": ""}, "idempotencyKey", "INVALID"),
        ({"idempotencyKey": "k" * 101}, "idempotencyKey", "INVALID"),
    ],
)
async def test_a_group_that_cannot_be_is_refused_and_nothing_is_stored(
    gateway: Gateway, input_: dict[str, Any], field: str, code: str
) -> None:
    payload = await gateway.create(**input_)

    assert payload["caseGroup"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        (code, ["input", *field.split(".")])
    ]
    assert await gateway.database["caseGroups"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"producer": base64.b64encode(b"Producer:nobody").decode()}, "producer", "UNKNOWN_PRODUCER"),
        ({"producer": "nonsense"}, "producer", "INVALID"),
        ({"caseType": "NO-SUCH-TYPE"}, "caseType", "CASE_TYPE_NOT_OPEN"),
        ({"caseType": "CLOSED"}, "caseType", "CASE_TYPE_NOT_OPEN"),
        ({"reference": ""}, "reference", "INVALID"),
        ({"reference": "R" * 101}, "reference", "INVALID"),
        ({"reference": "R\x00"}, "reference", "INVALID"),
        ({"note": "n" * 1001}, "note", "INVALID"),
        ({"note": "Se \u2066här"}, "note", "INVALID"),
        ({"note": " \u3164 "}, "note", "INVALID"),
        ({"reference": " T-9"}, "reference", "INVALID"),
    ],
)
async def test_a_case_that_cannot_be_added_is_named_and_none_is_added(
    gateway: Gateway, tax: Producer, change: dict[str, str], field: str, code: str
) -> None:
    group = await gateway.a_group_with()

    payload = await gateway.change(
        "addCases", id=group["id"], expectedRevision=1, cases=[tax.case("T-1"), {**tax.case("T-2"), **change}]
    )

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        (code, ["input", "cases", "1", field])
    ]
    assert (await stored(gateway, group))["cases"]["edges"] == []


async def test_every_problem_is_told_at_once(gateway: Gateway, tax: Producer) -> None:
    payload = await gateway.create({**tax.case(), "caseType": "CLOSED", "reference": ""}, title="")

    assert codes(payload) == ["INVALID", "INVALID", "CASE_TYPE_NOT_OPEN"]


async def test_a_case_is_in_a_group_once(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))

    already = await gateway.change("addCases", id=group["id"], expectedRevision=1, cases=[tax.case("T-1")])
    twice = await gateway.change(
        "addCases", id=group["id"], expectedRevision=1, cases=[tax.case("T-2"), tax.case("T-2")]
    )

    assert codes(already) == codes(twice) == ["ALREADY_EXISTS"]
    assert twice["userErrors"][0]["field"] == ["input", "cases", "1"]


async def test_the_two_hundred_and_first_case_is_one_too_many(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(*(tax.case() for _ in range(200)))

    payload = await gateway.change("addCases", id=group["id"], expectedRevision=1, cases=[tax.case()])

    assert codes(payload) == ["LIMIT_EXCEEDED"]
    assert "200" in payload["userErrors"][0]["message"]


@pytest.mark.settings(subject_max_groups=2)
async def test_a_subject_has_only_so_many_groups(gateway: Gateway) -> None:
    await gateway.a_group_with()
    await gateway.a_group_with()

    payload = await gateway.create()

    assert codes(payload) == ["LIMIT_EXCEEDED"]
    assert codes(await gateway.create(token=gateway.token_for(BJORN))) == []
    assert codes(await gateway.create(token=gateway.token_for(consumer="accounting-program"))) == []


@pytest.mark.settings(subject_max_groups=3)
async def test_many_creations_at_once_do_not_pass_the_limit(gateway: Gateway) -> None:
    payloads = await asyncio.gather(*(gateway.create() for _ in range(20)))

    made = [payload for payload in payloads if not payload["userErrors"]]
    assert len(made) <= 3
    assert await gateway.database["caseGroups"].count_documents({}) == len(made)


async def test_a_creation_repeated_with_its_key_gives_its_group_whatever_has_become_of_the_producer(
    gateway: Gateway, tax: Producer
) -> None:
    case = tax.case()
    first = await gateway.create(case, idempotencyKey="once")
    await gateway.database["producers"].update_one({"_id": tax.id}, {"$set": {"state": "suspended"}})

    async def is_suspended() -> bool:
        return codes(await gateway.create(case)) == ["UNKNOWN_PRODUCER"]

    await until(is_suspended)

    again = await gateway.create(case, idempotencyKey="once")

    assert again["caseGroup"]["id"] == first["caseGroup"]["id"]


async def test_a_producers_reference_is_kept_as_it_is(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("A\u030a-1", title="Granskas"))

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert answer.statuses() == {"A\u030a-1": "Granskas"}


async def test_a_case_with_the_longest_reference_can_be_found_and_removed(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("\U0001f4c1" * 100))
    case = group["cases"]["edges"][0]["node"]["id"]

    found = await gateway.query("query($id: ID!) { node(id: $id) { id } }", id=case)
    removed = await gateway.change("removeCases", id=group["id"], expectedRevision=1, cases=[case])

    assert found.data["node"]["id"] == case
    assert removed["userErrors"] == []


async def test_cases_that_are_not_in_the_group_cannot_be_removed_from_it(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case("T-1"))
    other = await gateway.a_group_with(tax.case("T-1"))
    own, foreign = (found["cases"]["edges"][0]["node"]["id"] for found in (group, other))

    payload = await gateway.change("removeCases", id=group["id"], expectedRevision=1, cases=[own, foreign])
    wrong = [
        await gateway.change("removeCases", id=group["id"], expectedRevision=1, cases=[own, id_])
        for id_ in ("nonsense", group["id"])
    ]

    assert [(error["code"], error["field"][-1]) for error in payload["userErrors"]] == [("NOT_FOUND", "1")]
    assert [codes(one) for one in wrong] == [["INVALID"], ["INVALID"]]
    assert len((await stored(gateway, group))["cases"]["edges"]) == 1


@pytest.mark.parametrize("mutation", ["addCases", "removeCases"])
async def test_a_change_of_no_cases_is_refused(gateway: Gateway, mutation: str) -> None:
    group = await gateway.a_group_with()

    assert codes(await gateway.change(mutation, id=group["id"], expectedRevision=1, cases=[])) == ["INVALID"]


@pytest.mark.parametrize("input_", [{}, {"title": None}])
async def test_an_update_of_nothing_is_refused(gateway: Gateway, input_: dict[str, Any]) -> None:
    group = await gateway.a_group_with()

    assert codes(await gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, **input_)) == ["INVALID"]


async def test_an_id_that_is_none_is_refused(gateway: Gateway) -> None:
    payload = await gateway.change("deleteCaseGroup", id="nonsense", expectedRevision=1)

    assert (codes(payload), payload["userErrors"][0]["field"]) == (["INVALID"], ["input", "id"])


async def test_refusals_come_in_the_callers_language(gateway: Gateway) -> None:
    input_ = {"title": "", "purpose": BUSINESS}

    swedish = await gateway.query(CREATE, {"input": input_}, language="sv")
    english = await gateway.query(CREATE, {"input": input_}, language="en")

    assert "Titeln" in swedish.data["createCaseGroup"]["userErrors"][0]["message"]
    assert "The title" in english.data["createCaseGroup"]["userErrors"][0]["message"]


async def test_text_is_stored_composed_and_trimmed(gateway: Gateway) -> None:
    decomposed = "  Starta kafe\u0301 "

    group = await gateway.a_group_with(title=decomposed)

    assert group["title"] == "Starta kafé"


async def test_a_change_moves_the_day_a_group_lapses(gateway: Gateway) -> None:
    group = await gateway.a_group_with()
    before = await gateway.database["caseGroups"].find_one({})
    await gateway.change("updateCaseGroup", id=group["id"], expectedRevision=1, title="Nytt")

    after = await gateway.database["caseGroups"].find_one({})

    assert before is not None
    assert after is not None
    assert after["retainUntil"] > before["retainUntil"]
    assert after["createdAt"] == before["createdAt"]


@pytest.mark.settings(group_max_cases=2)
async def test_more_cases_than_a_group_can_hold_are_not_looked_for(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case(), tax.case())
    ids = [edge["node"]["id"] for edge in group["cases"]["edges"]]

    payload = await gateway.change("removeCases", id=group["id"], expectedRevision=1, cases=[*ids, ids[0]])

    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("LIMIT_EXCEEDED", ["input", "cases"])


async def test_a_creation_that_is_repeated_shows_no_permission_that_has_lapsed(gateway: Gateway) -> None:
    await gateway.create(idempotencyKey="once")
    since = datetime.now(UTC) - timedelta(days=2)
    lapsed = {
        "consumer": "accounting-program",
        "permittedAt": since,
        "validUntil": since + timedelta(days=1),
        "producers": None,
        "fields": None,
    }
    await gateway.database["caseGroups"].update_one({}, {"$set": {"readPermissions": [lapsed]}})
    group = {"title": "Starta kafé", "purpose": BUSINESS, "cases": [], "idempotencyKey": "once"}

    answer = await gateway.query(
        "mutation($input: CreateCaseGroupInput!) {"
        " createCaseGroup(input: $input) { caseGroup { readPermissions { validUntil } } } }",
        {"input": group},
    )

    assert answer.data["createCaseGroup"]["caseGroup"] == {"readPermissions": []}
