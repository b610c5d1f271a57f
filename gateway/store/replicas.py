"""Replicas in MongoDB: what each one of the gateway has seen of producers lately, for the operator to look at.

Nothing in a request waits for it, and nothing but `gateway producer show` reads it. MongoDB removes what a replica that
is no more has said (a TTL index).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import structlog
from pymongo.errors import PyMongoError

from gateway.errors import StoreUnavailable
from gateway.model.availability import Availability, BreakerState
from gateway.model.connection import Environment
from gateway.model.producer import ProducerId
from gateway.model.replica import ProducerSeen, ReplicaId, ReplicaReport
from gateway.store.background import in_the_background
from gateway.store.driver import Database, Document, translated

log = structlog.get_logger(__name__)

LIVE_SECONDS = 30.0
"""After this long without a word a replica is taken to be gone. `replica_interval` is a third of it at most."""

LAST_WORD_SECONDS = 1.0
"""How long a replica that is stopped tries to say so; where it cannot, it is gone after LIVE_SECONDS all the same."""


class Replicas:
    """Says what this replica has seen, and reads what all have said."""

    def __init__(self, database: Database) -> None:
        self._replicas = database["replicas"]

    @asynccontextmanager
    async def reporting(self, report: Callable[[], ReplicaReport], interval: float) -> AsyncIterator[None]:
        """Stores what `report` says every `interval` seconds for as long as the context lasts, and then removes it.

        A failure is logged once, until it goes well again, and does no harm.
        """
        id_ = report().id
        try:
            async with in_the_background(self._keep_reporting(report, interval)):
                yield
        finally:
            with suppress(PyMongoError, TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._replicas.delete_one({"_id": id_})

    async def live(self, environment: Environment, moment: datetime) -> list[ReplicaReport]:
        """What the replicas of `environment` that run at `moment` have said last, by id. Raises StoreUnavailable."""
        wanted = {"environment": environment.value, "at": {"$gt": moment - timedelta(seconds=LIVE_SECONDS)}}
        with translated():
            documents = await self._replicas.find(wanted).sort("_id", 1).to_list(None)
        return [_report(document) for document in documents]

    async def _keep_reporting(self, report: Callable[[], ReplicaReport], interval: float) -> None:
        is_failing = False
        while True:
            try:
                await self._store(report())
            except StoreUnavailable as exc:
                if not is_failing:
                    log.warning("replica.not_reported", problem=exc.problem, retry_in_seconds=interval)
                is_failing = True
            except Exception:
                if not is_failing:
                    log.exception("replica.not_reported", retry_in_seconds=interval)
                is_failing = True
            else:
                if is_failing:
                    log.info("replica.reported_again")
                is_failing = False
            await asyncio.sleep(interval)

    async def _store(self, report: ReplicaReport) -> None:
        with translated():
            await self._replicas.replace_one({"_id": report.id}, _document(report), upsert=True)


def _document(report: ReplicaReport) -> Document:
    return {
        "_id": report.id,
        "environment": report.environment.value,
        "startedAt": report.started_at,
        "at": report.at,
        "producers": [
            {
                "producer": seen.producer,
                "availability": seen.availability.value,
                "breaker": seen.breaker.value,
                "leftAloneUntil": seen.left_alone_until,
                "requests": seen.requests,
                "failed": seen.failed,
                "slow": seen.slow,
            }
            for seen in report.producers
        ],
    }


def _report(document: Document) -> ReplicaReport:
    return ReplicaReport(
        id=ReplicaId(document["_id"]),
        environment=Environment(document["environment"]),
        started_at=document["startedAt"].astimezone(UTC),
        at=document["at"].astimezone(UTC),
        producers=[_seen(seen) for seen in document["producers"]],
    )


def _seen(document: Document) -> ProducerSeen:
    until = document["leftAloneUntil"]
    return ProducerSeen(
        producer=ProducerId(document["producer"]),
        availability=Availability(document["availability"]),
        breaker=BreakerState(document["breaker"]),
        left_alone_until=None if until is None else until.astimezone(UTC),
        requests=document["requests"],
        failed=document["failed"],
        slow=document["slow"],
    )
