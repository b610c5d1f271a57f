"""Three producers in a process of their own, for a measurement; prints their ids and addresses as JSON, then serves.

A line `hang ID` on standard input lets that producer accept every question and answer none, until a line `answer ID`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from aiohttp import web

from tests.producer import Behaviour, Producer, running_producer

PRODUCERS = {"tax-agency": "MOMS", "companies-registration-office": "BOLAGSREGISTRERING", "municipality": "BYGGLOV"}


def reference(producer: str, number: int) -> str:
    """The reference of its case with that number, which is from 1 to 1,000."""
    return f"{producer[:3].upper()}-{number}"


async def serve() -> None:
    """Serves until standard input ends."""
    async with AsyncExitStack() as stack:
        producers: dict[str, Producer] = {}
        for id_, case_type in PRODUCERS.items():
            producer = await stack.enter_async_context(running_producer(id_, (case_type,)))
            for number in range(1, 1_001):
                producer.case(reference(id_, number))
            producer.asked = _Forgotten()
            producers[id_] = producer
        print(json.dumps({id_: one.url for id_, one in producers.items()}), flush=True)  # noqa: T201 - the parent reads
        released = asyncio.Event()
        while line := await asyncio.to_thread(sys.stdin.readline):
            order, id_ = line.split()
            released.set()
            released = asyncio.Event()
            producers[id_].behaviour = _hanging(released) if order == "hang" else None
        released.set()


def _hanging(released: asyncio.Event) -> Behaviour:
    async def hang(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response(status=503)

    return hang


class _Forgotten(list):  # type: ignore[type-arg]
    """Remembers nothing of what was asked, so that memory stays flat."""

    def append(self, _: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    asyncio.run(serve())
