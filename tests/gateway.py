"""The gateway, running on a free port, and a client that asks it as a portal does."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from aiohttp import ClientSession
from joserfc.jwk import ECKey

from gateway.app import OpenServices, create_app
from gateway.settings import Settings
from gateway.store.driver import Database
from tests.agreements import consumer_record, grant_record
from tests.database import initialised_database
from tests.issuer import ALVA, AUDIENCE, BJORN, COMPANY, ISSUER, Issuer
from tests.privacy.left_behind import numbers_kept
from tests.privacy.scanner import Scanner
from tests.producer import Producer
from tests.reads import Reads

SCANNER = Scanner(ALVA, BJORN, COMPANY)
"""Whatever a test does, the gateway keeps none of these."""

CONSUMERS = ("business-portal", "accounting-program")
BUSINESS = {"informationArea": "STARTING_RUNNING_AND_CLOSING_A_BUSINESS", "event": "starting-a-company"}

STATUS = """
  status {
    ... on CaseStatus { title }
    ... on StatusUnavailable { reason }
  }
"""

GROUP_WITH_STATUSES = f"""
  query Group($id: ID!) {{
    caseGroup(id: $id) {{ title revision cases(first: 100) {{ edges {{ node {{ reference {STATUS} }} }} }} }}
  }}
"""

CREATE = """
  mutation Create($input: CreateCaseGroupInput!) {
    createCaseGroup(input: $input) {
      caseGroup { id title revision purpose { informationArea event } cases(first: 100) { edges { node { id } } } }
      userErrors { code message field currentRevision }
    }
  }
"""


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The response's data; an answer with errors fails the test."""
        assert "errors" not in self.json, self.json["errors"]
        return self.json["data"]

    @property
    def error(self) -> Any:
        """The one error of the response."""
        (error,) = self.json["errors"]
        return error

    @property
    def code(self) -> str:
        """The one error's code."""
        return str(self.error["extensions"]["code"])

    def statuses(self) -> dict[str, str]:
        """By reference: the title, or the reason why there is none."""
        edges = self.data["caseGroup"]["cases"]["edges"]
        return {
            edge["node"]["reference"]: edge["node"]["status"].get("title") or edge["node"]["status"]["reason"]
            for edge in edges
        }


@dataclass
class Gateway:
    """A running gateway. Asks as the business portal for Alva unless told otherwise."""

    url: str
    issuer: Issuer
    session: ClientSession
    database: Database
    reads: Reads
    stop: Callable[[], Awaitable[None]]
    """Stops it as a signal does."""

    async def query(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        accept: str = "application/graphql-response+json",
        language: str | None = None,
        request_id: str | None = None,
        **more: Any,
    ) -> Answer:
        """Sends one operation; keyword arguments beyond the named ones are its variables."""
        body = json.dumps({"query": query, "variables": {**(variables or {}), **more}}).encode()
        headers = {"Content-Type": "application/json", "Accept": accept}
        if language:
            headers["Accept-Language"] = language
        if request_id:
            headers["X-Request-ID"] = request_id
        return await self.send(body, headers, token=token)

    async def send(
        self,
        body: bytes | None,
        headers: dict[str, str],
        *,
        token: str | None = None,
        method: str = "POST",
        path: str = "/graphql",
        authorized: bool = True,
    ) -> Answer:
        """Sends one HTTP request as it is, with a token unless told otherwise."""
        authorization = {"Authorization": f"Bearer {token or self.issuer.token()}"} if authorized else {}
        async with self.session.request(
            method, self.url + path, data=body, headers={**authorization, **headers}, allow_redirects=False
        ) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def create(self, *cases: dict[str, Any], token: str | None = None, **more: Any) -> Any:
        """The payload of createCaseGroup."""
        group = {"title": "Starta kafé", "purpose": BUSINESS, "cases": list(cases), **more}
        answer = await self.query(CREATE, {"input": group}, token=token)
        return answer.data["createCaseGroup"]

    async def a_group_with(self, *cases: dict[str, Any], token: str | None = None, **more: Any) -> Any:
        """A new group that holds the cases."""
        payload = await self.create(*cases, token=token, **more)
        assert payload["userErrors"] == []
        return payload["caseGroup"]

    async def change(self, mutation: str, token: str | None = None, **input_: Any) -> Any:
        """The payload of a mutation that changes a group."""
        type_ = mutation[0].upper() + mutation[1:] + "Input"
        changed = (
            "deletedId" if mutation == "deleteCaseGroup" else "caseGroup { id title revision cases { totalCount } }"
        )
        answer = await self.query(
            f"mutation($input: {type_}!) {{ {mutation}(input: $input) {{"
            f" {changed} userErrors {{ code message field currentRevision }} }} }}",
            {"input": input_},
            token=token,
        )
        return answer.data[mutation]

    def token_for(self, subject: str = ALVA, consumer: str = "business-portal", **more: Any) -> str:
        """A token of the issuer that the gateway trusts."""
        return self.issuer.token(consumer, subject, **more)

    async def reads_of(self, question: Any) -> int:
        """How many reads of case groups answering `question` costs."""
        before = self.reads.of(self.database.name)
        await question
        return self.reads.of(self.database.name) - before


