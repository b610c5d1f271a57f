"""Relay connections in both directions, by keyset: stable while items come and go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agreements import consumer_record
from tests.gateway import Gateway
from tests.issuer import BJORN
from tests.producer import Producer

GROUPS = """
  query($first: Int, $after: String, $last: Int, $before: String, $filter: CaseGroupFilter) {
    caseGroups(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id title } }
    }
  }
"""

CASES = """
  query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    caseGroup(id: $id) {
      cases(first: $first, after: $after, last: $last, before: $before) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { reference } }
        totalCount
      }
    }
  }
"""


async def groups_titled(gateway: Gateway, *titles: str) -> None:
    for title in titles:
        await gateway.a_group_with(title=title)


async def page(gateway: Gateway, **arguments: Any) -> Any:
    return (await gateway.query(GROUPS, arguments)).data["caseGroups"]


def titles(found: Any) -> list[str]:
    return [edge["node"]["title"] for edge in found["edges"]]


async def test_the_newest_groups_come_first_and_the_pages_follow_each_other(gateway: Gateway) -> None:
    await groups_titled(gateway, "one", "two", "three", "four", "five")

    first = await page(gateway, first=2)
    second = await page(gateway, first=2, after=first["pageInfo"]["endCursor"])
    third = await page(gateway, first=2, after=second["pageInfo"]["endCursor"])

    assert [titles(first), titles(second), titles(third)] == [["five", "four"], ["three", "two"], ["one"]]
    assert [found["pageInfo"]["hasNextPage"] for found in (first, second, third)] == [True, True, False]
    assert [found["pageInfo"]["hasPreviousPage"] for found in (first, second, third)] == [False, True, True]


async def test_the_pages_can_be_walked_backwards(gateway: Gateway) -> None:
    await groups_titled(gateway, "one", "two", "three", "four", "five")

    last = await page(gateway, last=2)
    middle = await page(gateway, last=2, before=last["pageInfo"]["startCursor"])
    first = await page(gateway, last=2, before=middle["pageInfo"]["startCursor"])

    assert [titles(last), titles(middle), titles(first)] == [["two", "one"], ["four", "three"], ["five"]]
    assert [found["pageInfo"]["hasPreviousPage"] for found in (last, middle, first)] == [True, True, False]
    assert [found["pageInfo"]["hasNextPage"] for found in (last, middle, first)] == [False, True, True]


async def test_a_page_does_not_shift_when_groups_are_added_meanwhile(gateway: Gateway) -> None:
    await groups_titled(gateway, "one", "two", "three", "four")
    first = await page(gateway, first=2)

    await groups_titled(gateway, "five", "six")

    assert titles(await page(gateway, first=2, after=first["pageInfo"]["endCursor"])) == ["two", "one"]


async def test_a_page_goes_on_where_it_was_when_the_group_it_ended_with_is_removed(gateway: Gateway) -> None:
    await groups_titled(gateway, "one", "two", "three", "four")
    first = await page(gateway, first=2)
    await gateway.change("deleteCaseGroup", id=first["edges"][1]["node"]["id"], expectedRevision=1)

    assert titles(await page(gateway, first=2, after=first["pageInfo"]["endCursor"])) == ["two", "one"]


async def test_a_list_can_be_cut_at_both_ends(gateway: Gateway) -> None:
    await groups_titled(gateway, "one", "two", "three", "four", "five")
    every = await page(gateway, first=5)

    between = await page(gateway, first=5, after=every["edges"][0]["cursor"], before=every["edges"][4]["cursor"])

    assert titles(between) == ["four", "three", "two"]
    assert (between["pageInfo"]["hasPreviousPage"], between["pageInfo"]["hasNextPage"]) == (True, True)


@pytest.mark.parametrize("backward", [False, True])
async def test_a_list_cut_at_one_end_says_that_it_goes_on_there(gateway: Gateway, backward: bool) -> None:
    await groups_titled(gateway, "one", "two", "three", "four", "five")
    third = (await page(gateway, first=5))["edges"][2]["cursor"]

    found = await page(gateway, **({"last": 10, "after": third} if backward else {"first": 10, "before": third}))

    assert titles(found) == (["two", "one"] if backward else ["five", "four"])
    assert found["pageInfo"]["hasPreviousPage"] is backward
    assert found["pageInfo"]["hasNextPage"] is not backward


async def test_an_empty_list_has_no_cursors(gateway: Gateway) -> None:
    found = await page(gateway, first=5)

    assert found == {
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "edges": [],
    }


async def test_a_filter_shows_only_what_fits(gateway: Gateway, tax: Producer, city: Producer) -> None:
    await gateway.a_group_with(tax.case(), title="tax")
    await gateway.a_group_with(city.case(), title="city")
    await gateway.a_group_with(title="health", purpose={"informationArea": "HEALTHCARE", "event": None})

    assert titles(await page(gateway, filter={"producer": tax.global_id})) == ["tax"]
    assert titles(await page(gateway, filter={"informationArea": "HEALTHCARE"})) == ["health"]
    assert titles(await page(gateway, filter={"event": "starting-a-company"})) == ["city", "tax"]
    assert titles(await page(gateway, filter={"event": "starting-a-company", "producer": city.global_id})) == ["city"]


async def test_the_cases_of_a_group_come_in_the_order_they_were_added_and_page_both_ways(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(*(tax.case(f"T-{number}") for number in range(1, 6)))

    async def cases(**arguments: Any) -> Any:
        return (await gateway.query(CASES, {"id": group["id"], **arguments})).data["caseGroup"]["cases"]

    first = await cases(first=2)
    rest = await cases(first=10, after=first["pageInfo"]["endCursor"])
    last = await cases(last=2)
    before = await cases(last=2, before=last["pageInfo"]["startCursor"])

    def references(found: Any) -> list[str]:
        return [edge["node"]["reference"] for edge in found["edges"]]

    assert references(first) == ["T-1", "T-2"]
    assert references(rest) == ["T-3", "T-4", "T-5"]
    assert references(last) == ["T-4", "T-5"]
    assert references(before) == ["T-2", "T-3"]
    assert (first["pageInfo"]["hasPreviousPage"], first["pageInfo"]["hasNextPage"]) == (False, True)
    assert (before["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasNextPage"]) == (True, True)
    assert first["totalCount"] == 5


async def test_a_case_page_stays_in_step_when_cases_are_removed(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(*(tax.case(f"T-{number}") for number in range(1, 6)))
    ids = [edge["node"]["id"] for edge in group["cases"]["edges"]]
    first = (await gateway.query(CASES, id=group["id"], first=2)).data["caseGroup"]["cases"]
    await gateway.change("removeCases", id=group["id"], expectedRevision=1, cases=ids[:2])

    rest = (await gateway.query(CASES, id=group["id"], after=first["pageInfo"]["endCursor"])).data["caseGroup"]["cases"]

    assert [edge["node"]["reference"] for edge in rest["edges"]] == ["T-3", "T-4", "T-5"]


async def test_producers_are_paged_and_filtered_by_area(gateway: Gateway) -> None:
    query = """query($after: String) { producers(first: 2, after: $after) {
      totalCount pageInfo { endCursor hasNextPage } edges { node { id name } } } }"""
    first = (await gateway.query(query, language="en")).data["producers"]
    second = (await gateway.query(query, after=first["pageInfo"]["endCursor"], language="en")).data["producers"]
    other = await gateway.query("{ producers(informationArea: HEALTHCARE) { totalCount } }")

    names = [edge["node"]["name"] for found in (first, second) for edge in found["edges"]]
    assert names == [
        "companies-registration-office in English",
        "municipality in English",
        "tax-agency in English",
    ]
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == (3, False)
    assert other.data["producers"]["totalCount"] == 0


async def test_the_connected_consumers_are_paged(gateway: Gateway) -> None:
    query = """query($after: String) { consumers(first: 1, after: $after) {
      totalCount pageInfo { endCursor hasNextPage } edges { node { name } } } }"""
    await gateway.database["consumers"].insert_one(consumer_record("another", state="suspended"))
    first = (await gateway.query(query, language="en")).data["consumers"]
    second = (await gateway.query(query, after=first["pageInfo"]["endCursor"], language="en")).data["consumers"]
    of_producers = (await gateway.query("{ producers { pageInfo { endCursor } } }")).data["producers"]["pageInfo"]

    names = [edge["node"]["name"] for found in (first, second) for edge in found["edges"]]
    assert names == ["accounting-program (en)", "business-portal (en)"]
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == (2, False)
    assert (await gateway.query(query, after=of_producers["endCursor"])).code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"first": 0}, "BAD_USER_INPUT"),
        ({"first": -1}, "BAD_USER_INPUT"),
        ({"last": 0}, "BAD_USER_INPUT"),
        ({"first": 10_000}, "LIMIT_EXCEEDED"),
        ({"last": 101}, "LIMIT_EXCEEDED"),
        ({"first": 1, "last": 1}, "BAD_USER_INPUT"),
        ({"after": "nonsense"}, "BAD_USER_INPUT"),
        ({"after": ""}, "BAD_USER_INPUT"),
        ({"after": "å" * 10}, "BAD_USER_INPUT"),
        ({"before": "A" * 10_000}, "BAD_USER_INPUT"),
        ({"filter": {"producer": "nonsense"}}, "BAD_USER_INPUT"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(gateway: Gateway, arguments: dict[str, Any], code: str) -> None:
    answer = await gateway.query(GROUPS, arguments)

    assert answer.code == code
    assert answer.error["path"] == ["caseGroups"]


async def test_a_page_that_is_too_large_names_the_limit(gateway: Gateway) -> None:
    extensions = (await gateway.query(GROUPS, first=10_000)).error["extensions"]

    assert (extensions["limit"], extensions["value"], extensions["asked"]) == ("page_max_size", 100, 10_000)


async def test_a_cursor_of_another_list_filter_or_caller_is_refused(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())
    of_groups = (await page(gateway, first=1))["pageInfo"]["endCursor"]
    of_cases = (await gateway.query(CASES, id=group["id"])).data["caseGroup"]["cases"]["pageInfo"]["endCursor"]

    answers = [
        await gateway.query(GROUPS, after=of_cases),
        await gateway.query(CASES, id=group["id"], after=of_groups),
        await gateway.query(GROUPS, after=of_groups, filter={"event": "starting-a-company"}),
        await gateway.query(GROUPS, after=of_groups, token=gateway.token_for(BJORN)),
        await gateway.query(GROUPS, after=of_groups, token=gateway.token_for(consumer="accounting-program")),
    ]

    assert [answer.code for answer in answers] == ["BAD_USER_INPUT"] * 5
