"""The gateway as the documentation's reader meets it: with the demo's consumers, producers and case groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest_asyncio

from gateway.development import programs
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.store.definitions import load_demo
from gateway.store.initialise import apply_demo
from subgraphs.reference.cases import load_cases
from tests.docs.demonstration import Demonstration
from tests.docs.pages import TOP
from tests.gateway import Gateway
from tests.producer import Producer
from tests.subgraphs.processes import running


@pytest_asyncio.fixture
async def demo(gateway: Gateway, tax: Producer, registry_office: Producer, city: Producer, tmp_path: Path) -> Gateway:
    """The gateway with the data of `make run`; each producer has its cases there, and a status for those in groups."""
    producers = {producer.id: producer for producer in (tax, registry_office, city)}
    for producer in producers.values():
        producer.offers = {}
        for record in load_cases(TOP / "subgraphs" / producer.id.replace("-", "_") / "cases.toml").cases:
            producer.offers.setdefault(record.subject, {})[record.reference] = record.case_type
    groups = await _with_demo_data(gateway, {id_: producer.url for id_, producer in producers.items()}, tmp_path)
    for group in groups:
        for case in group["cases"]:
            producers[case["producer"]].case(case["reference"])
    return gateway


@pytest_asyncio.fixture
async def demonstration(gateway: Gateway, database_uri: str, tmp_path: Path) -> AsyncIterator[Demonstration]:
    """The gateway with the data of `make run`, and the producers of `make run`, each with its own log."""
    with ExitStack() as stack:

        def start(producer: programs.Producer) -> str:
            module, log = producer.command[-1].removeprefix("subgraphs."), tmp_path / f"{producer.label}.log"
            _, url = stack.enter_context(running(module, log, "--gateway", gateway.url))
            return url

        urls = await asyncio.gather(*(asyncio.to_thread(start, producer) for producer in programs.PRODUCERS))
        ids = [producer.id for producer in programs.PRODUCERS]
        await _with_demo_data(gateway, dict(zip(ids, urls, strict=True)), tmp_path)
        logs = {producer.label: tmp_path / f"{producer.label}.log" for producer in programs.PRODUCERS}
        yield Demonstration(gateway, database_uri, logs)


async def _with_demo_data(gateway: Gateway, endpoints: dict[str, str], folder: Path) -> Sequence[dict[str, Any]]:
    """Puts the demo's data in the place of what the gateway has; returns its case groups."""
    pseudonyms = read_pseudonyms(folder / "pseudonym.key", "k1")
    data = load_demo(
        pseudonym=lambda subject: pseudonyms.of(subject).digest, key_id=pseudonyms.key_id, endpoints=endpoints
    )
    for collection in data.documents:
        await gateway.database[collection].delete_many({})
    async for _ in apply_demo(gateway.database, data):
        pass
    await _until_the_registry_is_read_again(gateway, len(data.documents["producers"]))
    return data.documents["caseGroups"]


async def _until_the_registry_is_read_again(gateway: Gateway, producers: int) -> None:
    for _ in range(100):
        answer = await gateway.query("{ producers { edges { node { name } } } }")
        if answer.body.count(b"(demo)") == producers:  # it may have been read while they were put there
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the gateway did not see the producers of the demo within 5 s")
