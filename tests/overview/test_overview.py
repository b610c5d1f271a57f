"""The overview over HTTP: what it shows, of whom, and what one producer's failure does to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web

from gateway.model.global_id import global_id
from tests.agreements import grant_record
from tests.gateway import Gateway
from tests.http.parts import in_parts, together
from tests.http.waiting import until
from tests.issuer import BJORN
from tests.overview.asking import OVERVIEW, all_pages, eventually, overview, reasons, references, refused
from tests.producer import Producer, answering
from tests.producers.asking import Silence


async def test_the_cases_of_all_producers_are_shown_each_with_its_outcome(
    gateway: Gateway, tax: Producer, registry_office: Producer, city: Producer
) -> None:
    page = await overview(gateway)

    assert references(page) == ["B-1", "T-1", "T-2", "T-4"]
    assert [one["producer"]["id"] for one in page["producers"]] == [
        registry_office.global_id,
        city.global_id,
        tax.global_id,
    ]
    assert reasons(page) == [None, "NOT_OFFERED", None]
    assert page["edges"][1]["node"]["caseType"] == {"code": "FSKATT"}
    assert page["pageInfo"]["hasNextPage"] is False
    assert (tax.requests, registry_office.requests, city.requests) == (1, 1, 0)


async def test_a_producer_is_told_that_its_list_is_asked_for_and_for_no_purpose(
    gateway: Gateway, tax: Producer
) -> None:
    await overview(gateway, token=gateway.token_for(BJORN))

    (asked,) = tax.asked
    assert (asked.claims["sub"], asked.claims["scope"], asked.claims["purpose"]) == (BJORN, "cases", [])
    assert asked.claims["case_types"] == ["FSKATT", "MOMS"]
    assert asked.claims["aud"] == tax.audience
    assert "status" not in asked.query
    assert {"Request-Timeout", "X-Request-ID", "traceparent", "Accept-Language"} <= set(asked.headers)


async def test_only_the_subjects_own_cases_are_shown(gateway: Gateway) -> None:
    assert references(await overview(gateway, token=gateway.token_for(BJORN))) == ["T-9"]


async def test_what_no_grant_names_is_not_shown_nor_asked_for(gateway: Gateway, tax: Producer) -> None:
    await gateway.database["grants"].delete_many({})
    await gateway.database["grants"].insert_one(grant_record("business-portal", tax.id, ["MOMS"], ["title"]))

    async def shown() -> list[str]:
        return references(await overview(gateway))

    await eventually(shown, ["T-2"])

    page = await overview(gateway)
    assert [one["producer"]["id"] for one in page["producers"]] == [tax.global_id]
    cases = page["producers"][0]["outcome"]["cases"]
    assert cases == [{"reference": "T-2"}]


async def test_a_grant_that_ends_while_the_producer_takes_its_time_shows_nothing(
    gateway: Gateway, tax: Producer
) -> None:
    may_answer = asyncio.Event()

    async def late(request: web.Request) -> web.StreamResponse:
        await may_answer.wait()
        return web.json_response(tax.correct_answer(await request.json()))

    tax.behaviour = late
    asking = asyncio.create_task(overview(gateway))
    await until(lambda: tax.requests == 1)
    await gateway.database["grants"].delete_many({"producer": tax.id})

    async def grants() -> Any:
        return (await gateway.query("{ viewer { grants { totalCount } } }")).data["viewer"]["grants"]

    await eventually(grants, {"totalCount": 2})
    may_answer.set()

    page = await asking

    assert references(page) == ["B-1"]
    assert reasons(page) == [None, "NOT_OFFERED", "NOT_PERMITTED"]


async def test_producers_narrows_the_overview(gateway: Gateway, tax: Producer, registry_office: Producer) -> None:
    page = await overview(gateway, producers=[registry_office.global_id, registry_office.global_id])

    assert references(page) == ["B-1"]
    assert len(page["producers"]) == 1
    assert tax.requests == 0


async def test_a_named_producer_that_may_not_be_asked_says_so(gateway: Gateway, tax: Producer) -> None:
    await gateway.database["grants"].delete_many({"producer": tax.id})

    async def named() -> list[str | None]:
        return reasons(await overview(gateway, producers=[tax.global_id]))

    await eventually(named, ["NOT_PERMITTED"])
    asked = tax.requests
    page = await overview(gateway, producers=[tax.global_id])
    assert page["edges"] == []
    assert page["producers"][0]["outcome"]["message"] == "Den här tjänsten får inte läsa dina ärenden hos myndigheten."
    assert tax.requests == asked


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"producers": ["UHJvZHVjZXI6bm9ib2R5"]}, "NOT_FOUND"),
        ({"producers": ["nonsense"]}, "BAD_USER_INPUT"),
        ({"producers": ["UHJvZHVjZXI6bm9ib2R5"] * 101}, "LIMIT_EXCEEDED"),
        ({"first": 0}, "BAD_USER_INPUT"),
        ({"first": 101}, "LIMIT_EXCEEDED"),
        ({"after": "nonsense"}, "BAD_USER_INPUT"),
        ({"after": "å"}, "BAD_USER_INPUT"),
        ({"after": "A" * 100_001}, "BAD_USER_INPUT"),
    ],
)
async def test_what_cannot_be_used_is_refused(gateway: Gateway, variables: dict[str, Any], code: str) -> None:
    answer = await refused(gateway, **variables)

    assert answer.code == code
    assert answer.json["data"] == {"availableCases": None}


async def test_it_needs_the_scope_to_read_groups(gateway: Gateway, tax: Producer) -> None:
    answer = await gateway.query(OVERVIEW, token=gateway.token_for(scope="case-groups:write"))

    assert answer.code == "FORBIDDEN_FIELD"
    assert tax.requests == 0


async def test_one_cursor_leads_through_all_producers(gateway: Gateway) -> None:
    everything = ["B-1", "T-1", "T-2", "T-4"]
    for first in (1, 2, 3, 4, 100):
        pages = await all_pages(gateway, first)
        assert sorted(reference for page in pages for reference in page) == everything, (first, pages)


async def test_every_edges_cursor_leads_to_what_follows_it(gateway: Gateway) -> None:
    page = await overview(gateway)

    for index, edge in enumerate(page["edges"]):
        following = await all_pages(gateway, 50, edge["cursor"])
        assert following == [references(page)[index + 1 :]]


async def test_a_cursor_is_refused_for_another_subject_consumer_or_filter_and_when_changed(
    gateway: Gateway, tax: Producer
) -> None:
    cursor = (await overview(gateway, first=2))["pageInfo"]["endCursor"]
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]

    others: list[tuple[str | None, dict[str, Any]]] = [
        (gateway.token_for(BJORN), {"after": cursor}),
        (gateway.token_for(consumer="accounting-program"), {"after": cursor}),
        (None, {"after": cursor, "producers": [tax.global_id]}),
        (None, {"after": changed}),
    ]
    for token, variables in others:
        assert (await gateway.query(OVERVIEW, variables, token=token)).code == "BAD_USER_INPUT"
    assert b"T-" not in cursor.encode()


async def test_a_producer_that_is_down_costs_only_its_own_cases_and_is_asked_again_later(
    gateway: Gateway, tax: Producer
) -> None:
    tax.behaviour = answering({}, 503, Retry_After="7")
    page = await overview(gateway)

    assert references(page) == ["B-1"]
    outcome = page["producers"][2]["outcome"]
    assert (outcome["reason"], outcome["retryAfterSeconds"]) == ("PRODUCER_UNAVAILABLE", 7)
    assert outcome["message"] == "Myndigheten går inte att nå just nu. Försök igen om en stund."
    assert page["pageInfo"]["hasNextPage"] is False

    again = await overview(gateway, after=page["pageInfo"]["endCursor"])
    assert [one["producer"]["id"] for one in again["producers"]] == [tax.global_id]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (answering({"data": None}), "PRODUCER_FAULT"),
        (answering({"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]}), "PRODUCER_REFUSED"),
        (answering({}, 403), "PRODUCER_REFUSED"),
        (Silence(), "PRODUCER_TIMEOUT"),
    ],
)
@pytest.mark.settings(producer_deadline=0.3)
async def test_what_goes_wrong_at_a_producer_is_its_outcome(
    gateway: Gateway, tax: Producer, behaviour: Any, reason: str
) -> None:
    tax.behaviour = behaviour

    page = await overview(gateway)

    assert reasons(page) == [None, "NOT_OFFERED", reason]
    assert references(page) == ["B-1"]


async def test_each_case_says_which_groups_it_is_in_at_the_cost_of_one_read(gateway: Gateway, tax: Producer) -> None:
    case = {"producer": tax.global_id, "caseType": "FSKATT", "reference": "T-1"}
    first = await gateway.a_group_with(case, title="The first")
    second = await gateway.a_group_with(case, title="The second")
    await gateway.a_group_with(title="Empty")
    await gateway.a_group_with(case, title="Another's", token=gateway.token_for(consumer="accounting-program"))
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query(
        """{ availableCases {
            edges { node { reference caseGroups { id title } } }
            producers { outcome { ... on AvailableCases { cases { caseGroups { title } } } } }
        } }"""
    )

    found = {edge["node"]["reference"]: edge["node"]["caseGroups"] for edge in answer.data["availableCases"]["edges"]}
    assert found == {
        "B-1": [],
        "T-1": [{"id": second["id"], "title": "The second"}, {"id": first["id"], "title": "The first"}],
        "T-2": [],
        "T-4": [],
    }
    assert gateway.reads.of(gateway.database.name) - before == 1


async def test_a_reader_is_told_of_groups_only_as_far_as_it_may_see_them(
    gateway: Gateway, tax: Producer, registry_office: Producer
) -> None:
    program = gateway.token_for(consumer="accounting-program")
    group = await gateway.a_group_with(
        {"producer": tax.global_id, "caseType": "FSKATT", "reference": "T-1"},
        {"producer": registry_office.global_id, "caseType": "BOLAGSREGISTRERING", "reference": "B-1"},
        token=program,
    )
    await gateway.change(
        "permitReading",
        program,
        id=group["id"],
        expectedRevision=1,
        consumer=global_id("Consumer", "business-portal"),
        validUntil=(datetime.now(UTC) + timedelta(days=1)).isoformat(),
        producers=[registry_office.global_id],
    )

    answer = await gateway.query("{ availableCases { edges { node { reference caseGroups { id } } } } }")

    edges = answer.data["availableCases"]["edges"]
    found = {edge["node"]["reference"]: edge["node"]["caseGroups"] for edge in edges}
    assert found == {"B-1": [{"id": group["id"]}], "T-1": [], "T-2": [], "T-4": []}


async def test_nothing_is_asked_or_read_that_is_not_selected(gateway: Gateway, tax: Producer) -> None:
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query("{ availableCases { producers { producer { name } } } }")

    assert len(answer.data["availableCases"]["producers"]) == 3
    assert tax.requests == 0
    assert gateway.reads.of(gateway.database.name) == before


async def test_a_slow_producers_part_arrives_when_it_arrives(gateway: Gateway, tax: Producer) -> None:
    may_answer = asyncio.Event()

    async def late(request: web.Request) -> web.StreamResponse:
        await may_answer.wait()
        return web.json_response(tax.correct_answer(await request.json()))

    tax.behaviour = late
    query = """
      { availableCases { producers {
        producer { id }
        ... @defer { outcome { ... on AvailableCases { cases { reference } } ... on CasesUnavailable { reason } } }
      } } }
    """
    async with in_parts(gateway, query) as parts:
        first = await parts.next()
        seen = [first]
        while sum(len(part.get("completed", ())) for part in seen) < 2:
            seen.append(await parts.next())
        assert "T-1" not in str(seen)
        assert "B-1" in str(seen)
        may_answer.set()
        seen += await parts.all()

    whole = together(seen)["availableCases"]["producers"]
    assert whole[2]["outcome"] == {"cases": [{"reference": "T-1"}, {"reference": "T-2"}, {"reference": "T-4"}]}


async def test_producers_can_be_streamed(gateway: Gateway) -> None:
    query = """
      { availableCases { producers @stream(initialCount: 0) {
        outcome { ... on AvailableCases { cases { reference } } ... on CasesUnavailable { reason } }
      } } }
    """
    async with in_parts(gateway, query) as parts:
        whole = together(await parts.all())["availableCases"]["producers"]

    assert [len(one["outcome"].get("cases", [])) for one in whole] == [1, 0, 3]


@pytest.mark.settings(producer_deadline=60, operation_deadline=60)
async def test_the_producers_of_a_caller_that_hung_up_are_hung_up_on(gateway: Gateway, tax: Producer) -> None:
    tax.behaviour = silence = Silence()
    headers = {"Authorization": f"Bearer {gateway.issuer.token()}"}
    async with ClientSession() as portal:
        asking = asyncio.create_task(
            portal.post(f"{gateway.url}/graphql", json={"query": OVERVIEW}, headers=headers).__aenter__()
        )
        await until(lambda: tax.requests == 1)
        asking.cancel()

    await until(lambda: silence.hung_up_on == 1)
