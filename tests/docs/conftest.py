"""The gateway as the documentation's reader meets it: with the demo's consumers, producers and case groups."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest_asyncio

from gateway.identity.pseudonyms import read_pseudonyms
from gateway.store.definitions import load_demo
from gateway.store.initialise import apply_demo
from tests.gateway import Gateway
from tests.producer import Producer


@pytest_asyncio.fixture
async def demo(gateway: Gateway, tax: Producer, registry_office: Producer, city: Producer, tmp_path: Path) -> Gateway:
    """The gateway with the data of `make run`; each producer has a status for each of its cases there."""
    producers = {producer.id: producer for producer in (tax, registry_office, city)}
    pseudonyms = read_pseudonyms(tmp_path / "pseudonym.key", "k1")
    data = load_demo(
        pseudonym=lambda subject: pseudonyms.of(subject).digest,
        key_id=pseudonyms.key_id,
        endpoints={id_: producer.url for id_, producer in producers.items()},
    )
    for collection in data.documents:
        await gateway.database[collection].delete_many({})
    async for _ in apply_demo(gateway.database, data):
        pass
    for group in data.documents["caseGroups"]:
        for case in group["cases"]:
            producers[case["producer"]].case(case["reference"])
    await _until_the_registry_is_read_again(gateway)
    return gateway


async def _until_the_registry_is_read_again(gateway: Gateway) -> None:
    for _ in range(100):
        answer = await gateway.query("{ producers { edges { node { name } } } }")
        if b"(demo)" in answer.body:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the gateway did not see the producers of the demo within 5 s")
