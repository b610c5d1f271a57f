"""Gateways whose consumers have exactly the grants that a test names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.gateway import Gateway, running_gateway
from tests.http.waiting import until
from tests.issuer import Issuer
from tests.producer import Producer
from tests.reads import Reads

StartGateway = Callable[..., Awaitable[Gateway]]


@pytest_asyncio.fixture
async def gateway_with(
    database_uri: str,
    database_name: str,
    issuer: Issuer,
    tax: Producer,
    city: Producer,
    tmp_path: Path,
    reads: Reads,
) -> AsyncIterator[StartGateway]:
    """Starts a gateway with these grants and no other, and with these settings, before the tax agency and the city."""
    async with AsyncExitStack() as stack:

        async def start(*grants: dict[str, Any], **settings: Any) -> Gateway:
            gateway = await stack.enter_async_context(
                running_gateway(
                    database_uri, database_name, issuer, [tax, city], tmp_path, reads, grants=grants, **settings
                )
            )
            if settings.get("environment") == "live":
                for name in ("producers", "consumers"):
                    await gateway.database[name].update_many({}, {"$set": {"environment": "live"}})
                await until(lambda: _lets_in(gateway))
            return gateway

        yield start


async def _lets_in(gateway: Gateway) -> bool:
    answer = await gateway.query("{ producers { totalCount } }")
    return answer.status == 200 and answer.data["producers"]["totalCount"] == 2
