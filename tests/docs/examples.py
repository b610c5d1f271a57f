"""The queries of a page with what stands below them, and answers made comparable."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.docs.pages import Block, Page
from tests.gateway import Answer, Gateway
from tests.issuer import ALL_SCOPES, COMPANY

PASSING = {
    *("id", "status", "requestId", "startCursor", "endCursor"),
    *("createdAt", "updatedAt", "retainUntil", "addedAt", "permittedAt", "offeredAt", "since", "availableFrom"),
    *("validUntil", "at", "lapsesAt"),
}
"""Fields whose values are of the moment: of an answer shown on a page, their shape alone must be right.

A status, too, but not the reason why there is none.
"""


@dataclass
class Example:
    """A query of a page, with the blocks that stand below it: its variables and its answer, where they are shown.

    It is asked as the business portal with a token of every scope, unless the block is marked otherwise:
    ```graphql as another-consumer with case-groups:read.
    """

    query: str
    variables: dict[str, Any]
    consumer: str = "business-portal"
    scope: str = ALL_SCOPES
    answer: dict[str, Any] | None = None

    @classmethod
    def of(cls, block: Block) -> Example:
        """The query in `block`."""
        marked = _marks(block)
        return cls(block.text, {}, marked.get("as", cls.consumer), marked.get("with", cls.scope))

    async def asked(self, gateway: Gateway, *, request_id: str | None = None) -> Answer:
        """The gateway's answer about the demo's company."""
        token = gateway.token_for(COMPANY, self.consumer, scope=self.scope)
        return await gateway.query(self.query, self.variables, token=token, request_id=request_id)


def examples(page: Page) -> list[Example]:
    """The page's queries to portals' schema, in order."""
    found: list[Example] = []
    for block in page.blocks("graphql", "json"):
        if block.language == "graphql":
            found.append(Example.of(block))
        elif block.info == "variables":
            found[-1].variables = timely(json.loads(block.text))
        elif block.info == "answer":
            found[-1].answer = json.loads(block.text)
    return found


def scope_of(block: Block) -> str:
    """The scope of the token that a block is to be sent with: every scope, unless it is marked."""
    return _marks(block).get("with", ALL_SCOPES)


def timely(variables: Any) -> Any:
    """Variables with each `validUntil` moved to half a year from now: what a page shows is past some day."""
    match variables:
        case dict():
            return {
                key: (datetime.now(UTC) + timedelta(days=180)).isoformat() if key == "validUntil" else timely(value)
                for key, value in variables.items()
            }
        case _:
            return variables


def comparable(value: Any) -> Any:
    """An answer with what is of the moment replaced by its shape."""
    match value:
        case dict():
            return {
                key: shape(inner) if key in PASSING and "reason" not in (inner or ()) else comparable(inner)
                for key, inner in value.items()
            }
        case list():
            return [comparable(inner) for inner in value]
        case _:
            return value


def shape(value: Any) -> Any:
    """The value's type and, for objects and lists, those of what is in it."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(inner) for inner in value]
        case _:
            return type(value).__name__


def _marks(block: Block) -> dict[str, str]:
    """What stands behind the fence: `as CONSUMER with SCOPE SCOPE` → {as: CONSUMER, with: "SCOPE SCOPE"}."""
    marks: dict[str, list[str]] = {}
    words: list[str] = []
    for word in block.info.split():
        if word in {"as", "with"}:
            words = marks.setdefault(word, [])
        else:
            words.append(word)
    return {mark: " ".join(said) for mark, said in marks.items()}
