"""Portals that read case groups without a pause, and never forget a status that they received in full."""

from __future__ import annotations

import asyncio
import itertools
import random
import string
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.crash.received import Received
from tests.http.parts import ACCEPT, Parts, together

SELECTIONS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("title",),),
    (("title", "updatedAt"),),
    (("code", "completed", "description"),),
    (("title",), ("code", "updatedAt")),
)
"""What may be asked about each case of a group in one request: one set of fields, or two under an alias each."""

FORMS = {
    "whole": "cases(first: 100) {{ edges {{ node {{ reference {statuses} }} }} }}",
    "deferred": "cases(first: 100) {{ edges {{ node {{ reference ... @defer {{ {statuses} }} }} }} }}",
    "streamed": "cases(first: 100) {{ edges @stream(initialCount: 1) {{ node {{ reference {statuses} }} }} }}",
}

ANSWER_SECONDS = 12.0
"""More than an operation's deadline."""

PAUSE_SECONDS = 0.02
"""After an answer without a single status: the gateway or its database is gone."""

Broken = (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError)
"""What a portal sees of a gateway that is gone."""


@dataclass(frozen=True)
class Question:
    """One of the questions that portals ask: its document, and which fields each alias has."""

    document: str
    aliases: dict[str, tuple[str, ...]]


def _questions() -> Iterator[Question]:
    for form, selections in itertools.product(FORMS.values(), SELECTIONS):
        aliases = {f"status{number}": fields for number, fields in enumerate(selections)}
        statuses = " ".join(
            f"{alias}: status {{ __typename ... on CaseStatus {{ {' '.join(fields)} }}"
            " ... on StatusUnavailable { reason } }"
            for alias, fields in aliases.items()
        )
        yield Question(f"query($id: ID!) {{ caseGroup(id: $id) {{ {form.format(statuses=statuses)} }} }}", aliases)


QUESTIONS = tuple(_questions())


def _in_turn() -> Iterator[Question]:
    """Each question once, in an order of chance, before any comes again."""
    while True:
        yield from random.sample(QUESTIONS, len(QUESTIONS))


class Portals:
    """Portals beside each other, each with a group of its own, that ask one gateway or another."""

    def __init__(self, urls: Sequence[str], token: str, groups: Sequence[str]) -> None:
        self.requests = 0
        self.statuses = 0
        """How many were received in full."""
        self.withheld: Counter[str] = Counter()
        """Outcomes that are no status, by their reason."""
        self.broken = 0
        """Answers that did not come, or not to their end."""
        self._urls, self._token, self._groups = urls, token, groups
        self._questions = _in_turn()
        self._new: list[Received] = []
        self._more = asyncio.Condition()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """All of them ask, one question after the other, for as long as the context lasts."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": ACCEPT}
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session,
            asyncio.TaskGroup() as tasks,
        ):
            asking = [tasks.create_task(self._ask_for_ever(session, group)) for group in self._groups]
            yield
            for one in asking:
                one.cancel()

    async def until_more(self, statuses: int, *, seconds: float = 30.0) -> None:
        """Returns when so many more were received. Raises TimeoutError when that takes too long."""
        goal = self.statuses + statuses
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: self.statuses >= goal)

    def new(self) -> list[Received]:
        """The statuses received since this was asked last."""
        new, self._new = self._new, []
        return new

    async def _ask_for_ever(self, session: aiohttp.ClientSession, group: str) -> None:
        while True:
            before = self.statuses
            await self._ask(session, random.choice(self._urls), group, next(self._questions))
            if self.statuses == before:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                async with self._more:
                    self._more.notify_all()

    async def _ask(self, session: aiohttp.ClientSession, url: str, group: str, question: Question) -> None:
        request_id = _new_request_id()
        body = {"query": question.document, "variables": {"id": group}}
        parts: list[Any] = []
        self.requests += 1
        try:
            async with session.post(f"{url}/graphql", json=body, headers={"X-Request-ID": request_id}) as response:
                if response.content_type == "multipart/mixed":
                    reader = Parts(response)
                    while (part := await reader.next()) is not None:
                        parts.append(part)
                else:
                    parts.append(await response.json(content_type=None))
        except Broken:
            self.broken += 1
        finally:
            if parts:
                self._remember(request_id, question, parts)

    def _remember(self, request_id: str, question: Question, parts: list[Any]) -> None:
        group = (together(parts, complete=False) or {}).get("caseGroup") if "data" in parts[0] else None
        for edge in group["cases"]["edges"] if group else ():
            for alias, fields in question.aliases.items():
                match edge["node"].get(alias):
                    case {"__typename": "CaseStatus"}:
                        self._new.append(Received(request_id, edge["node"]["reference"], fields))
                        self.statuses += 1
                    case {"reason": reason}:
                        self.withheld[reason] += 1


def _new_request_id() -> str:
    """Letters alone: the gateway replaces an id with digits in it that could be an identity number."""
    return "".join(random.choices(string.ascii_lowercase, k=24))
