"""Consumers beside the group's owner, and what the tests of sharing and handing over ask as each of them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from gateway.groups.limits import GroupLimits
from tests.agreements import consumer_record
from tests.gateway import Gateway
from tests.http.waiting import until
from tests.issuer import ALVA

OWNER, OTHER, THIRD = "business-portal", "accounting-program", "travel-portal"

DAY = timedelta(days=1)
LIMITS = GroupLimits(
    200, 500, 20, retention=400 * DAY, use_interval=DAY, transfer_offer=30 * DAY, claim_waiting=30 * DAY
)
"""Those of the settings' defaults."""

GROUP = """
  query Group($id: ID!) {
    caseGroup(id: $id) {
      id title revision retainUntil owner { id }
      cases(first: 100) { totalCount edges { cursor node { id reference note noteIsPrivate } } }
      readPermissions { consumer { id } permittedAt validUntil producers { id } fields }
      transfer { to { id } keepReadPermissions offeredAt validUntil }
    }
  }
"""

OFFERS = """
  { caseGroupOffers {
      caseGroup revision reason title purpose { informationArea event } from { id } since availableFrom validUntil
  } }
"""


def global_id(kind: str, name: str) -> str:
    """An id in the gateway's schema."""
    return base64.urlsafe_b64encode(f"{kind}:{name}".encode()).decode().rstrip("=")


def consumer_id(name: str) -> str:
    """A consumer's id in the gateway's schema."""
    return global_id("Consumer", name)


ABSENT = global_id("CaseGroup", "0123456789abcdef01234567")


def written(moment: datetime) -> str:
    """A moment as it is sent."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def days_away(days: float) -> str:
    """A moment so many days from now, as it is sent."""
    return written(datetime.now(UTC) + timedelta(days=days))


def codes(payload: dict[str, Any]) -> list[str]:
    """The codes of a payload's refusals."""
    return [error["code"] for error in payload["userErrors"]]


def stored_id(group: dict[str, Any]) -> str:
    """The group's id in the database."""
    id_: str = group["id"]
    return base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode().removeprefix("CaseGroup:")


class Party:
    """A consumer that asks for a subject."""

    def __init__(self, gateway: Gateway, name: str, subject: str = ALVA) -> None:
        self.gateway, self.name, self.id = gateway, name, consumer_id(name)
        self.token = gateway.token_for(subject, name)

    async def sees(self, group: dict[str, Any]) -> Any:
        """The group as this consumer reads it; None where it is told NOT_FOUND."""
        answer = await self.gateway.query(GROUP, id=group["id"], token=self.token)
        if "errors" in answer.json:
            assert answer.code == "NOT_FOUND"
            return None
        return answer.data["caseGroup"]

    async def change(self, mutation: str, group: dict[str, Any], revision: int = 1, **input_: Any) -> Any:
        """The payload of a change of the group."""
        return await self.gateway.change(
            mutation, token=self.token, id=group["id"], expectedRevision=revision, **input_
        )

    async def permits(self, other: Party, group: dict[str, Any], revision: int = 1, **input_: Any) -> Any:
        """The payload of permitReading, for a month unless told otherwise."""
        return await self.change(
            "permitReading", group, revision, **{"consumer": other.id, "validUntil": days_away(30), **input_}
        )

    async def offers(self, other: Party, group: dict[str, Any], revision: int = 1, **input_: Any) -> Any:
        """The payload of transferCaseGroup."""
        return await self.change("transferCaseGroup", group, revision, to=other.id, **input_)

    async def accepts(self, group: dict[str, Any], revision: int = 1) -> Any:
        """The payload of acceptCaseGroup."""
        return await self.change("acceptCaseGroup", group, revision)

    async def is_offered(self) -> Any:
        """The groups that this consumer can take over."""
        return (await self.gateway.query(OFFERS, token=self.token)).data["caseGroupOffers"]


class Parties:
    """The owner of the tests' groups and two other consumers, all for the same subject."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.owner, self.other, self.third = (Party(gateway, name) for name in (OWNER, OTHER, THIRD))

    async def change_record(self, name: str, **changes: Any) -> None:
        """Changes a consumer's record so that it is no longer let in, and waits until the gateway has seen it."""
        await self.gateway.database["consumers"].update_one({"_id": name}, {"$set": changes})
        await self._is_connected(name, wanted=False)

    async def end(self, name: str, days_ago: float) -> datetime:
        """Ends a consumer's connection, that many days ago. Returns when."""
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago)
        await self.change_record(name, state="ended", endedAt=at)
        return at

    async def a_third(self) -> None:
        """Connects the third consumer."""
        await self.gateway.database["consumers"].insert_one(consumer_record(THIRD))
        await self._is_connected(THIRD, wanted=True)

    async def _is_connected(self, name: str, *, wanted: bool) -> None:
        witness = next(party for party in (self.owner, self.other) if party.name != name)

        async def is_so() -> bool:
            answer = await self.gateway.query("{ consumers { edges { node { id } } } }", token=witness.token)
            return (consumer_id(name) in [edge["node"]["id"] for edge in answer.data["consumers"]["edges"]]) is wanted

        await until(is_so)


@pytest_asyncio.fixture
async def parties(gateway: Gateway) -> Parties:
    """Three consumers, connected."""
    parties = Parties(gateway)
    await parties.a_third()
    return parties
