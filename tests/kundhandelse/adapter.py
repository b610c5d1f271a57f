"""The adapter before the simulator, both over real sockets, and a caller that the adapter believes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from aiohttp import ClientSession
from starlette.types import ASGIApp

from subgraphs.kundhandelse.application import application
from subgraphs.kundhandelse.configuration import load_configuration
from subgraphs.kundhandelse.simulator import Simulation
from tests.subgraphs.gateway import Gateway

COMPANY, ALVA, BJORN = "165599990010", "199003152390", "198811274560"
AUDIENCE = "https://building-committee.example"
KEY = "a-key-that-nobody-may-see"

EVERY_FIELD = (
    "code codeSystem title description language updatedAt expectedAt requiresCustomerAction completed "
    "references { title url value } extension"
)
ENTITIES = (
    "query ($representations: [_Any!]!) {{ _entities(representations: $representations) {{ ... on Case {{ {} }} }} }}"
)
CASES = (
    "{ cases(%s) { edges { cursor caseType node { reference status { title } } } pageInfo { hasNextPage endCursor } } }"
)


def event(reference: str, hour: int = 9, customer: str = COMPANY, **changes: Any) -> dict[str, Any]:
    """An event as the interface has it, of a case, at an hour of one day; a change to None leaves the field out."""
    content = {
        "kundhandelseId": f"{reference}-{hour}",
        "part": {
            "kund": {
                "identifierare": customer,
                "typ": "Organisationsnummer" if customer.startswith("16") else "Personnummer",
            },
            "arende": {"identifierare": reference, "typ": "Diarienummer"},
        },
        "rubrik": f"{reference} kl {hour}",
        "beskrivning": "Vi har tagit emot ansökan.",
        "sprak": "sv",
        "tidpunkt": f"2026-09-01T{hour:02}:15:00+02:00",
        "kundhandelseTyp": "TESTKOP.BYGGLOV.INKOMMEN",
        "producentarendetKraverKundatgard": False,
        "producentarendetKlart": False,
        "referenser": {"diarienummer": reference},
        **changes,
    }
    return {name: value for name, value in content.items() if value is not None}


@dataclass
class Answer:
    """What the adapter answered."""

    status: int
    body: Any
    retry_after: str | None = None

    @property
    def titles(self) -> list[str | None]:
        """The title of each entity's status, or its error's code, or None where it has no status."""
        codes = {error["path"][1]: error["extensions"]["code"] for error in self.body.get("errors", [])}
        return [
            codes.get(place) or (entity["status"] and entity["status"]["title"])
            for place, entity in enumerate(self.body["data"]["_entities"])
        ]

    @property
    def code(self) -> str:
        """The code of the only error of an answer without data."""
        assert self.body["data"] is None
        (error,) = self.body["errors"]
        return str(error["extensions"]["code"])


@dataclass
class Adapter:
    """A running adapter, with the simulator behind it."""

    url: str
    gateway: Gateway
    session: ClientSession
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every question, beside what the gateway sends."""

    async def post(self, body: object, **claims: object) -> Answer:
        """Ask for the company, unless the claims of the assertion say otherwise."""
        assertion = self.gateway.assertion(AUDIENCE, **{"subject": COMPANY, **claims})  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {assertion}", "Accept-Language": "sv, en;q=0.5", "X-Request-ID": "req-1"}
        headers |= self.headers
        async with self.session.post(f"{self.url}/graphql", json=body, headers=headers) as response:
            return Answer(response.status, await response.json(), response.headers.get("Retry-After"))

    async def ask(self, *references: str, fields: str = "title", **claims: object) -> Answer:
        """Ask for these fields of the statuses of these cases."""
        representations = [{"__typename": "Case", "reference": reference} for reference in references]
        query = ENTITIES.format(f"reference status {{ {fields} }}")
        return await self.post({"query": query, "variables": {"representations": representations}}, **claims)

    async def cases(self, arguments: str = "first: 50", **claims: object) -> Answer:
        """Ask for a page of the subject's cases."""
        return await self.post({"query": CASES % arguments}, **claims)


def configuration_file(folder: Path, base: str, gateway: str, *lines: str) -> Path:
    """A configuration for a producer at `base`; `lines` stand before its tables."""
    (folder / "key").write_text(f"{KEY}\n")
    text = f"""
gateway = "{gateway}"
audience = "{AUDIENCE}"
base = "{base}"
case_types = {{ "TESTKOP.BYGGLOV" = "BYGGLOV", "TESTKOP.MILJO" = "MILJO", "TESTKOP.MILJO.ANMALAN" = "ANMALAN" }}
authentication = [{{ header = "X-API-Key", file = "key" }}]
{chr(10).join(lines)}
"""
    path = folder / "adapter.toml"
    path.write_text(text)
    return path


@asynccontextmanager
async def running_adapter(
    gateway: Gateway, base: str, folder: Path, lines: Sequence[str] = ()
) -> AsyncIterator[Adapter]:
    """The adapter before the producer at `base`, for callers whom `gateway` signs for."""
    configuration = load_configuration(configuration_file(folder, base, gateway.url, *lines))
    async with serving(application(configuration)) as url, ClientSession() as session:
        yield Adapter(url, gateway, session)


@asynccontextmanager
async def running_simulation(*events: dict[str, Any]) -> AsyncIterator[tuple[Simulation, str]]:
    """The simulator with these events, and its address."""
    simulation = Simulation(list(events), api_key=KEY)
    async with serving(simulation.app()) as url:
        yield simulation, url


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application in this event loop on a free port; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="auto", ws="none", timeout_graceful_shutdown=1))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            assert not task.done(), "the application ended while it started"
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    """Leaves the test run's own signal handlers alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
