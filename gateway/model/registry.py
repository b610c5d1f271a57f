"""What is agreed with whom, at one moment: the consumers and producers that are let in, and the grants in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from types import MappingProxyType

from gateway.model.caller import ConsumerId
from gateway.model.connection import Environment, Validity
from gateway.model.consumer import Consumer
from gateway.model.grant import Grant
from gateway.model.producer import Producer, ProducerId

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that was ever agreed, as last read: what has lapsed or was withdrawn included."""

    producers: Mapping[ProducerId, Producer] = field(default_factory=dict)
    consumers: Mapping[ConsumerId, Consumer] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreements:
    """What holds in one environment from one `moment` `until` the next at which time alone changes it.

    `grants` are those in force, by consumer; a consumer or producer that is not let in has none. Two of equal
    `version` are the same.
    """

    version: int
    environment: Environment
    records: Records
    producers: Mapping[ProducerId, Producer]
    consumers: Mapping[ConsumerId, Consumer]
    grants: Mapping[ConsumerId, tuple[Grant, ...]]
    moment: datetime
    until: datetime

    @classmethod
    def at(cls, moment: datetime, environment: Environment, records: Records, version: int) -> Agreements:
        """What of `records` holds in `environment` at `moment`."""
        producers = {
            id_: producer
            for id_, producer in records.producers.items()
            if producer.connection.lets_in(environment, moment)
        }
        consumers = {
            id_: consumer
            for id_, consumer in records.consumers.items()
            if consumer.connection.lets_in(environment, moment)
        }
        grants: dict[ConsumerId, list[Grant]] = {}
        for grant in records.grants:
            if (
                not grant.withdrawn
                and grant.environment is environment
                and grant.validity.holds(moment)
                and grant.consumer in consumers
                and grant.producer in producers
            ):
                grants.setdefault(grant.consumer, []).append(grant)
        return cls(
            version=version,
            environment=environment,
            records=records,
            producers=MappingProxyType(producers),
            consumers=MappingProxyType(consumers),
            grants=MappingProxyType({consumer: tuple(found) for consumer, found in grants.items()}),
            moment=moment,
            until=_next_change(moment, records),
        )

    def grants_of(self, consumer: ConsumerId) -> tuple[Grant, ...]:
        """The consumer's grants in force."""
        return self.grants.get(consumer, ())

    def is_open(self, producer: ProducerId, case_type: str, consumer: ConsumerId) -> bool:
        """Whether a connected producer has opened a case type to `consumer`."""
        found = self.producers.get(producer)
        return found is not None and found.is_open_to(consumer, case_type, self.moment)


def _next_change(moment: datetime, records: Records) -> datetime:
    validities: Iterable[Validity] = chain(
        (producer.connection.validity for producer in records.producers.values()),
        (consumer.connection.validity for consumer in records.consumers.values()),
        (grant.validity for grant in records.grants),
    )
    openings = (case_type.since for producer in records.producers.values() for case_type in producer.case_types)
    bounds = chain(openings, chain.from_iterable((validity.start, validity.end) for validity in validities))
    return min((bound for bound in bounds if bound is not None and bound > moment), default=FOREVER)
