"""The ceiling: what the gateway does for the measured question, written by hand, without GraphQL.

`python -m tests.bench.speed.handler`, with the settings of a gateway. It checks the token, reads the groups, asks each
producer once per hundred cases with a signed assertion, records what it tells before it tells it, and writes JSON. The
token check, the pseudonym, the assertion, the connections, the database read and the record are the gateway's own: they
are the same obligations, met in the same way, group commit included, and what makes them faster makes both faster.

It does without documents, plans and selections; without scopes and grants, since it is for one consumer that may read
all; without breaker, retries, logs and metrics; and it believes what the producers say but for the reference.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import orjson
from aiohttp import ClientSession
from bson import ObjectId
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.disclosure.keeping import Keeping, gateway_record
from gateway.disclosure.recorder import Recorder
from gateway.disclosure.seals import read_sealing_key
from gateway.errors import Unauthenticated
from gateway.identity.access_tokens import AccessToken, AccessTokens
from gateway.identity.issuer_keys import IssuerKeys, jwks_reader
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import Caller, ConsumerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.model.record import Entry, Outcome, RecordKind
from gateway.model.replica import new_replica_id
from gateway.producers.addresses import AddressRules
from gateway.producers.assertion import CallerAssertions, read_signing_key
from gateway.producers.connecting import Connector
from gateway.producers.connections import Connections
from gateway.producers.target import Target, target_of
from gateway.serving import listen, serve
from gateway.settings import Settings, load_settings
from gateway.store.driver import Collection as Groups
from gateway.store.driver import Document, connect, found_at_once, open_database

MOST_CASES_IN_A_REQUEST = 100
KEEP_ALIVE_SECONDS = 4.0
PRODUCER_SECONDS = 30.0
MOST_BYTES = 1 << 24
FIELDS = ("description", "title", "updatedAt")
QUESTION = (
    "query ($representations: [_Any!]!) { _entities(representations: $representations) "
    "{ ... on Case { reference status { description title updatedAt } } } }"
)

PURPOSE = Purpose(InformationArea.TAXES, None)


Statuses = dict[tuple[str, str], dict[str, Any] | None]
"""By producer and reference."""


class Handler(ABC):
    """Answers the one question; how each part of it is done is for others to say."""

    def __init__(self, pseudonyms: Pseudonyms, consumers: frozenset[str]) -> None:
        self._pseudonyms = pseudonyms
        self._consumers = consumers

    async def answer(self, request: Request) -> Response:
        """The groups that the body names, with their cases and what the producers say about each."""
        try:
            caller = await self._caller(request.headers.get("authorization", "").removeprefix("Bearer "))
        except Unauthenticated:
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        wanted = orjson.loads(await request.body())["groups"]
        query = {
            "subject": caller.subject_key.digest,
            "owner": caller.consumer,
            "_id": {"$in": [ObjectId(id_) for id_ in wanted]},
            "retainUntil": {"$gt": datetime.now(UTC)},
        }
        found = await self.found(query)
        cases = [(group, case) for group in found for case in group["cases"]]
        statuses = await self._statuses(caller, cases)
        await self.record(_entries(caller, cases, statuses))
        answers = [_answer(group, statuses) for group in found]
        content = orjson.dumps({"data": {f"g{place}": answer for place, answer in enumerate(answers)}})
        return Response(content, headers={"Content-Type": "application/json", "Cache-Control": "no-store"})

    @abstractmethod
    async def token(self, text: str) -> AccessToken:
        """What the access token says, once it is verified. Raises Unauthenticated."""

    @abstractmethod
    async def found(self, query: Document) -> list[Document]:
        """The case groups that are found."""

    @abstractmethod
    async def asked(self, caller: Caller, producer: str, types: Collection[str], content: bytes) -> bytes:
        """What the producer answers to `content`, sent with a signed assertion; `types` are the cases'."""

    @abstractmethod
    async def record(self, entries: list[Entry]) -> None:
        """Returns when they are in the record."""

    async def _caller(self, text: str) -> Caller:
        token = await self.token(text)
        if token.client_id not in self._consumers or "case-groups:read" not in token.scopes:
            raise Unauthenticated("The caller may not read case groups.")
        keys = self._pseudonyms.all_of(token.subject)
        return Caller(
            consumer=ConsumerId(token.client_id),
            subject=token.subject,
            subject_key=keys[0],
            actors=(),
            scopes=token.scopes,
            actor_keys=(),
            subject_keys=keys,
            subject_id=self._pseudonyms.id_of(keys),
        )

    async def _statuses(self, caller: Caller, cases: list[tuple[Document, Document]]) -> Statuses:
        """What the producers say. All are asked at once."""
        asked: dict[str, dict[str, str]] = {}
        for _, case in cases:
            asked.setdefault(case["producer"], {})[case["reference"]] = case["caseType"]
        answers = await asyncio.gather(
            *(
                self._ask(caller, producer, batch)
                for producer, references in asked.items()
                for batch in _batches(references)
            )
        )
        return {key: status for answer in answers for key, status in answer}

    async def _ask(
        self, caller: Caller, producer: str, references: dict[str, str]
    ) -> list[tuple[tuple[str, str], dict[str, Any] | None]]:
        representations = [{"__typename": "Case", "reference": reference} for reference in references]
        content = orjson.dumps({"query": QUESTION, "variables": {"representations": representations}})
        answer = await self.asked(caller, producer, references.values(), content)
        entities = orjson.loads(answer)["data"]["_entities"]
        said = []
        for reference, entity in zip(references, entities, strict=True):
            if entity["reference"] != reference:
                raise ValueError("the entity's reference is not the one asked for")
            said.append(((producer, reference), entity["status"]))
        return said


