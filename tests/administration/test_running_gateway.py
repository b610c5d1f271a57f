"""What `gateway producer` does to a gateway that is running: it takes effect within seconds, with no restart."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.groups.moments import this_moment
from tests.docs.pages import page
from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.http.waiting import until
from tests.issuer import COMPANY
from tests.producer import Producer
from tests.subgraphs.processes import ROOT, Program, running

PAGE = page("docs/producers.md")
ENDPOINT = "http://127.0.0.1:8105/graphql"
"""Where the page has the fourth."""

SECONDS = 5.0
"""Within which every replica knows of a change."""

WHY = ("--why", "Ticket 17")
OPENED = """{ producers { edges { node { id caseTypes { code open } } } } }"""

Command = Callable[..., Awaitable[None]]


@pytest.fixture
def command(gateway: Gateway, database_uri: str, tmp_path: Path) -> Command:
    """Runs `gateway …` as a process of its own, as an operator of the running gateway."""
    settings = {
        "MONGODB_URI": database_uri,
        "MONGODB_DATABASE": gateway.database.name,
        "ASSERTION_KEY_FILE": str(tmp_path / "assertion.jwk"),
        "PUBLIC_URL": gateway.url,
    }
    environment = {**os.environ, **{f"GATEWAY_{name}": value for name, value in settings.items()}}

    async def run(*words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *words, *WHY),
            cwd=ROOT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0, printed.decode()

    return run


async def statuses(gateway: Gateway, group: Any, token: str | None = None) -> dict[str, str]:
    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"], token=token)
    return answer.statuses()


async def open_to(gateway: Gateway, consumer: str, producer: Producer, code: str) -> bool:
    answer = await gateway.query(OPENED, token=gateway.token_for(consumer=consumer))
    (node,) = [edge["node"] for edge in answer.data["producers"]["edges"] if edge["node"]["id"] == producer.global_id]
    return bool(next(one["open"] for one in node["caseTypes"] if one["code"] == code))


async def test_a_fourth_producer_is_added_by_command_and_read_seconds_later(
    gateway: Gateway, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made from what docs/producers.md shows, and connected by its one command."""
    guide = PAGE.section("## Make a fourth")
    copied = tmp_path / "water_agency"
    copied.mkdir()
    for name, language in (("__main__.py", "python"), ("cases.toml", "toml")):
        (block,) = guide.blocks(language)
        (copied / name).write_text(block.text)
    started, added = PAGE.section("### Connect the fourth").blocks("console")[0].lines
    assert started == "$ PYTHONPATH=build python -m water_agency &"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    program = Program((sys.executable, "-m", "water_agency"))
    case = {
        "producer": Producer("water-agency", ("ANSLUTNING",)).global_id,
        "caseType": "ANSLUTNING",
        "reference": "VA-2026-0001",
    }
    token = gateway.token_for(COMPANY)
    with running(program, tmp_path / "log", "--gateway", gateway.url) as (_, url):
        _, program_name, *words = shlex.split(added)
        assert program_name == "gateway"
        await command(*(url if word == ENDPOINT else word for word in words))
        agreed = time.monotonic()
        created: dict[str, Any] = {"userErrors": ["not tried yet"]}
        while created["userErrors"]:
            assert time.monotonic() - agreed < SECONDS
            created = await gateway.create(case, token=token)
            await asyncio.sleep(0.05)

        async def is_read() -> bool:
            (said,) = (await statuses(gateway, created["caseGroup"], token)).values()
            return said not in ("NOT_PERMITTED", "PRODUCER_REFUSED")

        await until(is_read)
        (title,) = (await statuses(gateway, created["caseGroup"], token)).values()

    assert time.monotonic() - agreed < SECONDS
    assert title in ("Ansökan om anslutning mottagen", "Vattnet är inkopplat"), (
        "a title for people, not a reason why there is none"
    )


async def test_closing_a_case_type_leaves_groups_intact_and_asks_the_producer_nothing(
    gateway: Gateway, command: Command, tax: Producer, city: Producer
) -> None:
    group = await gateway.a_group_with(tax.case("T-1"), city.case("C-1"))
    before = await statuses(gateway, group)

    await command("producer", "close", "tax-agency", "--case-type", "FSKATT", "--yes")

    async def is_closed() -> bool:
        return not await open_to(gateway, "business-portal", tax, "FSKATT")

    await until(is_closed)
    asked = tax.requests
    after = await statuses(gateway, group)
    payload = await gateway.create(tax.case("T-2"))
    assert before == {"T-1": "Granskas (T-1)", "C-1": "Granskas (C-1)"}
    assert after == {"T-1": "NOT_PERMITTED", "C-1": "Granskas (C-1)"}
    assert tax.requests == asked
    assert [error["code"] for error in payload["userErrors"]] == ["CASE_TYPE_NOT_OPEN"]


async def test_a_piloted_case_type_is_open_to_its_pilots_alone(
    gateway: Gateway, command: Command, tax: Producer
) -> None:
    case = {**tax.case("T-1"), "caseType": "CLOSED"}
    refused = await gateway.create(case)

    await command("producer", "open", "tax-agency", "--case-type", "CLOSED", "--pilot", "business-portal")
    await until(lambda: open_to(gateway, "business-portal", tax, "CLOSED"))

    group = await gateway.a_group_with(case)
    others = await gateway.create(case, token=gateway.token_for(consumer="accounting-program"))
    assert [error["code"] for error in refused["userErrors"]] == ["CASE_TYPE_NOT_OPEN"]
    assert [error["code"] for error in others["userErrors"]] == ["CASE_TYPE_NOT_OPEN"]
    assert [error["field"] for error in others["userErrors"]] == [["input", "cases", "0", "caseType"]]
    assert await statuses(gateway, group) == {"T-1": "Granskas (T-1)"}
    assert not await open_to(gateway, "accounting-program", tax, "CLOSED")


async def test_a_case_type_is_opened_by_time_alone(gateway: Gateway, command: Command, tax: Producer) -> None:
    moment = this_moment() + timedelta(seconds=3)
    await command("producer", "open", "tax-agency", "--case-type", "CLOSED", "--from", moment.isoformat())
    case = {**tax.case("T-1"), "caseType": "CLOSED"}

    early = await gateway.create(case)
    seen_early = datetime.now(UTC)
    await until(lambda: open_to(gateway, "business-portal", tax, "CLOSED"))
    opened = datetime.now(UTC)
    group = await gateway.a_group_with(case)

    assert seen_early >= moment or [error["code"] for error in early["userErrors"]] == ["CASE_TYPE_NOT_OPEN"]
    assert moment <= opened < moment + timedelta(seconds=SECONDS)
    assert await statuses(gateway, group) == {"T-1": "Granskas (T-1)"}
