"""The rules of connecting consumers: what makes a connection, and what a change of its state means.

Ended is final: its end is what lets the end user's next consumer take over their case groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.agreed import Agreed
from gateway.administration.plans import Plan, Refused
from gateway.administration.texts import LONGEST_NAME, contact_problems, text_problems, validity_problems
from gateway.administration.transitions import Transition
from gateway.administration.views import consumer_view
from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection, ConnectionState, Contact, Environment, Validity
from gateway.model.consumer import Consumer
from gateway.model.history import Cause, KeptConsumer
from gateway.model.text import Text
from gateway.store.connections import Connections

ID = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class NewConsumer:
    """A consumer that is to be connected, as it was asked for."""

    id: str
    name: Text
    contact: Contact
    environment: Environment
    validity: Validity
    representatives: bool


def adding(agreed: Agreed, connections: Connections, new: NewConsumer, cause: Cause) -> Plan:
    """The plan to connect a consumer. Raises Refused with everything that is wrong."""
    problems = list(_problems(agreed, new, cause.at))
    if problems:
        raise Refused(*problems)
    consumer = Consumer(
        id=ConsumerId(new.id),
        name=new.name,
        connection=Connection(new.environment, new.validity, ConnectionState.ACTIVE, new.contact),
        representatives=new.representatives,
    )
    return Plan(
        what=f"connect the consumer {new.id} ({new.name.en}) in the environment {new.environment.value}",
        kind="consumer",
        record=consumer_view(KeptConsumer(consumer, 1, ())),
        loss=None,
        carry_out=lambda: connections.insert(consumer, cause),
    )


def changing(agreed: Agreed, connections: Connections, id_: str, transition: Transition, cause: Cause) -> Plan:
    """The plan to change the state of a consumer's connection. Raises Refused."""
    kept = agreed.consumer(id_)
    consumer = kept.consumer
    connection = transition.of(consumer.connection, f"consumer {consumer.id}", cause.at)
    return Plan(
        what=f"{transition.action} the connection of the consumer {consumer.id} ({consumer.name.en})",
        kind="consumer",
        record=consumer_view(
            replace(kept, consumer=replace(consumer, connection=connection), revision=kept.revision + 1)
        ),
        loss=_loss(agreed, consumer, transition, cause.at) if transition.removes_access else None,
        carry_out=lambda: connections.set_state(kept, transition.to, transition.action, cause),
    )


def _loss(agreed: Agreed, consumer: Consumer, transition: Transition, moment: datetime) -> str:
    grants = len(agreed.at(moment, consumer.connection.environment).grants_of(consumer.id))
    how_long = transition.for_how_long
    return f"Its callers will be refused {how_long}, within seconds; {grants} of its grants are in force now."


def _problems(agreed: Agreed, new: NewConsumer, moment: datetime) -> Iterator[str]:
    if not ID.fullmatch(new.id):
        yield f"The id {new.id!r} cannot be used: it must be 1 to 64 characters of a-z, 0-9 and -, its OAuth client_id."
    if new.id in agreed.consumers or any((one.collection, one.id) == ("consumers", new.id) for one in agreed.bad):
        yield f"There is a consumer {new.id} already; `gateway consumer show {new.id}` shows it."
    yield from text_problems("--name-sv", new.name.sv, LONGEST_NAME)
    yield from text_problems("--name-en", new.name.en, LONGEST_NAME)
    yield from contact_problems("--contact", new.contact)
    yield from validity_problems(new.validity, moment)
