"""A database and gateways as processes of their own, which can be killed at any moment and started again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, web

from gateway.development import leash
from gateway.store.definitions import load_definitions
from gateway.store.driver import Database, connect, open_database
from gateway.store.initialise import initialise
from tests.agreements import consumer_record, grant_record
from tests.bench.stand import settings
from tests.database import EmbeddedDatabase
from tests.development.supervised import Addresses, answers
from tests.gateway import BUSINESS, CREATE
from tests.issuer import Issuer
from tests.producer import Behaviour, Producer, running_producer

NAME = "crash"
CONSUMER = "business-portal"
CASE_TYPES = {"tax-agency": "FSKATT", "municipality": "SERVERINGSTILLSTAND"}
CASES_AT_EACH = 3
PORTALS = 6
GATEWAYS = 2
SERVE = ("gateway", "serve")
FAR_OFF = 2_000_000_000

SEAL_SECONDS = 2
RECORD_SETTINGS = {
    "GATEWAY_RECORD_TIMEOUT": "1",
    "GATEWAY_RECORD_SEAL_SECONDS": str(SEAL_SECONDS),
    "GATEWAY_RECORD_SEAL_RECORDS": "200",
}
"""Short, so that much is sealed and much taken over while everything is being killed."""

READY_SECONDS = 40.0


class GatewayProcess:
    """One gateway, as `gateway serve` runs it."""

    def __init__(self, environment: Mapping[str, str], port: int, log: Path, program: Sequence[str] = SERVE) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._environment = {**environment, "GATEWAY_PORT": str(port)}
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when it is ready. What it logs is added to what it logged before."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        command = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), sys.executable, "-m", *self._program]
        with self.log.open("ab") as output:
            environment = {**inherited, **self._environment}
            # Returns at once, as the program begins.
            self._process = subprocess.Popen(  # noqa: ASYNC220
                command, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        async with asyncio.timeout(READY_SECONDS):
            while not await asyncio.to_thread(answers, f"{self.url}/health/ready"):
                assert self._process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def stop(self) -> None:
        """SIGTERM; returns when it is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self._process.wait, 20)


@dataclass
class Stack:
    """The database, the gateways on it, what they ask, and one group for each portal."""

    server: EmbeddedDatabase
    database: Database
    gateways: list[GatewayProcess]
    environment: Mapping[str, str]
    token: str
    groups: list[str]

    @property
    def urls(self) -> list[str]:
        """Where the gateways are."""
        return [gateway.url for gateway in self.gateways]

    @property
    def logs(self) -> str:
        """All that the gateways have logged."""
        return "".join(gateway.log.read_text() for gateway in self.gateways)


@asynccontextmanager
async def running_stack(folder: Path, issuer: Issuer, program: Sequence[str] = SERVE) -> AsyncIterator[Stack]:
    """All of it, ready; whatever was killed, nothing of it is left afterwards."""
    addresses = Addresses.free(folder)
    async with AsyncExitStack() as stack:
        server = EmbeddedDatabase(folder / "database", port=addresses.database)
        stack.callback(server.stop)
        await asyncio.to_thread(server.start)
        client = connect(server.uri, timeout=30)
        stack.push_async_callback(client.close)
        database = open_database(client, NAME)
        producers = [
            await stack.enter_async_context(running_producer(id_, (type_,))) for id_, type_ in CASE_TYPES.items()
        ]
        await _prepare(database, producers)
        environment = {**settings(folder, server.uri, NAME, issuer, addresses.gateway), **RECORD_SETTINGS}
        gateways = [
            GatewayProcess(environment, port, folder / f"gateway-{number}.log", program)
            for number, port in enumerate((addresses.gateway, *addresses.producers)[:GATEWAYS])
        ]
        for gateway in gateways:
            stack.push_async_callback(gateway.stop)
            await gateway.start()
        token = issuer.token(CONSUMER, exp=FAR_OFF)
        groups = [await _a_group(gateways[0].url, token, producers) for _ in range(PORTALS)]
        for producer in producers:
            producer.behaviour = _in_a_while(producer)
        yield Stack(server, database, gateways, environment, token, groups)


async def _prepare(database: Database, producers: Sequence[Producer]) -> None:
    async for _ in initialise(database, load_definitions()):
        pass
    await database["consumers"].insert_one(consumer_record(CONSUMER))
    await database["producers"].insert_many([producer.record() for producer in producers])
    await database["grants"].insert_many(
        [grant_record(CONSUMER, producer.id, producer.case_types) for producer in producers]
    )


async def _a_group(url: str, token: str, producers: Sequence[Producer]) -> str:
    cases = [producer.case() for producer in producers for _ in range(CASES_AT_EACH)]
    variables = {"input": {"title": "Starta kafé", "purpose": BUSINESS, "cases": cases}}
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        ClientSession(headers=headers) as session,
        session.post(f"{url}/graphql", json={"query": CREATE, "variables": variables}) as response,
    ):
        return str((await response.json())["data"]["createCaseGroup"]["caseGroup"]["id"])


def _in_a_while(producer: Producer) -> Behaviour:
    """The right answer after a moment of one length or another: between a group's reading and its record."""

    async def behave(request: web.Request) -> web.StreamResponse:
        producer.asked.clear()
        await asyncio.sleep(random.choice((0.0, 0.01, 0.05)))
        return web.json_response(producer.correct_answer(await request.json()))

    return behave
