"""Asks a gateway that runs as a process of its own, as a portal does."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from typing import Any

from aiohttp import ClientSession

from tests.bench.producing import PRODUCERS, reference

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


def cases(number: int, producers: Iterable[str]) -> list[dict[str, str]]:
    """So many cases, as inputs of a new group: the first of each producer, then the second, and so on."""
    every = [
        {
            "producer": base64.urlsafe_b64encode(f"Producer:{id_}".encode()).decode().rstrip("="),
            "caseType": PRODUCERS[id_],
            "reference": reference(id_, count),
        }
        for count in range(1, number + 1)
        for id_ in producers
    ]
    return every[:number]


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

    async def a_group_of(self, cases: list[dict[str, str]]) -> str:
        """The id of a new group of these cases."""
        input_ = {"title": "Measured", "purpose": {"informationArea": "TAXES"}, "cases": cases}
        made = await self.ask(CREATE, input=input_)
        return str(made["createCaseGroup"]["caseGroup"]["id"])

    async def statuses(self, group: str) -> dict[str, dict[str, str]]:
        """By reference: each case's status, or the reason why there is none."""
        data = await self.ask(QUERY, id=group)
        nodes = [edge["node"] for edge in data["caseGroup"]["cases"]["edges"]]
        return {node["reference"]: node["status"] for node in nodes}