@asynccontextmanager
async def running_gateway(
    uri: str,
    name: str,
    issuer: Issuer,
    producers: Sequence[Producer],
    folder: Path,
    reads: Reads,
    *,
    grants: Sequence[dict[str, Any]] | None = None,
    services: OpenServices | None = None,
    metrics: socket.socket | None = None,
    **settings: Any,
) -> AsyncIterator[Gateway]:
    """The gateway in this event loop, on a free port, over a fresh database; both are gone afterwards.

    `grants` are records; without them both consumers may read everything for every purpose. `services` is the seam of
    `create_app`. `metrics` is what it serves its metrics on.
    """
    async with initialised_database(uri, name) as database:
        await database["producers"].insert_many([producer.record() for producer in producers])
        await database["consumers"].insert_many([consumer_record(consumer) for consumer in CONSUMERS])
        if granted := _every_grant(producers) if grants is None else grants:
            await database["grants"].insert_many(granted)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            # asyncio's loop does this for none but sockets of its own (uvloop for all): each answer came 40 ms later.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            settings_ = _settings(uri, name, url, issuer, folder, settings)
            app = create_app(settings_, metrics_socket=metrics, services=services)
            server = _Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started:
                assert not serving.done(), "the gateway ended while it started"
                await asyncio.sleep(0.005)

            async def stop() -> None:
                server.should_exit = True
                await serving

            async with ClientSession() as session:
                yield Gateway(url, issuer, session, database, reads, stop)
            await stop()
            assert await numbers_kept(SCANNER, database) == []


class _Server(uvicorn.Server):
    """Leaves the test run's own signal handlers alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _every_grant(producers: Sequence[Producer]) -> list[dict[str, Any]]:
    return [
        grant_record(consumer, producer.id, (*producer.case_types, "CLOSED"))
        for consumer in CONSUMERS
        for producer in producers
    ]


def _settings(uri: str, name: str, url: str, issuer: Issuer, folder: Path, more: dict[str, Any]) -> Settings:
    assertion_key, record_key = folder / "assertion.jwk", folder / "record.jwk"
    for signing_key in (assertion_key, record_key):
        signing_key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
        signing_key.chmod(0o600)
    pseudonym_key = folder / "pseudonym.key"
    pseudonym_key.write_text(base64.b64encode(b"0123456789abcdef0123456789abcdef").decode())
    pseudonym_key.chmod(0o600)
    return Settings(
        **{
            "mongodb_uri": uri,
            "mongodb_database": name,
            "public_url": url,
            "token_issuer": ISSUER,
            "token_audience": AUDIENCE,
            "token_jwks": str(issuer.jwks),
            "assertion_key_file": assertion_key,
            "pseudonym_key_file": pseudonym_key,
            "record_key_file": record_key,
            "registry_interval": 0.1,
            **more,
        }
    )
