"""The rules of connecting consumers: what makes a connection, and which way its state may go.

active ⇄ suspended → ended, and active → ended. Ended is final: its end is what lets the end user's next consumer take
over their case groups.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.agreed import Agreed
from gateway.administration.plans import Plan, Refused
from gateway.administration.texts import LONGEST_NAME, contact_problems, in_words, text_problems, validity_problems
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


def suspending(agreed: Agreed, connections: Connections, id_: str, cause: Cause) -> Plan:
    """The plan to let a consumer in no longer, for a time. Raises Refused."""
    kept = agreed.consumer(id_)
    if kept.consumer.connection.state is not ConnectionState.ACTIVE:
        raise Refused(_is_not(kept, "so there is nothing to suspend"))
    return _plan(agreed, kept, ConnectionState.SUSPENDED, "suspend", cause, connections)


def resuming(agreed: Agreed, connections: Connections, id_: str, cause: Cause) -> Plan:
    """The plan to let a suspended consumer in again. Raises Refused."""
    kept = agreed.consumer(id_)
    if kept.consumer.connection.state is not ConnectionState.SUSPENDED:
        raise Refused(_is_not(kept, "so there is nothing to resume"))
    return _plan(agreed, kept, ConnectionState.ACTIVE, "resume", cause, connections)


def ending(agreed: Agreed, connections: Connections, id_: str, cause: Cause) -> Plan:
    """The plan to end a consumer's connection for good. Raises Refused."""
    kept = agreed.consumer(id_)
    if kept.consumer.connection.state is ConnectionState.ENDED:
        raise Refused(_is_not(kept, "and that is final"))
    return _plan(agreed, kept, ConnectionState.ENDED, "end", cause, connections)


def _plan(
    agreed: Agreed, kept: KeptConsumer, state: ConnectionState, action: str, cause: Cause, connections: Connections
) -> Plan:
    consumer = kept.consumer
    ended_at = cause.at if state is ConnectionState.ENDED else consumer.connection.ended_at
    changed = replace(consumer, connection=replace(consumer.connection, state=state, ended_at=ended_at))
    carry_out: Callable[[], Awaitable[bool]] = lambda: connections.set_state(kept, state, action, cause)  # noqa: E731
    return Plan(
        what=f"{action} the connection of the consumer {consumer.id} ({consumer.name.en})",
        kind="consumer",
        record=consumer_view(replace(kept, consumer=changed, revision=kept.revision + 1)),
        loss=None if state is ConnectionState.ACTIVE else _loss(agreed, consumer, state, cause.at),
        carry_out=carry_out,
    )


def _loss(agreed: Agreed, consumer: Consumer, state: ConnectionState, moment: datetime) -> str:
    grants = len(agreed.at(moment, consumer.connection.environment).grants_of(consumer.id))
    for_how_long = "for good" if state is ConnectionState.ENDED else "until it is resumed"
    return f"Its callers will be refused {for_how_long}, within seconds; {grants} of its grants are in force now."


def _is_not(kept: KeptConsumer, so: str) -> str:
    connection = kept.consumer.connection
    since = f" since {in_words(connection.ended_at)}" if connection.ended_at else ""
    return f"The consumer {kept.consumer.id} is {connection.state.value}{since}, {so}."


def _problems(agreed: Agreed, new: NewConsumer, moment: datetime) -> Iterator[str]:
    if not ID.fullmatch(new.id):
        yield f"The id {new.id!r} cannot be used: it must be 1 to 64 characters of a-z, 0-9 and -, its OAuth client_id."
    if new.id in agreed.consumers or any((one.collection, one.id) == ("consumers", new.id) for one in agreed.bad):
        yield f"There is a consumer {new.id} already; `gateway consumer show {new.id}` shows it."
    yield from text_problems("--name-sv", new.name.sv, LONGEST_NAME)
    yield from text_problems("--name-en", new.name.en, LONGEST_NAME)
    yield from contact_problems("--contact", new.contact)
    yield from validity_problems(new.validity, moment)
