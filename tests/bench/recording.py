"""What the record costs, and what group commit saves: the same operations with it, and each with a write of its own.

Both ways in one run, in turns, over the same database, which keeps what it acknowledged. `make bench-record` runs it.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.disclosure.recorder import Recorder
from gateway.disclosure.streams import Stream, Writer
from gateway.model.caller import ConsumerId, SubjectKey
from gateway.model.record import Entry, Outcome, RecordKind
from gateway.store.definitions import load_definitions
from gateway.store.disclosures import Disclosures
from gateway.store.driver import Database, opened_database
from gateway.store.initialise import apply_collections
from gateway.store.record_streams import RecordStreams
from tests.bench.ratios import confidence
from tests.database import embedded_database

RECORDS = 20
"""Of an operation."""

CONCURRENT = (1, 16, 64)
ROUNDS = 9
OPERATIONS = 128
"""In each round, each way."""

console = Console(highlight=False, width=120)

Record = Callable[[Sequence[Entry]], Awaitable[None]]


def operation() -> list[Entry]:
    """The entries of one operation."""
    of_all = Entry(
        RecordKind.STATUS,
        request_id=uuid.uuid4().hex,
        consumer=ConsumerId("business-portal"),
        subject=SubjectKey("A" * 43, "k1"),
        group="a" * 24,
        fields=("description", "title", "updatedAt"),
        purpose="STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company",
        grants=("b" * 24,),
        legal_basis=("Agreement 2026/17, section 4",),
        outcome=Outcome.DISCLOSED.value,
    )
    return [Entry.saying(of_all.said, "tax-agency", "MOMS", f"SKV-2026-{number:05}") for number in range(RECORDS)]


def one_at_a_time(record: Record) -> Record:
    """The same recorder, where each operation waits for the write of the one before: a write of its own for each."""
    turn = asyncio.Lock()

    async def alone(entries: Sequence[Entry]) -> None:
        async with turn:
            await record(entries)

    return alone


async def rate(record: Record, concurrent: int) -> tuple[float, float]:
    """Operations a second, and the median time of one in milliseconds."""
    times: list[float] = []

    async def operations(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            await record(operation())
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(operations(OPERATIONS // concurrent) for _ in range(concurrent)))
    return OPERATIONS / (time.perf_counter() - began), statistics.median(times) * 1000


def linking() -> float:
    """Microseconds of the processor that one record costs before it is sent: entry, canonical form, hash and link."""
    stream, took = Stream(segment_records=1_000), []
    for _ in range(ROUNDS):
        began = time.process_time()
        entries = [entry for _ in range(50) for entry in operation()]
        stream.wrote(stream.link(entries))
        took.append((time.process_time() - began) / len(entries))
    return statistics.median(took) * 1e6


async def measure(database: Database) -> Table:
    """The table of it all."""
    async for _ in apply_collections(database, load_definitions()):
        pass
    recorder = Recorder(
        Disclosures(database),
        RecordStreams(database),
        Writer("gateway", "bench"),
        write_seconds=30.0,
        segment_records=1_000,
    )
    table = Table(title=f"Operations of {RECORDS} records, written before they are told")
    for column in ("at once", "group commit", "a write each", "ratio (95 %)", "records/s", "median", "median alone"):
        table.add_column(column, justify="right")
    await rate(recorder.record, 16)
    for concurrent in CONCURRENT:
        together, alone = [], []
        for _ in range(ROUNDS):
            together.append(await rate(recorder.record, concurrent))
            alone.append(await rate(one_at_a_time(recorder.record), concurrent))
        ratios = [one[0] / other[0] for one, other in zip(together, alone, strict=True)]
        low, high = confidence(ratios)
        fast = statistics.median(one[0] for one in together)
        table.add_row(
            str(concurrent),
            f"{fast:.0f}/s",
            f"{statistics.median(one[0] for one in alone):.0f}/s",
            f"{statistics.median(ratios):.2f} ({low:.2f}–{high:.2f})",
            f"{fast * RECORDS:.0f}",
            f"{statistics.median(one[1] for one in together):.1f} ms",
            f"{statistics.median(one[1] for one in alone):.1f} ms",
        )
        # So that segments do not pile up, which nobody seals here.
        if recorder.stream is not None:
            recorder.stream.segments.clear()
    await recorder.close()
    return table


async def measured(uri: str, name: str) -> Table:
    """What `measure` finds in the database `name`."""
    async with opened_database(uri, name, timeout=30) as database:
        return await measure(database)


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as folder, embedded_database(Path(folder)) as uri:
        table = asyncio.run(measured(uri, f"bench_{uuid.uuid4().hex[:12]}"))
    console.print(table)
    console.print(f"Linking a record: {linking():.1f} µs of the processor.")


if __name__ == "__main__":
    main()
