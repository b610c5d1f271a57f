"""A gateway's recorder in a process of its own, to be killed: writes until then, and says what it was told is written.

python -m tests.disclosure.writing MONGODB_URI DATABASE
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count

from gateway.disclosure.keeping import gateway_record
from gateway.model.replica import new_replica_id
from gateway.store.driver import opened_database
from tests.disclosure.record import entries, keeping


async def main(uri: str, name: str) -> None:
    """Writes until it is killed."""
    async with (
        opened_database(uri, name, timeout=10) as database,
        gateway_record(database, keeping(), new_replica_id()) as recording,
    ):

        async def write(writer: int) -> None:
            for number in count():
                request = f"{writer}-{number}"
                await recording.record(entries(3, request))
                print(request, flush=True)  # noqa: T201 - for the test that runs it

        await asyncio.gather(*(write(writer) for writer in range(4)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
