"""Which part of the gateway a sample is put down to."""

from __future__ import annotations

import pytest

from tests.bench.speed.shares import LOOP, part_of

ENDPOINT = "gateway/http/graphql.py:graphql_endpoint"


@pytest.mark.parametrize(
    ("innermost_first", "part"),
    [
        (["joserfc/jws.py:validate", "gateway/identity/access_tokens.py:verified", ENDPOINT], "token"),
        (["joserfc/jws.py:sign", "gateway/producers/assertion.py:sign"], "producers"),
        (["gateway/store/case_groups.py:by_ids", "gateway/groups/visible.py:load", ENDPOINT], "database"),
        (["pymongo/bulk.py:insert", "gateway/store/disclosures.py:append", "gateway/disclosure/a.py:a"], "record"),
        (["gateway/http/graphql.py:_json", ENDPOINT], "json"),
        (["asyncio/runners.py:run"], LOOP),
    ],
)
def test_a_stack_belongs_to_its_innermost_part_and_to_the_record_wherever_that_is(
    innermost_first: list[str], part: str
) -> None:
    assert part_of(innermost_first) == part
