"""The producers of `subgraphs/` as the processes they are, in whatever language, spoken to over HTTP only."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import required
from tests.subgraphs.gateway import Gateway

ROOT = Path(__file__).parents[2]
START_SECONDS = 15.0

ENTITIES = "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Case { %s } } }"


@dataclass(frozen=True)
class Program:
    """How a producer is started: its command line, less the options that every producer has."""

    command: tuple[str, ...]
    is_there: Callable[[], None] = lambda: None
    """Skips the test, with a sentence, where the program cannot be run on this machine; in CI that is a failure."""
    beside: Callable[[Path], AbstractContextManager[Sequence[str]]] = lambda _: nullcontext(())
    """What must run beside it, its log in the folder given; what comes back are the options that tell of it."""


@dataclass(frozen=True)
class Demonstration:
    """One producer to test: its program, and what is known of its data."""

    producer: str
    program: Program
    subject: str
    references: tuple[str, ...]
    """All of that subject's cases, in order."""
    foreign_reference: str
    """A case of somebody else."""
    foreign_subject: str
    """Whose case that is."""

    @property
    def audience(self) -> str:
        return f"https://{self.producer}.demo.example"


def in_python(module: str) -> Program:
    """A module under `subgraphs`, run by this interpreter."""
    return Program((sys.executable, "-m", f"subgraphs.{module}"))


def in_node(folder: str) -> Program:
    """The `producer.js` of a folder under `subgraphs`, run by Node where it and the folder's packages are installed."""

    def is_there() -> None:
        required("node", f"the producer in subgraphs/{folder} is written in JavaScript.")
        if not (ROOT / "subgraphs" / folder / "node_modules").is_dir():
            missing = f"The packages of a producer are not installed: npm ci --prefix subgraphs/{folder}"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)

    return Program(("node", f"subgraphs/{folder}/producer.js"), is_there)


def before_the_simulator() -> Program:
    """The adapter to the kundhändelse interface, before the simulator of it."""

    @contextmanager
    def beside(folder: Path) -> Iterator[Sequence[str]]:
        with running("kundhandelse.simulator", folder / "simulator.log") as (_, url):
            demonstration = (ROOT / "subgraphs" / "kundhandelse" / "adapter.toml").read_text()
            configuration = folder / "adapter.toml"
            configuration.write_text(demonstration.replace("http://127.0.0.1:8195", url))
            yield ("--config", str(configuration))

    return Program(in_python("kundhandelse").command, beside=beside)


COMPANY, ALVA, BJORN = "165599990010", "199003152390", "198811274560"

TAX_AGENCY = Demonstration(
    "tax-agency", in_python("tax_agency"), COMPANY, ("SKV-2026-55810", "SKV-2026-55811"), "SKV-2026-40017", ALVA
)
POLICE_AUTHORITY = Demonstration(
    "police-authority", in_node("node_producer"), COMPANY, ("POL-2026-7031", "POL-2026-7032"), "POL-2026-7105", BJORN
)

DEMONSTRATIONS = (
    TAX_AGENCY,
    Demonstration(
        "companies-registration-office",
        in_python("companies_registration_office"),
        COMPANY,
        ("BV-2026-104233",),
        "BV-2026-118090",
        BJORN,
    ),
    Demonstration(
        "municipality",
        in_python("municipality"),
        COMPANY,
        ("EXK-2026-0417", "EXK-2026-0418"),
        "EXK-2026-0622",
        BJORN,
    ),
    POLICE_AUTHORITY,
    Demonstration(
        "building-committee",
        before_the_simulator(),
        COMPANY,
        ("TK-2026-0101", "TK-2026-0102"),
        "TK-2026-0209",
        BJORN,
    ),
)
"""Every producer that the contract tests run against. Add yours here."""

IN_EACH_LANGUAGE = (TAX_AGENCY, POLICE_AUTHORITY)
"""One of each implementation: for what does not depend on the data, and needs a process of its own."""


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


@contextmanager
def running(program: Program | str, log: Path, *options: str) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """Run a program, or a module under `subgraphs`, on a free port until the block ends.

    Gives the process and the address it says it is ready at.
    """
    program = in_python(program) if isinstance(program, str) else program
    program.is_there()
    with program.beside(log.parent) as told, log.open("wb") as output:
        process = subprocess.Popen(
            [*program.command, "--port", "0", *told, *options], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process, _address_when_ready(process, log)
        finally:
            process.kill()
            process.wait()


@contextmanager
def running_producer(demonstration: Demonstration, gateway: Gateway, log: Path) -> Iterator[Producer]:
    """Run a producer that trusts this gateway."""
    with running(demonstration.program, log, "--gateway", gateway.url) as (process, url):
        yield Producer(process, url, log, demonstration, gateway)


def run(program: Program, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a program's command to its end."""
    program.is_there()
    return subprocess.run(
        [*program.command, *options], check=False, cwd=ROOT, capture_output=True, text=True, timeout=30
    )


def _address_when_ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"ready.*url=(\S+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"It did not start. Its output: {log.read_text()!r}")
