"""Makes changes through the gateway while it is being killed, and remembers each one that was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

THERE = """
query { availableCases { edges { node { producer { id } caseType { code } reference } } } }
"""
CREATE = """
mutation ($input: CreateCaseGroupInput!) {
  createCaseGroup(input: $input) { caseGroup { id title revision } userErrors { code message field } }
}
"""
ADD = """
mutation ($input: AddCasesInput!) {
  addCases(input: $input) { caseGroup { id title revision } userErrors { code message field } }
}
"""
READ = """
query ($id: ID!) {
  caseGroup(id: $id) { title revision cases(first: 100) { edges { node { reference note } } } }
}
"""
PURPOSE = {"informationArea": "STARTING_RUNNING_AND_CLOSING_A_BUSINESS", "event": "starting-a-company"}
CASES_OF_A_GROUP = 4

Answer = dict[str, Any]
"""A JSON object."""

Unanswered = (aiohttp.ClientError, OSError, TimeoutError)
"""What a caller sees of a gateway that is gone."""


@dataclass
class AcknowledgedGroup:
    """A group as it was last acknowledged, and the one change that may have been made without an answer."""

    id: str
    title: str
    revision: int
    cases: dict[str, str] = field(default_factory=dict)
    """Notes by case reference."""
    unanswered: tuple[str, str] | None = None
    """The reference and note of a case whose addition was asked for and not answered."""


class Changes:
    """A caller that makes one change after another, and never forgets what it was promised."""

    def __init__(self, url: str, token: str) -> None:
        self.acknowledged: list[AcknowledgedGroup] = []
        self.count = 0
        """How many changes were acknowledged."""
        self._url = f"{url}/graphql"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._acknowledgement = asyncio.Condition()
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Makes changes for as long as the context lasts, whatever happens to the gateway.

        A change that is refused ends the context at once, with an exception group.
        """
        async with asyncio.TaskGroup() as tasks:
            changing = tasks.create_task(self._change_for_ever())
            yield
            changing.cancel()

    async def until_more(self, changes: int, *, seconds: float = 20.0) -> None:
        """Return when so many more were acknowledged. Raises TimeoutError when that takes too long."""
        goal = self.count + changes
        async with asyncio.timeout(seconds), self._acknowledgement:
            await self._acknowledgement.wait_for(lambda: self.count >= goal)

    async def losses(self) -> list[str]:
        """Every acknowledged change that the gateway no longer knows, in words."""
        async with aiohttp.ClientSession(headers=self._headers) as session:
            return [loss for group in self.acknowledged async for loss in self._losses_of(session, group)]

    async def _losses_of(self, session: aiohttp.ClientSession, group: AcknowledgedGroup) -> AsyncIterator[str]:
        try:
            found = (await self._ask(session, READ, {"id": group.id}))["caseGroup"]
        except Unanswered as exc:
            yield f"{group} is now {exc}"
            return
        cases = {edge["node"]["reference"]: edge["node"]["note"] for edge in found["cases"]["edges"]}
        with_unanswered = group.cases if group.unanswered is None else {**group.cases, **dict([group.unanswered])}
        expected = {group.revision: group.cases, group.revision + 1: with_unanswered}
        if found["title"] != group.title or expected.get(found["revision"]) != cases:
            yield f"{group} is now {found}"

    async def _change_for_ever(self) -> None:
        async with aiohttp.ClientSession(headers=self._headers) as session:
            there = await self._cases(session)
            while True:
                try:
                    await self._make_a_group(session, there)
                except Unanswered:
                    await asyncio.sleep(0.02)

    async def _cases(self, session: aiohttp.ClientSession) -> list[Answer]:
        """Cases that the subject has, as inputs of addCases: a producer that is up confirms no others."""
        edges = (await self._ask(session, THERE, {}))["availableCases"]["edges"]
        cases = [
            {
                "producer": edge["node"]["producer"]["id"],
                "caseType": edge["node"]["caseType"]["code"],
                "reference": edge["node"]["reference"],
            }
            for edge in edges[:CASES_OF_A_GROUP]
        ]
        assert len(cases) == CASES_OF_A_GROUP
        return cases

    async def _make_a_group(self, session: aiohttp.ClientSession, there: list[Answer]) -> None:
        title = f"Group {next(self._numbers)}"
        answer = await self._change(
            session,
            CREATE,
            "createCaseGroup",
            {"title": title, "purpose": PURPOSE, "cases": [], "idempotencyKey": str(uuid.uuid4())},
        )
        group = AcknowledgedGroup(answer["id"], answer["title"], answer["revision"])
        self.acknowledged.append(group)
        for case in there:
            reference, note = case["reference"], f"note {next(self._numbers)}"
            group.unanswered = (reference, note)
            change = {"id": group.id, "expectedRevision": group.revision, "cases": [{**case, "note": note}]}
            answer = await self._change(session, ADD, "addCases", change)
            group.revision = answer["revision"]
            group.cases[reference] = note
            group.unanswered = None

    async def _change(self, session: aiohttp.ClientSession, document: str, mutation: str, change: Answer) -> Answer:
        payload = (await self._ask(session, document, {"input": change}))[mutation]
        assert not payload["userErrors"], payload
        async with self._acknowledgement:
            self.count += 1
            self._acknowledgement.notify_all()
        group: Answer = payload["caseGroup"]
        return group

    async def _ask(self, session: aiohttp.ClientSession, document: str, variables: Answer) -> Answer:
        """The data of the answer. Raises one of Unanswered, an answer with errors included."""
        body = {"query": document, "variables": variables}
        async with session.post(self._url, json=body, timeout=aiohttp.ClientTimeout(total=5)) as response:
            answer = await response.json(content_type=None)
        if "errors" in answer:
            raise aiohttp.ClientError(answer["errors"])
        data: Answer = answer["data"]
        return data
