"""Three producers in a process of their own, for a measurement; prints their ids and addresses as JSON, then serves."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from tests.producer import running_producer

PRODUCERS = {"tax-agency": "MOMS", "companies-registration-office": "BOLAGSREGISTRERING", "municipality": "BYGGLOV"}


async def serve() -> None:
    """Serves until standard input ends."""
    async with AsyncExitStack() as stack:
        urls = {}
        for id_, case_type in PRODUCERS.items():
            producer = await stack.enter_async_context(running_producer(id_, (case_type,)))
            for number in range(1, 1_001):
                producer.case(f"{id_[:3].upper()}-{number}")
            producer.asked = _Forgotten()
            urls[id_] = producer.url
        print(json.dumps(urls), flush=True)  # noqa: T201 - the parent reads it
        await asyncio.to_thread(sys.stdin.read)


class _Forgotten(list):  # type: ignore[type-arg]
    """Remembers nothing of what was asked, so that memory stays flat."""

    def append(self, _: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    asyncio.run(serve())
