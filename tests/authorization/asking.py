"""What the tests of authorization ask, grant and wait for."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.agreements import EVERY_AREA, grant_record
from tests.gateway import Answer, Gateway
from tests.http.waiting import until
from tests.producer import Behaviour, Producer

PORTAL, PROGRAM = "business-portal", "accounting-program"
REPEATED = 10
BUSINESS_AREA = "STARTING_RUNNING_AND_CLOSING_A_BUSINESS"

READ = """
  query Read($id: ID!) {
    caseGroup(id: $id) {
      title
      cases(first: 100) { edges { node {
        reference
        status {
          ... on CaseStatus { code title description }
          ... on StatusUnavailable { reason }
        }
      } } }
    }
  }
"""


def granted(*fields: str, consumer: str = PORTAL, case_type: str = "FSKATT", **changes: Any) -> dict[str, Any]:
    """A grant of these fields of the tax agency's cases of one type for every purpose, unless told otherwise."""
    purposes = changes.pop("for_", EVERY_AREA)
    producer = changes.pop("producer", "tax-agency")
    return grant_record(consumer, producer, (case_type,), fields, purposes, **changes)


def global_id(*parts: str) -> str:
    """An id in the gateway's schema."""
    return base64.urlsafe_b64encode(":".join(parts).encode()).decode().rstrip("=")


def statuses(answer: Answer) -> dict[str, dict[str, Any]]:
    """What READ says of each case's status, by reference."""
    edges = answer.json["data"]["caseGroup"]["cases"]["edges"]
    return {edge["node"]["reference"]: edge["node"]["status"] for edge in edges}


def told(answer: Answer) -> list[tuple[str, Any]]:
    """The last step of the path and the `requires` of each FORBIDDEN_FIELD; there are no other errors."""
    errors = answer.json.get("errors", [])
    assert {error["extensions"]["code"] for error in errors} <= {"FORBIDDEN_FIELD"}, errors
    return [(error["path"][-1], error["extensions"]["requires"]) for error in errors]


def required(*fields: str, case_type: str = "FSKATT", purpose: str = f"{BUSINESS_AREA}:starting-a-company") -> Any:
    """The `requires` of a field of the tax agency's that needs a grant."""
    return {
        "grant": {"producer": "tax-agency", "caseType": case_type, "fields": list(fields), "purpose": purpose},
    }


def without_request_id(answer: Answer) -> Any:
    """The body as far as it may not differ between what is foreign and what is not there."""
    body = answer.json
    for error in body.get("errors", ()):
        del error["extensions"]["requestId"]
    return body


def held(producer: Producer, release: asyncio.Event) -> Behaviour:
    """The producer's right answer, but not before `release` is set."""

    async def behave(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response(producer.correct_answer(await request.json()))

    return behave


IN_THE_BACKGROUND = frozenset(
    {"producers", "consumers", "grants", "pseudonymKeys", "replicas", "recordStreams", "recordSeals"}
)

RECORDED = {("insert", "disclosures"): 1}
"""What it costs to record what was told or refused, and nothing else."""


async def commands_of(gateway: Gateway, ask: Callable[[], Awaitable[Any]]) -> dict[tuple[str, str], int]:
    """The commands that the database got while `ask` was answered, by name and collection.

    The gateway also works in the background now and then: reads its registry, reports, seals the record. Where that
    came in between, it is asked again: what a request costs it costs every time.
    """
    for _ in range(REPEATED):
        before = gateway.reads.commands(gateway.database.name)
        await ask()
        cost = dict(gateway.reads.commands(gateway.database.name) - before)
        if not {collection for _, collection in cost} & IN_THE_BACKGROUND:
            break
    return cost


async def until_granted(gateway: Gateway, number: int, **token: Any) -> None:
    """Waits until the portal has so many grants in force."""

    async def has() -> bool:
        answer = await gateway.query("{ viewer { grants { totalCount } } }", token=gateway.token_for(**token))
        return bool(answer.data["viewer"]["grants"]["totalCount"] == number)

    await until(has)
