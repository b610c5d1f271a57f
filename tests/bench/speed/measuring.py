"""Rounds: each server in turn does the same for a while, another one first each time, so that noise hits all alike."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.ratios import confidence
from tests.bench.speed import cores
from tests.bench.speed.documents import Selected
from tests.bench.speed.http_asking import Expected, WrongAnswer, asked
from tests.bench.speed.servers import Server
from tests.bench.speed.subjects import Pool

FIRST_GUESS = 400
"""Answers a second, until it is known: so many tokens are made ready for a round."""

MORE_THAN_LAST_TIME = 1.5

USUAL_CASES = 20
FEWEST_ANSWERS = 3
"""In any round, however long they take."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked: of whom, which documents, and what every answer must hold.

    `warm_up` is how many answers each server gives beforehand, unmeasured, if they have 20 statuses.
    """

    pool: Pool
    documents: Callable[[], Iterator[Selected]]
    statuses: int
    warm_up: int = 40

    @property
    def expected(self) -> Expected:
        """What every answer must hold."""
        return Expected(self.statuses)

    def answers(self, usual: int) -> int:
        """So many answers of 20 statuses, or fewer of more: as many statuses in all."""
        return max(usual * USUAL_CASES // max(self.statuses, USUAL_CASES), FEWEST_ANSWERS)


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round. Times are in milliseconds; `core` is how much of its core it used, 0 to 1.

    `cpu` and `rest` are by answer: its own CPU time, and that of all that ran for it on the other core.
    """

    answers: int
    rate: float
    cpu: float
    rest: float
    p50: float
    p99: float
    first_p50: float
    core: float


class Measuring:
    """Measures servers; remembers how fast each was, to make enough requests ready, and what went wrong."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, int], float] = {}
        self.faults: list[str] = []

    async def rounds(
        self,
        servers: Sequence[Server],
        work: Work,
        *,
        rounds: int,
        seconds: float,
        connections: int,
        least: int = 1,
        must_be_right: bool = False,
        after: Callable[[Server], None] = lambda _: None,
    ) -> dict[str, list[Round]]:
        """By the server's name, its rounds. Beforehand each answers a little, unmeasured: pools and caches are warm.

        A round takes so many seconds, and as many more as it takes to give the `least` answers (Work.answers). Servers
        that answer wrongly are left out, which is among the `faults`; if they `must_be_right`, WrongAnswer is raised.
        """
        found: dict[str, list[Round]] = {}
        for number in range(-1, rounds):
            turn = max(number, 0) % len(servers)
            for server in [*servers[turn:], *servers[:turn]]:
                name = server.kind.name
                if number >= 0 and name not in found:
                    continue
                try:
                    if number < 0:
                        warm_up = max(work.answers(work.warm_up), 2 * connections)
                        await self.round(server, work, min(seconds, 0.3), connections, warm_up)
                        found[name] = []
                    else:
                        round_ = await self.round(server, work, seconds, connections, work.answers(least))
                        found[name].append(round_)
                        after(server)
                except WrongAnswer as exc:
                    if must_be_right:
                        raise
                    found.pop(name, None)
                    self.faults.append(str(exc))
        return {server.kind.name: found[server.kind.name] for server in servers if server.kind.name in found}

    async def round(self, server: Server, work: Work, seconds: float, connections: int, least: int = 1) -> Round:
        """One round. All of its requests are made ready before it begins. Raises WrongAnswer, with the server's log."""
        key = (server.kind.name, work.statuses)
        guess = self._rates.get(key, FIRST_GUESS * 20 / max(work.statuses, 20))
        number = max(int(guess * seconds * MORE_THAN_LAST_TIME), connections, least)
        requests = server.requests(work.pool, work.documents(), number)
        own, rest = server.pids, cores.with_descendants(os.getpid())
        rest = [pid for pid in rest if pid not in own]
        before, rest_before = cores.cpu_seconds(own), cores.cpu_seconds(rest)
        try:
            answers = await asked(
                server.port, requests, work.expected, connections=connections, seconds=seconds, least=least
            )
        except (WrongAnswer, OSError) as exc:
            said = f"{server.kind.title}, {work.statuses} cases, {connections} connections: {type(exc).__name__}: {exc}"
            raise WrongAnswer(f"{said}\nThe end of its log:\n{server.last_words()}") from exc
        cpu, rest_cpu = cores.cpu_seconds(own) - before, cores.cpu_seconds(rest) - rest_before
        count = len(answers.times)
        self._rates[key] = count / answers.seconds
        return Round(
            answers=count,
            rate=count / answers.seconds,
            cpu=cpu * 1000 / count,
            rest=rest_cpu * 1000 / count,
            p50=statistics.median(answers.times) * 1000,
            p99=_quantile(answers.times, 0.99) * 1000,
            first_p50=statistics.median(answers.first_bytes) * 1000,
            core=cpu / answers.seconds,
        )


def figures(rounds: Sequence[Round]) -> dict[str, Any]:
    """What is said of some rounds: of each figure its median, and the least and the most of any round."""
    names = ("rate", "cpu", "rest", "p50", "p99", "first_p50", "core")
    return {
        "rounds": len(rounds),
        "answers": sum(one.answers for one in rounds),
        **{_LONG[name]: _spread([getattr(one, name) for one in rounds]) for name in names},
    }


def ratio(ours: Sequence[Round], theirs: Sequence[Round], name: str = "rate") -> dict[str, Any]:
    """Ours divided by theirs, round by round: its median, and between what that is with 95 % confidence."""
    ratios = [getattr(one, name) / getattr(other, name) for one, other in zip(ours, theirs, strict=True)]
    return {
        "median": round(statistics.median(ratios), 3),
        "confidence_95": [round(bound, 3) for bound in confidence(ratios)],
    }


_LONG = {
    "rate": "answers_per_second",
    "cpu": "cpu_ms",
    "rest": "rest_cpu_ms",
    "p50": "p50_ms",
    "p99": "p99_ms",
    "first_p50": "first_byte_p50_ms",
    "core": "core_used",
}


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


def _quantile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
