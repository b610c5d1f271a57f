"""The caller's own identity number is kept nowhere, so it is refused where it would be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway import BUSINESS, Gateway
from tests.groups.parties import codes
from tests.issuer import ALVA, BJORN, COMPANY
from tests.producer import Producer

SPELLINGS = [ALVA, ALVA[2:], f"{ALVA[:8]}-{ALVA[8:]}", f"SKV/{ALVA[2:8]}.{ALVA[8:]}/1"]


@pytest.mark.parametrize("reference", SPELLINGS)
async def test_it_is_no_reference_of_a_case(gateway: Gateway, tax: Producer, reference: str) -> None:
    payload = await gateway.create(tax.case("T-1"), tax.case(reference))
    group = await gateway.a_group_with()
    added = await gateway.change("addCases", id=group["id"], expectedRevision=1, cases=[tax.case(reference)])

    assert codes(payload) == codes(added) == ["INVALID"]
    assert payload["userErrors"][0]["field"] == ["input", "cases", "1", "reference"]
    assert ALVA not in payload["userErrors"][0]["message"]
    assert ALVA[2:] not in str(await gateway.database["disclosures"].find({}).to_list(None))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"idempotencyKey": f"key-{ALVA}"}, ["input", "idempotencyKey"]),
        ({"purpose": {**BUSINESS, "event": f"moving-{ALVA[2:]}"}}, ["input", "purpose", "event"]),
    ],
)
async def test_it_is_no_key_and_no_event(gateway: Gateway, more: dict[str, Any], field: list[str]) -> None:
    payload = await gateway.create(**more)

    assert codes(payload) == ["INVALID"]
    assert payload["userErrors"][0]["field"] == field
    assert await gateway.database["caseGroups"].count_documents({}) == 0


async def test_nor_is_that_of_who_acts_for_the_subject(gateway: Gateway, tax: Producer) -> None:
    token = gateway.token_for(COMPANY, actor=ALVA)

    assert codes(await gateway.create(tax.case(f"X-{ALVA}"), token=token)) == ["INVALID"]
    assert codes(await gateway.create(tax.case(f"X-{COMPANY}"), token=token)) == ["INVALID"]


async def test_other_digits_are_a_reference(gateway: Gateway, tax: Producer) -> None:
    assert codes(await gateway.create(tax.case("2026-1102-3456"), tax.case(f"X-{BJORN}"))) == []
