"""The rules of connecting producers: what makes a connection, and what a change of its state means.

Changes of the rest of its record are in `producer_changes`; which of its case types are open to whom is in `openings`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.agreed import Agreed
from gateway.administration.check import Checked
from gateway.administration.consumers import ID
from gateway.administration.endpoints import address_problems, endpoint_problems
from gateway.administration.grants import EVERY_FIELD, LONGEST_LEGAL_BASIS, NewGrant, giving
from gateway.administration.openings import code_problem, consumer_problems
from gateway.administration.plans import Plan, Refused
from gateway.administration.producer_problems import read_areas, record_problems
from gateway.administration.texts import LONGEST_NAME, text_problems, validity_problems
from gateway.administration.transitions import Transition
from gateway.administration.views import producer_view
from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection, ConnectionState, Contact, Environment, Validity
from gateway.model.history import Cause, KeptProducer
from gateway.model.producer import CaseType, Opening, Producer, ProducerId, ProducerOverrides
from gateway.model.text import Text
from gateway.producers.addresses import AddressRules
from gateway.store.grants import Grants
from gateway.store.producers import Producers

MOST_CASE_TYPES = 1_000
NAMES = 2
"""Of a case type: in Swedish and in English."""


@dataclass(frozen=True, slots=True)
class Check:
    """How a producer is checked: where it may be, and what asks it."""

    rules: AddressRules
    ask: Callable[[Producer], Awaitable[Checked]]


@dataclass(frozen=True, slots=True)
class NewProducer:
    """A producer that is to be connected, as it was asked for; `case_types` are `CODE|Swedish name|English name`.

    They are opened to every consumer with `is_open`, to `pilots` where there are any, and else to nobody; from `since`,
    or at once. `readers` are the consumers that are granted to read all of them, on `legal_basis`.
    """

    id: str
    name: Text
    organisation: str | None
    contact: Contact
    incidents: Contact | None
    support: Text | None
    endpoint: str
    audience: str
    areas: Sequence[str]
    case_types: Sequence[str]
    is_open: bool
    pilots: Sequence[str]
    since: datetime | None
    overrides: ProducerOverrides
    environment: Environment
    validity: Validity
    readers: Sequence[str] = ()
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a producer and the grants at it are written."""

    producers: Producers
    grants: Grants


async def adding(
    agreed: Agreed,
    stores: Stores,
    new: NewProducer,
    cause: Cause,
    check: Check,
    *,
    is_forced: bool,
) -> Plan:
    """The plan to connect a producer that `check` finds nothing wrong with, or in spite of that where `is_forced`.

    After it come the grants to its readers. Raises Refused with everything that is wrong. What the check found is kept
    in the record's history.
    """
    problems: list[str] = []
    producer = _producer(new, cause.at, problems)
    problems += _problems(agreed, new, producer, cause.at)
    if not list(endpoint_problems(new.endpoint, new.environment)):
        problems += await address_problems(new.endpoint, check.rules)
    if problems:
        raise Refused(*problems)
    grants = list(_grants(agreed, stores.grants, new, producer, cause))
    found = await check.ask(producer)
    if found.misfits and not is_forced:
        raise Refused(
            *found.misfits, *found.notes, "The producer was not added. Where you know better, repeat it with --force."
        )
    producer = replace(producer, offers_cases=bool(found.offers_cases))
    told: dict[str, object] = {"forced": list(found.misfits)} if found.misfits else {}
    in_spite = f", although the check found {len(found.misfits)} misfits" if found.misfits else ""
    return Plan(
        what=f"connect the producer {new.id} ({new.name.en}) in the environment {new.environment.value}{in_spite}",
        kind="producer",
        record=producer_view(KeptProducer(producer, 1, ())),
        loss=None,
        carry_out=lambda: stores.producers.insert(producer, cause, told),
        notes=(*found.misfits, *found.notes),
        then=grants,
    )


def changing(agreed: Agreed, producers: Producers, id_: str, transition: Transition, cause: Cause) -> Plan:
    """The plan to change the state of a producer's connection. Raises Refused."""
    kept = agreed.producer(id_)
    producer = kept.producer
    connection = transition.of(producer.connection, f"producer {producer.id}", cause.at)
    return Plan(
        what=f"{transition.action} the connection of the producer {producer.id} ({producer.name.en})",
        kind="producer",
        record=producer_view(
            replace(kept, producer=replace(producer, connection=connection), revision=kept.revision + 1)
        ),
        loss=_loss(agreed, producer, transition, cause.at) if transition.removes_access else None,
        carry_out=lambda: producers.set_state(kept, transition.to, transition.action, cause),
    )


