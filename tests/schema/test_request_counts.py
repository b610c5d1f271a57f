"""What an answer costs: one request a producer, a constant number of database reads (issue: done when, 4)."""

from __future__ import annotations

import pytest

from tests.gateway import GROUP_WITH_STATUSES, STATUS, Gateway
from tests.producer import Producer


async def test_sixty_cases_at_three_producers_cost_three_requests_and_one_read(
    gateway: Gateway, tax: Producer, city: Producer, registry_office: Producer
) -> None:
    producers = (tax, city, registry_office)
    group = await gateway.a_group_with(*(producer.case() for _ in range(20) for producer in producers))
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert len(answer.statuses()) == 60
    assert [producer.requests for producer in producers] == [1, 1, 1]
    assert [len(producer.asked[0].references) for producer in producers] == [20, 20, 20]
    assert gateway.reads.of(gateway.database.name) - before == 1


async def test_fifty_groups_with_their_cases_and_statuses_cost_the_same_three_requests(
    gateway: Gateway, tax: Producer, city: Producer, registry_office: Producer
) -> None:
    producers = (tax, city, registry_office)
    for _ in range(50):
        await gateway.a_group_with(*(producer.case() for producer in producers))
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query(
        f"{{ caseGroups(first: 50) {{ edges {{ node {{ cases {{ edges {{ node {{ {STATUS} }} }} }} }} }} }} }}"
    )

    titles = [
        case["node"]["status"]["title"]
        for group in answer.data["caseGroups"]["edges"]
        for case in group["node"]["cases"]["edges"]
    ]
    assert len(titles) == 150
    assert [producer.requests for producer in producers] == [1, 1, 1]
    assert gateway.reads.of(gateway.database.name) - before == 1


async def test_many_groups_by_id_in_one_question_are_one_read(gateway: Gateway) -> None:
    ids = [(await gateway.a_group_with())["id"] for _ in range(5)]
    aliases = " ".join(f'g{number}: node(id: "{id_}") {{ id }}' for number, id_ in enumerate(ids))
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query(f"{{ {aliases} }}")

    assert [node["id"] for node in answer.data.values()] == ids
    assert gateway.reads.of(gateway.database.name) - before == 1


async def test_no_producer_is_asked_when_no_status_is_selected(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    await gateway.query(
        "query($id: ID!) { caseGroup(id: $id) { cases { edges { node { reference } } } } }", id=group["id"]
    )

    assert tax.requests == 0


@pytest.mark.parametrize("size", [1, 10])
async def test_where_only_the_count_of_a_list_is_asked_for_it_alone_is_read(gateway: Gateway, size: int) -> None:
    for _ in range(3):
        await gateway.a_group_with()
    before = gateway.reads.of(gateway.database.name)

    answer = await gateway.query("query($size: Int) { caseGroups(first: $size) { totalCount } }", size=size)

    assert answer.data["caseGroups"]["totalCount"] == 3
    assert gateway.reads.of(gateway.database.name) - before == 1


async def test_a_list_of_titles_does_not_read_the_cases(gateway: Gateway, tax: Producer) -> None:
    await gateway.a_group_with(*(tax.case() for _ in range(5)))
    await gateway.query("{ caseGroups { edges { node { title } } } }")
    titles = gateway.reads.projection(gateway.database.name)
    await gateway.query("{ caseGroups { edges { node { ...G } } } } fragment G on CaseGroup { cases { totalCount } }")
    cases = gateway.reads.projection(gateway.database.name)

    assert (titles, cases) == ({"cases": False}, None)


STREAMED = f"""
  query($id: ID!) {{
    caseGroup(id: $id) {{ cases(first: 100) {{ edges @stream(initialCount: 1) {{ node {{ reference {STATUS} }} }} }} }}
  }}
"""

STREAMED_GROUPS = f"""
  {{ caseGroups(first: 50) {{ edges @stream {{ node {{ cases {{ edges {{ node {{ {STATUS} }} }} }} }} }} }} }}
"""


async def test_a_streamed_list_of_cases_costs_one_request(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(*(tax.case() for _ in range(60)))

    answer = await gateway.query(STREAMED, id=group["id"], accept="multipart/mixed")

    assert b"DEADLINE_EXCEEDED" not in answer.body
    assert [len(asked.references) for asked in tax.asked] == [60]


async def test_a_streamed_list_of_groups_costs_one_request_a_producer(
    gateway: Gateway, tax: Producer, city: Producer
) -> None:
    for _ in range(5):
        await gateway.a_group_with(tax.case(), city.case())

    await gateway.query(STREAMED_GROUPS, accept="multipart/mixed")

    assert [tax.requests, city.requests] == [1, 1]
