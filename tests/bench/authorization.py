"""What authorization costs on the warm path: CPU time of the gateway's process per request, with and without it.

Two gateways run side by side over the same database and the same three producers, each in a process of its own; the
requests go to one and the other in turns, so that noise hits both alike. `make bench-authorization` runs it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from joserfc.jwk import ECKey
from rich.console import Console
from rich.progress import track

from gateway.model.purpose import InformationArea
from gateway.store.definitions import load_definitions
from gateway.store.driver import opened_database
from gateway.store.initialise import initialise
from tests.agreements import consumer_record, grant_record, producer_record
from tests.bench.producing import PRODUCERS
from tests.bench.served import WITHOUT
from tests.database import embedded_database
from tests.issuer import AUDIENCE, ISSUER, Issuer

CASES = 20
ROUNDS = 200
REQUESTS = 48
"""In each round, to each of the two."""

CONCURRENT = 8
WARM_UP = 300
REPORT = Path("build") / "bench-authorization.json"

CREATE = "mutation ($input: CreateCaseGroupInput!) { createCaseGroup(input: $input) { caseGroup { id } } }"
QUERY = """
  query ($id: ID!) {
    caseGroup(id: $id) {
      title
      cases(first: 100) {
        edges { node { reference status { ... on CaseStatus { title description updatedAt }
                                          ... on StatusUnavailable { reason } } } }
      }
    }
  }
