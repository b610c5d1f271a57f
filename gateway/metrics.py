"""Every metric of the gateway, in one place: what is counted, under which names and labels (docs/operations.md).

Labels are few and bounded: a producer's id, a kind of operation, an outcome, a state, a path that the gateway serves.
None holds a person, a case, a consumer or a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from gateway.model.availability import BreakerState
from gateway.model.replica import ReplicaId
from gateway.model.status import UnavailableReason

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of the histograms, up to what an operation may take."""

OK, REUSED, NOT_ASKED, ERRORS, CALLER_GONE = "ok", "reused", "not_asked", "errors", "hung_up"
"""Outcomes beside the codes and reasons that callers are told."""

NO_OPERATION = "none"
"""The type of a request that was refused before it was known what it asks for."""

_REASONS = tuple(
    reason.value
    for reason in (
        UnavailableReason.PRODUCER_TIMEOUT,
        UnavailableReason.PRODUCER_UNAVAILABLE,
        UnavailableReason.PRODUCER_FAULT,
        UnavailableReason.PRODUCER_REFUSED,
        UnavailableReason.DEADLINE_EXCEEDED,
        UnavailableReason.NO_STATUS,
    )
)
"""What may become of asking a producer. What may not be read or told it is not asked for, or that is not its doing."""


@dataclass(frozen=True, slots=True)
class ProducerMetrics:
    """What is counted of one producer, looked up once: `questions` and `statuses` by their outcome."""

    questions: Mapping[str, Counter]
    statuses: Mapping[str, Counter]
    seconds: Histogram
    retries: Counter
    openings: Counter


@dataclass(frozen=True, slots=True)
class RecordMetrics:
    """What is counted of the record: `writes` has one observation, in seconds, for each write that went well."""

    written: Counter
    not_written: Counter
    writes: Histogram


class Metrics:
    """The metrics of one gateway: an application's own, since several may run in one process."""

    def __init__(self, replica: ReplicaId) -> None:
        # They would double the lines, and Prometheus makes nothing of them in this format.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self._refreshing: list[Callable[[], None]] = []
        ProcessCollector(registry=registry)
        Info("gateway", "The replica, and its version.", registry=registry).info(
            {"replica": replica, "version": version("mina-arenden-gateway")}
        )
        self._http_requests = Counter(
            "gateway_http_requests",
            "HTTP requests that were answered, by the path and the class of the status.",
            ["path", "status"],
            registry=registry,
        )
        self._of_http: dict[tuple[str, int], Counter] = {}
        self._operations = Histogram(
            "gateway_operation_duration_seconds",
            "GraphQL requests, from their first byte until the last of the answer was sent.",
            ["type", "outcome"],
            buckets=SECONDS,
            registry=registry,
        )
        self._of_operations: dict[tuple[str, str], Histogram] = {}
        self.document_hits = Counter(
            "gateway_document_cache_hits", "Documents that were remembered from an earlier request.", registry=registry
        )
        self.document_misses = Counter(
            "gateway_document_cache_misses", "Documents that had to be parsed and validated.", registry=registry
        )
        self.plans_compiled = Counter(
            "gateway_plans_compiled", "Plans that operations were compiled to.", registry=registry
        )
        self.left_to_standard = Counter(
            "gateway_standard_executions",
            "Operations that were run by the standard executor: those with @defer or @stream.",
            registry=registry,
        )
        self.document_characters = Gauge(
            "gateway_document_cache_characters", "Characters of the documents that are remembered.", registry=registry
        )
        self.registry_age = Gauge(
            "gateway_registry_age_seconds",
            "Time since the registry was last read; NaN until it was.",
            registry=registry,
        )
        self.record = RecordMetrics(
            written=Counter("gateway_records_written", "Entries that were written to the record.", registry=registry),
            not_written=Counter(
                "gateway_records_not_written",
                "Entries that could not be written in time: what they tell of was withheld, or not made.",
                registry=registry,
            ),
            writes=Histogram(
                "gateway_record_write_duration_seconds",
                "Writes to the record, each with the entries of all operations that waited for it.",
                buckets=SECONDS,
                registry=registry,
            ),
        )
        self._questions = Counter(
            "gateway_producer_questions",
            "Questions for a producer, by what came of each.",
            ["producer", "outcome"],
            registry=registry,
        )
        self._statuses = Counter(
            "gateway_statuses",
            "Statuses that a producer was to be asked for, by what came of each.",
            ["producer", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "gateway_producer_request_duration_seconds",
            "Requests that were sent to a producer, until their answer was read or given up.",
            ["producer"],
            buckets=SECONDS,
            registry=registry,
        )
        self._retries = Counter(
            "gateway_producer_retries",
            "Requests that were sent once more, since not a byte of an answer had come.",
            ["producer"],
            registry=registry,
        )
        self._openings = Counter(
            "gateway_producer_breaker_opened",
            "How often the circuit breaker opened.",
            ["producer"],
            registry=registry,
        )
        self.breaker_state = Gauge(
            "gateway_producer_breaker_state",
            "1 for the state that the circuit breaker is in, 0 for the others.",
            ["producer", "state"],
            registry=registry,
        )
        self.places_taken = Gauge(
            "gateway_producer_places_taken", "Requests under way to a producer.", ["producer"], registry=registry
        )
        self.places = Gauge(
            "gateway_producer_places", "Most requests under way to a producer.", ["producer"], registry=registry
        )

    def http_requests(self, path: str, status: int) -> Counter:
        """The requests for `path` that were answered with a status of the same class as `status`. Looked up once."""
        key = path, status // 100
        found = self._of_http.get(key)
        if found is None:
            found = self._of_http[key] = self._http_requests.labels(path, f"{key[1]}xx")
        return found

    def operations(self, type_: str, outcome: str) -> Histogram:
        """The GraphQL requests of this type of which this came. Looked up once."""
        key = type_, outcome
        found = self._of_operations.get(key)
        if found is None:
            found = self._of_operations[key] = self._operations.labels(type_, outcome)
        return found

    def of_producer(self, producer: str) -> ProducerMetrics:
        """What is counted of `producer`. All of it is there from now on, with zeros."""
        return ProducerMetrics(
            questions={one: self._questions.labels(producer, one) for one in (OK, NOT_ASKED, *_REASONS)},
            statuses={one: self._statuses.labels(producer, one) for one in (OK, REUSED, *_REASONS)},
            seconds=self._seconds.labels(producer),
            retries=self._retries.labels(producer),
            openings=self._openings.labels(producer),
        )

    def begin_producers(self) -> None:
        """Forgets what the gauges of producers say: those that there are say it anew, by `set_producer`."""
        for gauge in (self.breaker_state, self.places_taken, self.places):
            gauge.clear()

    def set_producer(self, producer: str, state: BreakerState, *, places_taken: int, places: int) -> None:
        """Sets the gauges of `producer`."""
        for one in BreakerState:
            self.breaker_state.labels(producer, one.value.lower()).set(one is state)
        self.places_taken.labels(producer).set(places_taken)
        self.places.labels(producer).set(places)

    def refresh_by(self, refresh: Callable[[], None]) -> None:
        """Has `refresh` set gauges before each reading, so that they cost nothing in between."""
        self._refreshing.append(refresh)

    def exposition(self) -> bytes:
        """Everything in the text format of Prometheus."""
        for refresh in self._refreshing:
            refresh()
        return generate_latest(self.registry)
