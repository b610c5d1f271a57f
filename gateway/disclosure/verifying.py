"""Reads the record for a verification: seals in their order, the records of each, then what no seal covers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack

from gateway.disclosure.chain import record_id
from gateway.disclosure.faults import MOST_TOLD
from gateway.disclosure.runs import place_of
from gateway.disclosure.verification import Verification, Wanted
from gateway.store.record_reading import RecordCursor, RecordReading

MOST_RECORDS = 200_000
"""Records that are asked for together: by one question, as far as they stand side by side. They come in batches."""

WATCHED_RECORDS = 10_000
"""After about so many records it is told how far it is."""

MOST_CURSORS = 32

Start = tuple[str, int]
"""A stream, and the first record of runs that stand side by side in it."""

Watch = Callable[[int, int], None]
"""Is told, now and then, up to which of how many seals the records have been looked at."""


async def verify(reading: RecordReading, verification: Verification, watch: Watch) -> None:
    """Gives `verification` everything that is there. What is written meanwhile is looked at, or left for next time.

    Raises StoreUnavailable.
    """
    newest = await reading.newest_seal()
    last = 0 if newest is None else int(newest["_id"])
    verification.registered(await reading.streams())
    async for seals in reading.seals(last):
        wanted = [one for seal in seals for one in verification.seal(seal)]
        for group in _groups(wanted):
            await _read_group(reading, verification, group, lambda done: watch(done, last))
    verification.sealed_until(last, await reading.seals_without_a_number(MOST_TOLD))
    for stream, first in verification.open_streams():
        async with reading.run(_start(stream, first), _end(stream)) as cursor:
            while batch := await cursor.batch():
                verification.tail(stream, batch)
    await _look_outside(reading, verification)
    verification.ended()


async def _read_group(
    reading: RecordReading, verification: Verification, group: list[Wanted], watch: Callable[[int], None]
) -> None:
    async with AsyncExitStack() as opened:
        cursors: dict[Start, RecordCursor] = {}
        starts, lasts = _side_by_side(group)
        for (stream, first), last in lasts.items():
            # One more: a record that was moved on stands there.
            end = record_id(stream, last + 1) + "\x00"
            cursors[stream, first] = await opened.enter_async_context(reading.run(_start(stream, first), end))
        unwatched = 0
        for start, wanted in zip(starts, group, strict=True):
            run, cursor = wanted.run, cursors[start]
            documents = await cursor.take(record_id(run.stream, run.last + 1))
            following = await cursor.next()
            is_beyond = following is not None and place_of(following) == (run.stream, run.last + 1)
            verification.records(wanted, documents, following if is_beyond else None)
            unwatched += len(documents)
            if unwatched >= WATCHED_RECORDS or wanted is group[-1]:
                unwatched = 0
                watch(run.seal or 0)


async def _look_outside(reading: RecordReading, verification: Verification) -> None:
    places = []
    for stream, last in verification.places():
        places.append((f"{stream}/", _end(stream) if last is None else record_id(stream, last + 1)))
    found = await reading.outside(places, MOST_TOLD)
    if found:
        # A stream is registered before its first record: one that was opened meanwhile is there by now.
        opened = await reading.streams() - {stream for stream, _ in verification.places()}
        verification.outside([one for one in found if (place := place_of(one)) is None or place[0] not in opened])


def _side_by_side(group: list[Wanted]) -> tuple[list[Start], dict[Start, int]]:
    """The runs joined where they follow each other: where that of each begins, and where each joined one ends."""
    starts: list[Start] = []
    lasts: dict[Start, int] = {}
    ends: dict[Start, Start] = {}
    for wanted in group:
        run = wanted.run
        start = ends.pop((run.stream, run.first - 1), (run.stream, run.first))
        starts.append(start)
        lasts[start] = run.last
        ends[run.stream, run.last] = start
    return starts, lasts


def _groups(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Runs to be read together, in their order."""
    group: list[Wanted] = []
    streams: set[str] = set()
    records = 0
    for one in wanted:
        group.append(one)
        records += one.run.length
        streams.add(one.run.stream)
        if records >= MOST_RECORDS or len(streams) >= MOST_CURSORS:
            yield group
            group, streams, records = [], set(), 0
    if group:
        yield group


def _start(stream: str, first: int) -> str:
    """Where a stream's records are read from: what stands before its first is no record of it, and is found."""
    return f"{stream}/" if first == 1 else record_id(stream, first)


def _end(stream: str) -> str:
    """What comes after the ids of a stream's records: `0` is the character after `/`."""
    return f"{stream}0"
