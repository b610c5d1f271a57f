"""Everything that is measured, one function each; what each returns stands in `build/bench.json` under its name."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from tests.bad_input import BAD_INPUT
from tests.bench.speed import cores
from tests.bench.speed.documents import MIX, THE_WORK, Selected, never_seen
from tests.bench.speed.handler import QUESTION
from tests.bench.speed.http_asking import Expected, WrongAnswer, asked, refused
from tests.bench.speed.measuring import FEWEST_ANSWERS, Measuring, Round, Work, figures, ratio
from tests.bench.speed.scales import Scale
from tests.bench.speed.servers import OURS, Server, until_ready
from tests.bench.speed.stage import Stage

CASES = 20
CONNECTIONS = 16
MANY_CASES = 1_000
"""From which on one question at a time is enough: the gateway takes no more than 20,000 records that wait."""

WARM_UP = 40
MANY_DOCUMENTS = 200
"""Answers of each server before it is measured how fast it is with one document, and with many."""

COUNTED_CASES = (20, 100, 1_000)
QUESTIONS = 20
"""For which it is counted what they cost the others: one after the other."""

SLOW_SECONDS = 0.2
SLOW = "municipality"
SLOWEST_SECONDS = 0.02
"""What each producer takes where it is measured what a gateway adds to that."""


def the_same(document: Selected) -> Callable[[], Iterator[Selected]]:
    """One document, again and again."""
    return lambda: itertools.repeat(document)


class Bench:
    """The measurements, over servers that run."""

    def __init__(self, stage: Stage, scale: Scale, servers: Sequence[Server]) -> None:
        self._stage = stage
        self._scale = scale
        self._servers = servers
        self._measuring = Measuring()

    @property
    def faults(self) -> list[str]:
        """What could not be measured since a server answered wrongly, and how."""
        return self._measuring.faults

    def work(
        self, cases: int = CASES, documents: Callable[[], Iterator[Selected]] | None = None, warm_up: int = WARM_UP
    ) -> Work:
        """Questions about so many cases: the same one always, unless `documents` are others."""
        pool = self._stage.pools[cases]
        groups = len(pool.subjects[0].groups)
        return Work(pool, documents or the_same(replace(THE_WORK, groups=groups)), cases, warm_up)

    async def warm_up(self, servers: Sequence[Server]) -> None:
        """Has each server answer until it is as fast as it gets."""
        for server in servers:
            await self._measuring.round(server, self.work(), self._scale.warm_up, CONNECTIONS)

    async def throughput(self, servers: Sequence[Server]) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
        """The table: each server with the work at 16 connections. With it the ratios, and their medians alone."""

        def look_at_memory(server: Server) -> None:
            server.memory_mib["load"] = max(server.memory_mib.get("load", 0.0), server.resident_mib())

        rounds = await self._measuring.rounds(
            servers,
            self.work(),
            rounds=self._scale.rounds,
            seconds=self._scale.seconds,
            connections=CONNECTIONS,
            must_be_right=True,
            after=look_at_memory,
        )
        ours = rounds[OURS.name]
        ratios = {
            name: {
                "throughput": ratio(ours, theirs),
                "cpu": ratio(theirs, ours, "cpu"),
                "p99": ratio(theirs, ours, "p99"),
            }
            for name, theirs in rounds.items()
            if name != OURS.name
        }
        return _all(rounds), ratios, {name: one["throughput"]["median"] for name, one in ratios.items()}

    async def connections(self) -> dict[str, Any]:
        """The work, at 1 to 64 connections."""
        return {
            str(number): _all(await self._rounds(self._servers, self.work(), connections=number))
            for number in self._scale.connections
        }

    async def cases(self) -> dict[str, Any]:
        """The work with ever more cases, at 4 connections, or 1 where they are many: what the CPU time is by case."""
        found: dict[str, Any] = {}
        for number in self._scale.cases:
            rounds = await self._rounds(self._servers, self.work(number), connections=1 if number >= MANY_CASES else 4)
            found[str(number)] = {
                name: {**one, "cpu_us_per_case": round(one["cpu_ms"]["median"] * 1000 / number, 2)}
                for name, one in _all(rounds).items()
            }
        return found

    async def mix(self) -> dict[str, Any]:
        """Ten documents in turns, at 16 connections."""
        work = self.work(documents=lambda: itertools.cycle(MIX), warm_up=MANY_DOCUMENTS)
        return _all(await self._rounds(self._graphql(), work))

    async def never_seen(self) -> dict[str, Any]:
        """The work, each time as another document: nothing is won by having seen it. The documents are made up once."""
        documents = never_seen()
        work = self.work(documents=lambda: documents, warm_up=MANY_DOCUMENTS)
        return _all(await self._rounds(self._graphql(), work))

    async def one_slow_producer(self) -> dict[str, Any]:
        """The work at 16 connections while one of the three producers takes 200 ms."""
        self._stage.delay(SLOW_SECONDS, SLOW)
        try:
            return _all(await self._rounds(self._servers, self.work()))
        finally:
            self._stage.delay(0.0)

    async def deferred(self) -> dict[str, Any]:
        """Ours with one slow producer: when the first of an answer comes with @defer, and when without."""
        ours, deferred = self._ours(), replace(THE_WORK, is_deferred=True)
        self._stage.delay(SLOW_SECONDS, SLOW)
        try:
            found = {
                "with": await self._rounds(ours, self.work(documents=the_same(deferred))),
                "without": await self._rounds(ours, self.work()),
            }
        finally:
            self._stage.delay(0.0)
        found["with_no_slow_producer"] = await self._rounds(ours, self.work(documents=the_same(deferred)))
        return {name: figures(rounds[OURS.name]) for name, rounds in found.items() if rounds}

    async def added(self) -> dict[str, Any]:
        """What is added to the slowest producer, at one connection, in milliseconds at the median.

        Each producer takes 20 ms. One of them is asked for the same cases without anything between, in the same way.
        """
        self._stage.delay(SLOWEST_SECONDS)
        try:
            direct = await self._direct()
            rounds = await self._rounds(self._servers, self.work(), connections=1)
        finally:
            self._stage.delay(0.0)
        found = {name: round(one["p50_ms"]["median"] - direct, 2) for name, one in _all(rounds).items()}
        return {"producer_alone_ms": round(direct, 2), "added_ms": found}

    async def operations(self) -> dict[str, Any]:
        """What one question of ours costs the others, by number of cases: requests to producers, database commands."""
        (ours,) = self._ours()
        found = {}
        for cases in COUNTED_CASES:
            work = self.work(cases)
            await self._measuring.round(ours, work, 0.0, 1, FEWEST_ANSWERS)
            self._stage.counted()
            answers = (await self._measuring.round(ours, work, 0.0, 1, QUESTIONS)).answers
            found[str(cases)] = {
                where: {what: round(number / answers, 2) for what, number in sorted(counted.items())}
                for where, counted in self._stage.counted().items()
            }
        return found

    async def bad_input(self) -> dict[str, Any]:
        """What it costs ours to refuse bad input: one after the other, with a connection for each."""
        (ours,) = self._ours()
        ((_, token),) = self._stage.pools[CASES].callers(1)
        found = {}
        for bad in BAD_INPUT:
            request = ours.sent(token, bad.body)
            await refused(ours.port, request)
            before, began = cores.cpu_seconds(ours.pids), time.perf_counter()
            for _ in range(self._scale.refusals):
                status, body = await refused(ours.port, request)
                if f'"{bad.code}"'.encode() not in body or (bad.limit or "").encode() not in body:
                    raise WrongAnswer(f"{ours.kind.title}, {bad.what}: HTTP {status}: {body[:600].decode()}")
            cpu = (cores.cpu_seconds(ours.pids) - before) * 1000 / self._scale.refusals
            found[bad.what] = {
                "code": bad.code,
                "limit": bad.limit,
                "bytes": len(bad.body),
                "cpu_ms": round(cpu, 3),
                "ms": round((time.perf_counter() - began) * 1000 / self._scale.refusals, 3),
            }
        return found

    async def memory(self) -> dict[str, Any]:
        """Resident memory in MiB: at the start, the most under load, and after it when nobody has asked for a while.

        `most` is the most it ever was, whatever was measured: with 10,000 cases in one answer, and bad input.
        """
        await asyncio.sleep(self._scale.rest_seconds)
        for server in self._servers:
            server.memory_mib["after"] = server.resident_mib()
            server.memory_mib["most"] = cores.most_resident_mib(server.pids)
        return {server.kind.name: server.memory_mib for server in self._servers}

    def start_up(self) -> dict[str, float]:
        """Seconds from the start of each to its first whole answer."""
        return {server.kind.name: server.ready_seconds for server in self._servers}

    async def _direct(self) -> float:
        representations = [{"__typename": "Case", "reference": f"1-{number}"} for number in range(7)]
        body = orjson.dumps({"query": QUESTION, "variables": {"representations": representations}})
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        port = int(self._stage.addresses[SLOW].split(":")[2].split("/")[0])
        answers = await asked(port, itertools.repeat(head + body), Expected(7), connections=1, seconds=1.0)
        return statistics.median(answers.times) * 1000

    async def _rounds(
        self, servers: Sequence[Server], work: Work, connections: int = CONNECTIONS
    ) -> dict[str, list[Round]]:
        scale = self._scale
        return await self._measuring.rounds(
            servers,
            work,
            rounds=scale.other_rounds,
            seconds=scale.other_seconds,
            connections=connections,
            least=scale.other_answers,
        )

    def _graphql(self) -> list[Server]:
        return [server for server in self._servers if server.kind.speaks_graphql]

    def _ours(self) -> list[Server]:
        return [server for server in self._servers if server.kind is OURS]


async def shares(stage: Stage, scale: Scale) -> dict[str, Any]:
    """Where ours spends its CPU time on the work at 16 connections: by part, and by function."""
    file = stage.folder / "samples.json"
    with stage.server(OURS, "--sample", str(file)) as server:
        bench = Bench(stage, scale, [server])
        await until_ready(server, stage.pools[CASES], Expected(CASES), THE_WORK)
        await bench.warm_up([server])
        server.process.send_signal(signal.SIGUSR1)
        measured = await bench._measuring.round(server, bench.work(), scale.shares_seconds, CONNECTIONS)
    found = json.loads(file.read_text())
    whole = sum(found["parts"].values())
    return {
        "cpu_ms": round(measured.cpu, 3),
        "sampled_seconds": round(whole, 2),
        "parts": {part: round(seconds / whole, 4) for part, seconds in found["parts"].items()},
        "own": {place: round(seconds / whole, 4) for place, seconds in found["own"].items()},
        "inclusive": {place: round(seconds / whole, 4) for place, seconds in found["inclusive"].items()},
    }


def _all(rounds: dict[str, list[Round]]) -> dict[str, Any]:
    return {name: figures(one) for name, one in rounds.items()}