def _loss(agreed: Agreed, producer: Producer, transition: Transition, moment: datetime) -> str:
    every = agreed.at(moment, producer.connection.environment).grants.values()
    grants = sum(grant.producer == producer.id for granted in every for grant in granted)
    return (
        f"Case groups keep its cases, but nobody reads their status {transition.for_how_long}, within seconds; "
        f"{grants} grants at it are in force now."
    )


def _producer(new: NewProducer, moment: datetime, problems: list[str]) -> Producer:
    """The producer as it was asked for; what of that cannot be understood is left out, and added to `problems`."""
    return Producer(
        id=ProducerId(new.id),
        name=new.name,
        endpoint=new.endpoint,
        audience=new.audience,
        information_areas=read_areas(new.areas, problems),
        case_types=tuple(_case_types(new, moment, problems)),
        connection=Connection(new.environment, new.validity, ConnectionState.ACTIVE, new.contact),
        overrides=new.overrides,
        organisation=new.organisation,
        support=new.support,
        incidents=new.incidents,
    )


def _problems(agreed: Agreed, new: NewProducer, producer: Producer, moment: datetime) -> Iterator[str]:
    if not ID.fullmatch(new.id):
        yield f"The id {new.id!r} cannot be used: it must be 1 to 64 characters of a-z, 0-9 and -."
    if new.id in agreed.producers or any((one.collection, one.id) == ("producers", new.id) for one in agreed.bad):
        yield f"There is a producer {new.id} already; `gateway producer show {new.id}` shows it."
    yield from record_problems(agreed, producer)
    if new.is_open and new.pilots:
        yield "--open opens the case types to every consumer, --pilot to some alone: give one of the two."
    yield from consumer_problems(agreed, "--pilot", new.pilots, new.environment)
    yield from validity_problems(new.validity, moment)
    yield from _reader_problems(agreed, new)


def _reader_problems(agreed: Agreed, new: NewProducer) -> Iterator[str]:
    if not new.readers:
        return
    yield from consumer_problems(agreed, "--readable-by", new.readers, new.environment)
    yield from text_problems("--legal-basis", new.legal_basis, LONGEST_LEGAL_BASIS)
    if not new.case_types:
        yield "--readable-by grants to read the case types that are added: give --case-type with it."
    for reader in dict.fromkeys(new.readers):
        if not new.is_open and reader not in new.pilots:
            yield (
                f"--readable-by {reader}: the case types are not opened to that consumer; give --open or "
                f"--pilot {reader}."
            )


def _grants(agreed: Agreed, grants: Grants, new: NewProducer, producer: Producer, cause: Cause) -> Iterator[Plan]:
    """The plans to grant each reader every field of every case type, for every purpose in the producer's areas.

    Raises Refused.
    """
    connected = replace(agreed, producers={**agreed.producers, producer.id: KeptProducer(producer, 1, ())})
    for reader in dict.fromkeys(new.readers):
        given = NewGrant(
            consumer=reader,
            producer=producer.id,
            case_types=[case_type.code for case_type in producer.case_types],
            fields=[EVERY_FIELD],
            purposes=sorted(area.value for area in producer.information_areas),
            legal_basis=new.legal_basis,
            validity=new.validity,
        )
        yield giving(connected, grants, given, cause)


def _case_types(new: NewProducer, moment: datetime, problems: list[str]) -> Iterator[CaseType]:
    """The case types as they were given; what is wrong with the others is added to `problems`."""
    seen: set[str] = set()
    if len(new.case_types) > MOST_CASE_TYPES:
        problems.append(f"--case-type is given {len(new.case_types)} times; a producer may have {MOST_CASE_TYPES}.")
        return
    state = Opening.OPEN if new.is_open else Opening.PILOT if new.pilots else Opening.CLOSED
    since = None if state is Opening.CLOSED else new.since or moment
    if new.since is not None and state is Opening.CLOSED:
        problems.append("--from says from when case types are open: give --open or --pilot with it.")
    for text in new.case_types:
        code, *names = (part.strip() for part in text.split("|"))
        if problem := code_problem(code):
            problems.append(problem)
        elif len(names) != NAMES:
            problems.append(
                f"--case-type {text!r} must be a code and its name in Swedish and in English, such as "
                "'FSKATT|Godkännande för F-skatt|Approval for F-tax'."
            )
        elif code in seen:
            problems.append(f"--case-type {code} is given twice: its openings would overlap. Give each case type once.")
        else:
            seen.add(code)
            for name in names:
                problems += text_problems(f"--case-type {code}: its name", name, LONGEST_NAME)
            yield CaseType(code, Text(*names), state, since, frozenset(map(ConsumerId, new.pilots)))
