"""What one producer gets: time, places and bytes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from gateway.model.producer import Producer

OVERRIDDEN = {"max_response_bytes": "max_response_bytes_per_100"}
"""What an override is called here, where that is another name."""


@dataclass(frozen=True, slots=True)
class ProducerLimits:
    """Seconds to connect, for a request in all and to wait for a place; counts of cases, places and bytes of answer."""

    connect_timeout: float
    deadline: float
    max_batch: int
    max_connections: int
    max_wait: float
    max_response_bytes_per_100: int

    def response_bytes(self, cases: int) -> int:
        """The most bytes of an answer about `cases` cases, decompressed."""
        return self.max_response_bytes_per_100 * (-(-cases // 100) or 1)

    def of(self, producer: Producer) -> ProducerLimits:
        """These limits, as the producer's record changes them."""
        given = {
            OVERRIDDEN.get(one.name, one.name): value
            for one in fields(producer.overrides)
            if (value := getattr(producer.overrides, one.name)) is not None
        }
        return replace(self, **given) if given else self
