"""Bad input meets its limit, whatever it is; how little that costs is measured by `make bench`."""

from __future__ import annotations

import itertools

import pytest

from tests.bad_input import BAD_INPUT, BadInput, flood
from tests.gateway import Gateway
from tests.http.connection import connected

HEADERS = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
GOOD = "{ viewer { consumer { name } } }"


@pytest.mark.parametrize("bad", BAD_INPUT, ids=lambda bad: bad.what)
async def test_bad_input_is_refused_with_its_code_in_few_words(gateway: Gateway, bad: BadInput) -> None:
    if bad.limit == "request_max_bytes":
        # Refused for what is declared: nobody waits for the body, which would meet a connection that is closed.
        async with connected(gateway) as connection:
            await connection.begin(f"Content-Length: {len(bad.body)}")
            answer = await connection.answer()
    else:
        answer = await gateway.send(bad.body, HEADERS)

    assert answer.status in {400, 413}
    extensions = [error["extensions"] for error in answer.json["errors"]]
    assert {one["code"] for one in extensions} == {bad.code}
    assert [one["limit"] for one in extensions if "limit" in one] == ([bad.limit] if bad.limit else [])
    assert len(answer.body) < 20_000


@pytest.mark.settings(document_cache_characters=2_000)
async def test_a_flood_of_documents_is_answered_and_forgotten(gateway: Gateway) -> None:
    for query in (GOOD, GOOD, *itertools.islice(flood(), 200), GOOD):
        assert (await gateway.query(query)).data["viewer"]
