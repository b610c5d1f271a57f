"""Everything that is agreed, read at once: what the rules look at before a change, and what the lists show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from gateway.administration.plans import Refused
from gateway.model.caller import ConsumerId
from gateway.model.connection import Environment
from gateway.model.grant import GrantId
from gateway.model.history import KeptConsumer, KeptGrant, KeptProducer
from gateway.model.producer import ProducerId
from gateway.model.registry import Agreements, Records
from gateway.store.connections import Connections
from gateway.store.grants import Grants
from gateway.store.producers import Producers
from gateway.store.records import BadRecord


@dataclass(frozen=True, slots=True)
class Agreed:
    """All consumers, producers and grants, by id; `bad` are the records that cannot be understood."""

    consumers: Mapping[ConsumerId, KeptConsumer]
    producers: Mapping[ProducerId, KeptProducer]
    grants: Mapping[GrantId, KeptGrant]
    bad: Sequence[BadRecord]

    def consumer(self, id_: str) -> KeptConsumer:
        """The consumer with this id. Raises Refused, naming those there are."""
        found = self.consumers.get(ConsumerId(id_))
        if found is None:
            raise Refused(self._bad("consumers", id_) or f"There is no consumer {id_!r}{meant(id_, self.consumers)}")
        return found

    def producer(self, id_: str) -> KeptProducer:
        """The producer with this id. Raises Refused, naming those there are."""
        found = self.producers.get(ProducerId(id_))
        if found is None:
            raise Refused(self._bad("producers", id_) or f"There is no producer {id_!r}{meant(id_, self.producers)}")
        return found

    def grant(self, id_: str) -> KeptGrant:
        """The grant with this id. Raises Refused."""
        found = self.grants.get(GrantId(id_))
        if found is None:
            raise Refused(
                self._bad("grants", id_) or f"There is no grant {id_!r}. `gateway grant list --all` shows every one."
            )
        return found

    def at(self, moment: datetime, environment: Environment) -> Agreements:
        """What of it holds at `moment`, as a gateway of `environment` sees it."""
        records = Records(
            producers={id_: kept.producer for id_, kept in self.producers.items()},
            consumers={id_: kept.consumer for id_, kept in self.consumers.items()},
            grants=tuple(kept.grant for kept in self.grants.values()),
        )
        return Agreements.at(moment, environment, records, version=0)

    def in_force(self, grant: KeptGrant, moment: datetime) -> bool:
        """Whether the grant lets its consumer read at `moment`."""
        return grant.grant in self.at(moment, grant.grant.environment).grants_of(grant.grant.consumer)

    def _bad(self, collection: str, id_: str) -> str | None:
        return next((str(one) for one in self.bad if (one.collection, one.id) == (collection, id_)), None)


async def read_agreed(connections: Connections, producers: Producers, grants: Grants) -> Agreed:
    """Reads everything that is agreed. Raises StoreUnavailable."""
    consumers, bad_consumers = await connections.consumers()
    holders, bad_producers = await producers.all()
    given, bad_grants = await grants.all()
    return Agreed(
        consumers={kept.consumer.id: kept for kept in consumers},
        producers={kept.producer.id: kept for kept in holders},
        grants={kept.grant.id: kept for kept in given},
        bad=[*bad_consumers, *bad_producers, *bad_grants],
    )


def meant(name: str, known: Collection[str]) -> str:
    """The end of a sentence about a name that is not known: what may have been meant, and what there is."""
    close = get_close_matches(name, list(known), n=1)
    there_is = f"There is {', '.join(sorted(known))}." if known else "There is none."
    return f"; did you mean {close[0]}? {there_is}" if close else f". {there_is}"
