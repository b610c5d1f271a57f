"""The demonstration producers as the processes they are, spoken to over HTTP only."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.subgraphs.gateway import Gateway

ROOT = Path(__file__).parents[2]
START_SECONDS = 15.0

ENTITIES = "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Case { %s } } }"


@dataclass(frozen=True)
class Demonstration:
    """What a test knows of one demonstration producer's data."""

    package: str
    producer: str
    subject: str
    references: tuple[str, ...]
    """All of that subject's cases, in order."""
    foreign_reference: str
    """A case of somebody else."""

    @property
    def audience(self) -> str:
        return f"https://{self.producer}.demo.example"


COMPANY = "165599990010"

DEMONSTRATIONS = (
    Demonstration("tax_agency", "tax-agency", COMPANY, ("SKV-2026-55810", "SKV-2026-55811"), "SKV-2026-40017"),
    Demonstration(
        "companies_registration_office",
        "companies-registration-office",
        COMPANY,
        ("BV-2026-104233",),
        "BV-2026-118090",
    ),
    Demonstration("municipality", "municipality", COMPANY, ("EXK-2026-0417", "EXK-2026-0418"), "EXK-2026-0622"),
)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def entities(self) -> list[dict[str, Any] | None]:
        entities: list[dict[str, Any] | None] = self.body["data"]["_entities"]
        return entities


class Producer:
    """One running producer, with the gateway that it trusts."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", url: str, log: Path, demonstration: Demonstration, gateway: Gateway
    ) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.demonstration = demonstration
        self.gateway = gateway

    def assertion(self, **changes: object) -> str:
        """A good assertion for the demonstration's subject, with these changes to its claims."""
        return self.gateway.assertion(self.demonstration.audience, self.demonstration.subject, **changes)

    async def post(self, body: object, *, assertion: str | None, **headers: str) -> Answer:
        """Post a GraphQL request; `accept_language="sv"` sends `accept-language: sv`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if assertion is not None:
            sent["authorization"] = f"Bearer {assertion}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, json=body, headers=sent) as response,
        ):
            is_json = response.content_type == "application/json"
            content = await response.json() if is_json else await response.text()
            return Answer(response.status, {key.lower(): value for key, value in response.headers.items()}, content)

    async def ask(self, query: str, **headers: str) -> Answer:
        """Ask with a good assertion."""
        return await self.post({"query": query}, assertion=self.assertion(), **headers)

    async def entities(self, references: Sequence[str], fields: str, **headers: str) -> Answer:
        """Ask for these fields of the cases with these references, with a good assertion."""
        representations = [{"__typename": "Case", "reference": reference} for reference in references]
        body = {"query": ENTITIES % fields, "variables": {"representations": representations}}
        return await self.post(body, assertion=self.assertion(), **headers)

    async def logged(self, text: str) -> list[str]:
        """The log's lines with that text: the line of a request comes just after its answer."""
        for _ in range(100):
            if lines := [line for line in self.log.read_text().splitlines() if text in line]:
                return lines
            await asyncio.sleep(0.02)
        raise AssertionError(f"{text!r} was not logged.")


def command(module: str, *options: str) -> list[str]:
    """The command line of a module under `subgraphs`, with this interpreter."""
    return [sys.executable, "-m", f"subgraphs.{module}", *options]


@contextmanager
def running(module: str, log: Path, *options: str) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """Run a module on a free port until the block ends; gives the process and the address it says it is ready at."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(module, "--port", "0", *options), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process, _address_when_ready(process, log)
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_producer(demonstration: Demonstration, gateway: Gateway, log: Path) -> Iterator[Producer]:
    """Run a demonstration producer that trusts this gateway."""
    with running(demonstration.package, log, "--gateway", gateway.url) as (process, url):
        yield Producer(process, url, log, demonstration, gateway)


def _address_when_ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"ready.*url=(\S+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"It did not start. Its output: {log.read_text()!r}")
