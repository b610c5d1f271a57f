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
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypedDict

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
from gateway.identity.access_tokens import AccessTokens
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
from gateway.store.driver import Collection, connect, found_at_once, open_database

MOST_CASES_IN_A_REQUEST = 100
KEEP_ALIVE_SECONDS = 4.0
PRODUCER_SECONDS = 30.0
MOST_BYTES = 1 << 24
FIELDS = ("description", "title", "updatedAt")
QUESTION = (
    "query ($representations: [_Any!]!) { _entities(representations: $representations) "
    "{ ... on Case { reference status { description title updatedAt } } } }"
)

CaseDocument = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What lives as long as the handler. `producers` are where to ask each, and its audience, by id."""

    tokens: AccessTokens
    consumers: frozenset[str]
    pseudonyms: Pseudonyms
    groups: Collection
    producers: Mapping[str, tuple[Target, str]]
    connections: Connections
    assertions: CallerAssertions
    recorder: Recorder


class State(TypedDict):
    """What every request finds in its state."""

    parts: Parts


async def groups(request: Request) -> Response:
    """The groups that the body names, with their cases and what the producers say about each."""
    parts: Parts = request.state.parts
    try:
        caller = await _caller(parts, request.headers.get("authorization", ""))
    except Unauthenticated:
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
    wanted = orjson.loads(await request.body())["groups"]
    query = {
        "subject": caller.subject_key.digest,
        "owner": caller.consumer,
        "_id": {"$in": [ObjectId(id_) for id_ in wanted]},
        "retainUntil": {"$gt": datetime.now(UTC)},
    }
    found = await found_at_once(parts.groups, query, seconds=None)
    cases = [(group, case) for group in found for case in group["cases"]]
    statuses = await _statuses(parts, caller, cases)
    await parts.recorder.record(_entries(caller, cases, statuses))
    answers = [_answer(group, statuses) for group in found]
    content = orjson.dumps({"data": {f"g{place}": answer for place, answer in enumerate(answers)}})
    return Response(content, headers={"Content-Type": "application/json", "Cache-Control": "no-store"})


async def _caller(parts: Parts, authorization: str) -> Caller:
    token = await parts.tokens.verified(authorization.removeprefix("Bearer "))
    if token.client_id not in parts.consumers or "case-groups:read" not in token.scopes:
        raise Unauthenticated("The caller may not read case groups.")
    keys = parts.pseudonyms.all_of(token.subject)
    return Caller(
        consumer=ConsumerId(token.client_id),
        subject=token.subject,
        subject_key=keys[0],
        actors=(),
        scopes=token.scopes,
        actor_keys=(),
        subject_keys=keys,
        subject_id=parts.pseudonyms.id_of(keys),
    )


async def _statuses(
    parts: Parts, caller: Caller, cases: list[tuple[CaseDocument, CaseDocument]]
) -> dict[tuple[str, str], dict[str, Any] | None]:
    """What the producers say, by producer and reference. All are asked at once."""
    asked: dict[str, dict[str, str]] = {}
    for _, case in cases:
        asked.setdefault(case["producer"], {})[case["reference"]] = case["caseType"]
    answers = await asyncio.gather(
        *(
            _ask(parts, caller, producer, batch)
            for producer, references in asked.items()
            for batch in _batches(references)
        )
    )
    return {key: status for answer in answers for key, status in answer}


def _batches(references: dict[str, str]) -> Iterator[dict[str, str]]:
    items = iter(references.items())
    while batch := dict(islice(items, MOST_CASES_IN_A_REQUEST)):
        yield batch


async def _ask(
    parts: Parts, caller: Caller, producer: str, references: dict[str, str]
) -> list[tuple[tuple[str, str], dict[str, Any] | None]]:
    target, audience = parts.producers[producer]
    assertion = parts.assertions.sign(
        caller,
        audience=audience,
        purposes=[Purpose(InformationArea.TAXES, None)],
        scope=" ".join(FIELDS),
        case_types=references.values(),
    )
    representations = [{"__typename": "Case", "reference": reference} for reference in references]
    content = orjson.dumps({"query": QUESTION, "variables": {"representations": representations}})
    head = b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n" % (assertion.encode(), len(content))
    response = await parts.connections.ask(
        target.origin,
        b"".join((target.head, head, content)),
        connect_timeout=PRODUCER_SECONDS,
        seconds=PRODUCER_SECONDS,
        most_bytes=MOST_BYTES,
    )
    entities = orjson.loads(response.body)["data"]["_entities"]
    said = []
    for reference, entity in zip(references, entities, strict=True):
        if entity["reference"] != reference:
            raise ValueError("the entity's reference is not the one asked for")
        said.append(((producer, reference), entity["status"]))
    return said


def _entries(
    caller: Caller,
    cases: list[tuple[CaseDocument, CaseDocument]],
    statuses: dict[tuple[str, str], dict[str, Any] | None],
) -> list[Entry]:
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
        entries.append(one.of_case(case["producer"], case["caseType"], case["reference"]))
    return entries


def _answer(group: CaseDocument, statuses: dict[tuple[str, str], dict[str, Any] | None]) -> dict[str, Any]:
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


def create_app(settings: Settings) -> Starlette:
    """The handler as an ASGI application."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            yield {"parts": await _opened(settings, stack)}

    return Starlette(routes=[Route("/groups", groups, methods=["POST"])], lifespan=lifespan)


async def _opened(settings: Settings, stack: AsyncExitStack) -> Parts:
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
    return Parts(
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


if __name__ == "__main__":
    loaded = load_settings()
    serve(create_app(loaded), listen(loaded.host, loaded.port))