class LeanHandler(Handler):
    """The same means as the gateway's."""

    def __init__(
        self,
        *,
        tokens: AccessTokens,
        consumers: frozenset[str],
        pseudonyms: Pseudonyms,
        groups: Groups,
        producers: Mapping[str, tuple[Target, str]],
        connections: Connections,
        assertions: CallerAssertions,
        recorder: Recorder,
    ) -> None:
        super().__init__(pseudonyms, consumers)
        self._tokens = tokens
        self._groups = groups
        self._producers = producers
        """Where to ask each, and its audience, by id."""
        self._connections = connections
        self._assertions = assertions
        self._recorder = recorder

    async def token(self, text: str) -> AccessToken:
        """Verified as the gateway does it."""
        return await self._tokens.verified(text)

    async def found(self, query: Document) -> list[Document]:
        """By a plain command, over a kept connection."""
        return await found_at_once(self._groups, query, seconds=None)

    async def asked(self, caller: Caller, producer: str, types: Collection[str], content: bytes) -> bytes:
        """Over the gateway's own connections."""
        target, audience = self._producers[producer]
        assertion = self._assertions.sign(
            caller, audience=audience, purposes=[PURPOSE], scope=" ".join(FIELDS), case_types=types
        )
        head = b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n" % (assertion.encode(), len(content))
        response = await self._connections.ask(
            target.origin,
            b"".join((target.head, head, content)),
            connect_timeout=PRODUCER_SECONDS,
            seconds=PRODUCER_SECONDS,
            most_bytes=MOST_BYTES,
        )
        return response.body

    async def record(self, entries: list[Entry]) -> None:
        """By group commit."""
        await self._recorder.record(entries)


def _batches(references: dict[str, str]) -> Iterator[dict[str, str]]:
    items = iter(references.items())
    while batch := dict(islice(items, MOST_CASES_IN_A_REQUEST)):
        yield batch