"""

console = Console(highlight=False)


@contextmanager
def program(
    *words: str, output: int = subprocess.DEVNULL, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A Python program of this folder, stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used so far, all of its threads together."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


async def prepare(uri: str, name: str, urls: dict[str, str]) -> None:
    """A database in which the consumer may read everything."""
    areas = [area.value for area in InformationArea]
    with opened_database(uri, name, timeout=10) as database:
        async for _ in initialise(database, load_definitions()):
            pass
        await database["consumers"].insert_one(consumer_record("business-portal"))
        for id_, url in urls.items():
            record = producer_record(id_, [PRODUCERS[id_]], endpoint=url, informationAreas=areas)
            await database["producers"].insert_one(record)
            # Thirty grants each, so that finding the right one is no less work than it will be.
            for field in ("title", "description", "updatedAt"):
                for area in areas[-10:]:
                    grant = grant_record("business-portal", id_, [PRODUCERS[id_]], [field], [(area, None)])
                    await database["grants"].insert_one(grant)


def settings(folder: Path, uri: str, name: str, issuer: Issuer, port: int) -> dict[str, str]:
    """The settings of a gateway on `port`."""
    assertion_key, pseudonym_key = folder / "assertion.jwk", folder / "pseudonym.key"
    if not assertion_key.exists():
        assertion_key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
        pseudonym_key.write_text(base64.b64encode(bytes(32)).decode())
    return {
        "GATEWAY_PORT": str(port),
        "GATEWAY_MONGODB_URI": uri,
        "GATEWAY_MONGODB_DATABASE": name,
        "GATEWAY_TOKEN_ISSUER": ISSUER,
        "GATEWAY_TOKEN_AUDIENCE": AUDIENCE,
        "GATEWAY_TOKEN_JWKS": str(issuer.jwks),
        "GATEWAY_ASSERTION_KEY_FILE": str(assertion_key),
        "GATEWAY_PSEUDONYM_KEY_FILE": str(pseudonym_key),
    }


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Asking:
    """Asks one gateway, as one portal does."""

    def __init__(self, session: ClientSession, port: int, token: str) -> None:
        self._session = session
        self._url = f"http://127.0.0.1:{port}/graphql"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, query: str, **variables: Any) -> Any:
        """The answer's data."""
        body = {"query": query, "variables": variables}
        async with self._session.post(self._url, json=body, headers=self._headers) as response:
            answer = await response.json(content_type=None)
        assert "errors" not in answer, answer
        return answer["data"]

    async def ready(self) -> None:
        """Waits until the gateway answers at all, at most 20 seconds."""
        for _ in range(200):
            try:
                async with self._session.get(self._url.replace("graphql", "health/ready")) as response:
                    if response.ok:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.1)
        raise TimeoutError("the gateway does not start")

    async def often(self, requests: int, group: str) -> None:
        """Asks the question `requests` times, several at once; each answer must have every status."""

        async def one_after_the_other(number: int) -> None:
            for _ in range(number):
                data = await self.ask(QUERY, id=group)
                statuses = [edge["node"]["status"] for edge in data["caseGroup"]["cases"]["edges"]]
                assert len(statuses) == CASES
                assert all("title" in status for status in statuses)

        await asyncio.gather(*(one_after_the_other(requests // CONCURRENT) for _ in range(CONCURRENT)))


async def measured(ports: list[int], pids: list[int], token: str) -> list[list[float]]:
    """CPU milliseconds per request of each of the gateways, by round."""
    async with ClientSession() as session:
        gateways = [Asking(session, port, token) for port in ports]
        for gateway in gateways:
            await gateway.ready()
        cases = [
            {
                "producer": base64.urlsafe_b64encode(f"Producer:{id_}".encode()).decode().rstrip("="),
                "caseType": PRODUCERS[id_],
                "reference": f"{id_[:3].upper()}-{number}",
            }
            for number in range(1, CASES)
            for id_ in PRODUCERS
        ][:CASES]
        purpose = {"informationArea": "TAXES"}
        made = await gateways[0].ask(CREATE, input={"title": "Measured", "purpose": purpose, "cases": cases})
        group = made["createCaseGroup"]["caseGroup"]["id"]
        for gateway in gateways:
            await gateway.often(WARM_UP, group)
        rounds = []
        for number in track(range(ROUNDS), "measuring", console=console):
            costs = [0.0] * len(gateways)
            order = list(enumerate(gateways))
            for index, gateway in order if number % 2 else reversed(order):
                before = cpu_seconds(pids[index])
                await gateway.often(REQUESTS, group)
                asked = REQUESTS // CONCURRENT * CONCURRENT
                costs[index] = (cpu_seconds(pids[index]) - before) * 1000 / asked
            rounds.append(costs)
        return rounds


def confidence(ratios: list[float]) -> tuple[float, float]:
    """Between what the median is with 95 % confidence, by resampling the rounds."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2_000))
    return medians[50], medians[-51]


def main() -> None:
    """Runs the measurement, prints it and writes it to build/."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        uri = stack.enter_context(embedded_database(folder / "database"))
        producing = stack.enter_context(program("tests.bench.producing", output=subprocess.PIPE))
        assert producing.stdout is not None
        asyncio.run(prepare(uri, "bench", json.loads(producing.stdout.readline())))
        issuer = Issuer(folder)
        ports = [free_port(), free_port()]
        gateways = [
            stack.enter_context(
                program("tests.bench.served", *more, environment=settings(folder, uri, "bench", issuer, port))
            )
            for port, more in zip(ports, ([], [WITHOUT]), strict=True)
        ]
        token = issuer.token(exp=2_000_000_000)
        rounds = asyncio.run(measured(ports, [gateway.pid for gateway in gateways], token))
    ratios = [with_ / without for with_, without in rounds]
    ratio, (low, high) = statistics.median(ratios), confidence(ratios)
    report = {
        "cases": CASES,
        "rounds": ROUNDS,
        "requests_per_round": REQUESTS,
        "cpu_ms_with": round(statistics.median(one[0] for one in rounds), 3),
        "cpu_ms_without": round(statistics.median(one[1] for one in rounds), 3),
        "ratios": {"authorization": round(ratio, 4), "confidence_95": [round(low, 4), round(high, 4)]},
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    console.print_json(json.dumps(report))
    console.print(
        f"Authorization costs {(ratio - 1) * 100:.1f} % of the gateway's CPU time on the warm path "
        f"(95 %: {(low - 1) * 100:.1f} to {(high - 1) * 100:.1f} %)."
    )


if __name__ == "__main__":
    main()
