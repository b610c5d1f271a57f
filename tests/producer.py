"""A status subgraph over real HTTP whose answers a test decides, and which remembers what it was asked."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from graphql import build_schema, execute_sync, parse, validate

from tests.agreements import producer_record

CONTRACT = build_schema(
    """
    scalar _Any
    scalar DateTime
    scalar JSON
    union _Entity = Case
    type Query {
      _entities(representations: [_Any!]!): [_Entity]!
      cases(first: Int! = 50, after: String): CaseConnection!
    }
    type CaseConnection { edges: [CaseEdge!]! pageInfo: PageInfo! }
    type CaseEdge { cursor: String! caseType: String! node: Case! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type Case { reference: ID! status: CaseStatus }
    type CaseStatus {
      code: String! codeSystem: String title: String! description: String language: String updatedAt: DateTime!
      expectedAt: DateTime requiresCustomerAction: Boolean completed: Boolean references: [Reference!] extension: JSON
    }
    type Reference { title: String! url: String value: String }
    """
)

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    """One request that a producer received."""

    headers: dict[str, str]
    query: str
    references: list[str]
    claims: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass
class Producer:
    """One running producer. `statuses` are by reference; a reference it does not have answers null.

    `offers` are the case types by reference of all cases that a subject has, by the subject; None: it has no
    `Query.cases`.
    """

    id: str
    case_types: tuple[str, ...]
    url: str = ""
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    offers: dict[str, dict[str, str]] | None = None
    asked: list[Asked] = field(default_factory=list)
    behaviour: Behaviour | None = None
    stop: Callable[[], Awaitable[None]] = field(init=False)

    @property
    def requests(self) -> int:
        """How many requests it has received."""
        return len(self.asked)

    @property
    def audience(self) -> str:
        """`aud` of the assertions it expects."""
        return f"https://{self.id}.example"

    def case(self, reference: str | None = None, **status: Any) -> dict[str, Any]:
        """A case it holds, as an input of addCases; `status` changes what it says about it."""
        reference = reference or f"{self.id[:3].upper()}-{len(self.statuses) + 1}"
        self.statuses[reference] = {
            "code": "GRANSKNING",
            "title": f"Granskas ({reference})",
            "updatedAt": "2026-03-01T09:30:00+01:00",
            **status,
        }
        return {"producer": self.global_id, "caseType": self.case_types[0], "reference": reference}

    @property
    def global_id(self) -> str:
        """Its id in the gateway's schema."""
        return base64.urlsafe_b64encode(f"Producer:{self.id}".encode()).decode().rstrip("=")

    def record(self) -> dict[str, Any]:
        """Its record in the registry."""
        return producer_record(
            self.id,
            self.case_types,
            endpoint=self.url,
            audience=self.audience,
            offersCases=self.offers is not None,
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers as the contract says, or as the test's `behaviour` does."""
        body = await request.json()
        self.asked.append(
            Asked(
                headers=dict(request.headers),
                query=body["query"],
                references=[one["reference"] for one in body["variables"].get("representations", ())],
                claims=_claims(request.headers["Authorization"]),
                variables=body["variables"],
            )
        )
        if self.behaviour is not None:
            return await self.behaviour(request)
        return web.json_response(self.correct_answer(body))

    def correct_answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the contract answers to a request's body."""
        document = parse(body["query"])
        assert not validate(CONTRACT, document)
        variables = body["variables"]
        entities = [
            {"__typename": "Case", "reference": one["reference"], "status": self.statuses.get(one["reference"])}
            for one in variables.get("representations", ())
        ]
        root: dict[str, Any] = {"_entities": entities}
        if "first" in variables:
            root["cases"] = self._cases(variables["first"], variables["after"])
        result = execute_sync(CONTRACT, document, root, variable_values=variables)
        return {"data": result.data}

    def _cases(self, first: int, after: str | None) -> dict[str, Any]:
        """One page of the cases of the subject that was asked about last; a cursor is `at REFERENCE`."""
        assert self.offers is not None
        theirs = self.offers.get(self.asked[-1].claims["sub"], {})
        following = [one for one in sorted(theirs) if after is None or one > after.removeprefix("at ")]
        edges = [
            {"cursor": f"at {one}", "caseType": theirs[one], "node": {"reference": one}} for one in following[:first]
        ]
        return {
            "edges": edges,
            "pageInfo": {
                "hasNextPage": len(following) > first,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }


def answering(content: object, status: int = 200, **headers: str) -> Behaviour:
    """A producer that gives this JSON whatever it is asked."""

    async def behave(_: web.Request) -> web.StreamResponse:
        return web.json_response(content, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return behave


@asynccontextmanager
async def running_producer(id_: str, case_types: tuple[str, ...]) -> AsyncIterator[Producer]:
    """A producer on a free port of 127.0.0.1."""
    producer = Producer(id_, case_types)
    app = web.Application()
    app.router.add_post("/graphql", producer.answer)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    producer.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    producer.stop = runner.cleanup
    try:
        yield producer
    finally:
        await runner.cleanup()


def _claims(authorization: str) -> dict[str, Any]:
    payload = authorization.removeprefix("Bearer ").split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
