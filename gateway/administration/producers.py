"""The rules of connecting producers: what makes a connection, and what a change of its state means.

Which of its case types are open to whom is in `openings`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.agreed import Agreed, meant
from gateway.administration.check import Checked
from gateway.administration.consumers import ID
from gateway.administration.endpoints import address_problems, endpoint_problems, same_endpoint
from gateway.administration.openings import code_problem, pilot_problems
from gateway.administration.plans import Plan, Refused
from gateway.administration.texts import LONGEST_NAME, contact_problems, text_problems, validity_problems
from gateway.administration.transitions import Transition
from gateway.administration.views import producer_view
from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection, ConnectionState, Contact, Environment, Validity
from gateway.model.history import Cause, KeptProducer
from gateway.model.producer import CaseType, Opening, Producer, ProducerId, ProducerOverrides
from gateway.model.purpose import InformationArea
from gateway.model.text import Text
from gateway.producers.addresses import AddressRules
from gateway.store.producers import Producers

LONGEST_SUPPORT = 1_000
LONGEST_AUDIENCE = 2_000
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
    or at once.
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


async def adding(
    agreed: Agreed, producers: Producers, new: NewProducer, cause: Cause, check: Check, *, is_forced: bool
) -> Plan:
    """The plan to connect a producer that `check` finds nothing wrong with, or in spite of that where `is_forced`.

    Raises Refused with everything that is wrong. What the check found is kept in the record's history.
    """
    problems = list(_problems(agreed, new, cause.at))
    case_types = list(_case_types(new, cause.at, problems))
    if not list(endpoint_problems(new.endpoint, new.environment)):
        problems += await address_problems(new.endpoint, check.rules)
    if problems:
        raise Refused(*problems)
    producer = Producer(
        id=ProducerId(new.id),
        name=new.name,
        endpoint=new.endpoint,
        audience=new.audience,
        information_areas=frozenset(map(InformationArea, new.areas)),
        case_types=tuple(case_types),
        connection=Connection(new.environment, new.validity, ConnectionState.ACTIVE, new.contact),
        overrides=new.overrides,
        organisation=new.organisation,
        support=new.support,
        incidents=new.incidents,
    )
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
        carry_out=lambda: producers.insert(producer, cause, told),
        notes=(*found.misfits, *found.notes),
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


def _problems(agreed: Agreed, new: NewProducer, moment: datetime) -> Iterator[str]:
    if not ID.fullmatch(new.id):
        yield f"The id {new.id!r} cannot be used: it must be 1 to 64 characters of a-z, 0-9 and -."
    if new.id in agreed.producers or any((one.collection, one.id) == ("producers", new.id) for one in agreed.bad):
        yield f"There is a producer {new.id} already; `gateway producer show {new.id}` shows it."
    yield from text_problems("--name-sv", new.name.sv, LONGEST_NAME)
    yield from text_problems("--name-en", new.name.en, LONGEST_NAME)
    if new.organisation is not None:
        yield from text_problems("--organisation", new.organisation, LONGEST_NAME)
    yield from contact_problems("--contact", new.contact)
    if new.incidents is not None:
        yield from contact_problems("--incidents", new.incidents)
    if new.support is not None:
        yield from text_problems("--support-sv", new.support.sv, LONGEST_SUPPORT)
        yield from text_problems("--support-en", new.support.en, LONGEST_SUPPORT)
    yield from _address_problems(agreed, new)
    for area in dict.fromkeys(new.areas):
        if area not in InformationArea.__members__:
            yield f"--area {area}: there is no such information area{meant(area, InformationArea.__members__)}"
    if new.is_open and new.pilots:
        yield "--open opens the case types to every consumer, --pilot to some alone: give one of the two."
    yield from pilot_problems(agreed, new.pilots, new.environment)
    yield from validity_problems(new.validity, moment)


def _address_problems(agreed: Agreed, new: NewProducer) -> Iterator[str]:
    wrong = list(endpoint_problems(new.endpoint, new.environment))
    yield from wrong
    others = [kept.producer for kept in agreed.producers.values() if kept.producer.id != new.id]
    standing = [one for one in others if one.connection.state is not ConnectionState.ENDED]
    taken = None if wrong else same_endpoint(new.endpoint, {one.id: one.endpoint for one in standing})
    if taken is not None:
        yield f"--endpoint is that of the producer {taken} already: each has its own, so that none answers for another."
    if not new.audience.isascii() or not new.audience.isprintable() or " " in new.audience or not new.audience:
        yield f"--audience is {new.audience!r}: it must be an address or a name such as https://agency.example."
    elif len(new.audience) > LONGEST_AUDIENCE:
        yield f"--audience has {len(new.audience)} characters; it may have {LONGEST_AUDIENCE}."
    for one in standing:
        if one.audience == new.audience:
            yield (
                f"--audience is that of the producer {one.id} already: each has its own, so that an assertion for one "
                "is worth nothing at another."
            )


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
