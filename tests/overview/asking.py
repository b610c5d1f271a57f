"""The overview as a portal asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.gateway import Answer, Gateway

OVERVIEW = """
  query Overview($producers: [ID!], $first: Int, $after: String) {
    availableCases(producers: $producers, first: $first, after: $after) {
      producers {
        producer { id }
        outcome {
          ... on AvailableCases { cases { reference } hasMore }
          ... on CasesUnavailable { reason message retryAfterSeconds requestId }
        }
      }
      edges { cursor node { reference caseType { code } producer { id } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
"""


async def overview(gateway: Gateway, token: str | None = None, **variables: Any) -> Any:
    """One page."""
    return (await gateway.query(OVERVIEW, variables, token=token)).data["availableCases"]


async def refused(gateway: Gateway, **variables: Any) -> Answer:
    """The answer to a question that has an error."""
    return await gateway.query(OVERVIEW, variables)


def references(page: Any) -> list[str]:
    """Those of the page's edges."""
    return [edge["node"]["reference"] for edge in page["edges"]]


def reasons(page: Any) -> list[str | None]:
    """Why each producer of the page did not answer; None: it did."""
    return [one["outcome"].get("reason") for one in page["producers"]]


async def eventually(question: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Asks again and again, while a change of the registry may be on its way, until the answer is as wanted."""
    async with asyncio.timeout(5):
        while True:
            if await question() == wanted:
                return
            await asyncio.sleep(0.05)


async def all_pages(gateway: Gateway, first: int, after: str | None = None) -> list[list[str]]:
    """The references of each page, from one to the next."""
    pages: list[list[str]] = []
    while True:
        page = await overview(gateway, first=first, after=after)
        assert len(page["edges"]) <= first
        pages.append(references(page))
        if not page["pageInfo"]["hasNextPage"]:
            return pages
        after = page["pageInfo"]["endCursor"]