def _entries(caller: Caller, cases: list[tuple[Document, Document]], statuses: Statuses) -> list[Entry]:
    entry = partial(
        Entry,
        RecordKind.STATUS,
        request_id=secrets.token_hex(16),
        consumer=caller.consumer,
        subject=caller.subject_key,
        purpose="TAXES",
        fields=FIELDS,
    )
    alike: dict[tuple[ObjectId, str], Entry] = {}
    entries = []
    for group, case in cases:
        outcome = Outcome.DISCLOSED.value if statuses[case["producer"], case["reference"]] else "NO_STATUS"
        one = alike.get((group["_id"], outcome))
        if one is None:
            one = alike[group["_id"], outcome] = entry(outcome=outcome, group=str(group["_id"]))
        entries.append(Entry.saying(one.said, case["producer"], case["caseType"], case["reference"]))
    return entries


def _answer(group: Document, statuses: Statuses) -> dict[str, Any]:
    edges = [
        {
            "node": {
                "reference": case["reference"],
                "status": statuses[case["producer"], case["reference"]],
            }
        }
        for case in group["cases"]
    ]
    return {"title": group["title"], "cases": {"edges": edges}}


Opened = Callable[[Settings, AsyncExitStack], Awaitable[Handler]]


def create_app(settings: Settings, opened: Opened) -> Starlette:
    """A handler as an ASGI application; `opened` makes it, with what it leaves to the stack to close."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Handler]]:
        async with AsyncExitStack() as stack:
            yield {"handler": await opened(settings, stack)}

    async def answer(request: Request) -> Response:
        handler: Handler = request.state.handler
        return await handler.answer(request)

    return Starlette(routes=[Route("/groups", answer, methods=["POST"])], lifespan=lifespan)


async def opened_lean(settings: Settings, stack: AsyncExitStack) -> LeanHandler:
    """The handler that is the ceiling."""
    assert settings.mongodb_uri and settings.token_issuer and settings.token_jwks  # noqa: PT018 - the bench sets them
    assert settings.pseudonym_key_file and settings.assertion_key_file and settings.record_key_file  # noqa: PT018
    client = connect(settings.mongodb_uri.get_secret_value(), timeout=settings.mongodb_timeout)
    stack.push_async_callback(client.close)
    database = open_database(client, settings.mongodb_database)
    keeping = Keeping(
        read_sealing_key(settings.record_key_file),
        write_seconds=settings.record_timeout,
        seal_records=settings.record_seal_records,
        seal_seconds=settings.record_seal_seconds,
        retention=timedelta(days=settings.record_retention_days),
    )
    recorder = await stack.enter_async_context(gateway_record(database, keeping, new_replica_id()))
    connector = Connector(ssl.create_default_context(), AddressRules(loopback=True).open_socket)
    connections = await stack.enter_async_context(Connections(connector, keep_alive=KEEP_ALIVE_SECONDS))
    session = await stack.enter_async_context(ClientSession())
    keys = IssuerKeys(
        jwks_reader(settings.token_jwks, session),
        max_age=settings.token_jwks_max_age,
        min_interval=settings.token_jwks_min_interval,
    )
    return LeanHandler(
        tokens=AccessTokens(keys, issuer=settings.token_issuer, audience=settings.token_audience or settings.base_url),
        consumers=frozenset([one["_id"] async for one in database["consumers"].find()]),
        pseudonyms=read_pseudonyms(settings.pseudonym_key_file, settings.pseudonym_key_id),
        groups=database["caseGroups"],
        producers={
            one["_id"]: (target_of(one["endpoint"]), one["audience"]) async for one in database["producers"].find()
        },
        connections=connections,
        assertions=CallerAssertions(read_signing_key(settings.assertion_key_file), settings.base_url),
        recorder=recorder,
    )


def run(opened: Opened) -> None:
    """Serves a handler until a signal comes. What goes wrong is printed; otherwise it logs nothing."""
    logging.basicConfig(level=logging.WARNING)
    settings = load_settings()
    serve(create_app(settings, opened), listen(settings.host, settings.port))


if __name__ == "__main__":
    run(opened_lean)
