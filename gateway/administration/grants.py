"""The rules of giving and withdrawing grants: a grant says exactly what it gives, once, and no more than is opened."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.administration.agreed import Agreed, meant
from gateway.administration.plans import Plan, Refused
from gateway.administration.texts import in_words, text_problems, validity_problems
from gateway.administration.views import grant_view
from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection, ConnectionState, Validity
from gateway.model.grant import Grant
from gateway.model.history import Cause, KeptGrant
from gateway.model.producer import Opening, Producer
from gateway.model.purpose import InformationArea, Purpose
from gateway.model.status import GRANTABLE_FIELDS
from gateway.store.grants import Grants, new_grant_id

EVENT = re.compile(r"[a-z0-9-]{1,64}")
EVERY_FIELD = "all"
LONGEST_LEGAL_BASIS = 500
MOST = 100
"""Case types and purposes of one grant, as the validator has it."""


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant that is to be given, as it was asked for; `purposes` are `AREA` or `AREA:event`."""

    consumer: str
    producer: str
    case_types: Sequence[str]
    fields: Sequence[str]
    purposes: Sequence[str]
    legal_basis: str
    validity: Validity


def giving(agreed: Agreed, grants: Grants, new: NewGrant, cause: Cause) -> Plan:
    """The plan to give a grant. Raises Refused with everything that is wrong."""
    problems: list[str] = []
    environments = set()
    for party in ("consumer", "producer"):
        try:
            connection = _connection(agreed, party, getattr(new, party))
        except Refused as exc:
            problems.extend(exc.problems)
        else:
            environments.add(connection.environment)
            problems.extend(_over(party, getattr(new, party), connection, cause.at))
    if len(environments) > 1:
        problems.append(
            f"The consumer {new.consumer} and the producer {new.producer} are in different environments, test and "
            "live; a grant is for two of the same."
        )
    producer = next((kept.producer for id_, kept in agreed.producers.items() if id_ == new.producer), None)
    purposes = list(read_purposes(new.purposes, problems))
    problems.extend(_more_problems(new, producer, purposes, cause.at))
    if not problems:
        (environment,) = environments
        assert producer is not None
        grant = Grant(
            id=new_grant_id(),
            consumer=ConsumerId(new.consumer),
            producer=producer.id,
            case_types=frozenset(new.case_types),
            fields=_fields(new),
            purposes=frozenset(purposes),
            environment=environment,
            validity=new.validity,
            withdrawn=False,
            legal_basis=new.legal_basis,
        )
        problems.extend(_granted_already(agreed, grant))
    if problems:
        raise Refused(*problems)

    async def insert() -> bool:
        await grants.insert(grant, cause)
        given, _ = await grants.all()
        if all(_twice(kept.grant, grant) is None for kept in given if kept.grant.id != grant.id):
            return True
        # Somebody gave the same meanwhile. Of two that see each other both give way: rather none than one too many,
        # which would go on when the other is withdrawn.
        await grants.withdraw(KeptGrant(grant, None, 1, ()), cause)
        return False

    return Plan(
        what=f"grant the consumer {grant.consumer} {_in_short(grant)} at the producer {grant.producer}",
        kind="grant",
        record=grant_view(KeptGrant(grant, None, 1, ()), in_force=_takes_effect(agreed, grant, cause.at)),
        loss=None,
        carry_out=insert,
        by_itself=_command(new, cause),
    )


def withdrawing(agreed: Agreed, grants: Grants, id_: str, cause: Cause) -> Plan:
    """The plan to withdraw a grant. Raises Refused, saying when, where it was withdrawn already."""
    kept = agreed.grant(id_)
    grant = kept.grant
    if kept.withdrawn_at is not None:
        raise Refused(f"The grant {id_} was withdrawn already, at {in_words(kept.withdrawn_at)}.")
    withdrawn = KeptGrant(replace(grant, withdrawn=True), cause.at, kept.revision + 1, kept.history)
    return Plan(
        what=f"withdraw the grant {id_} of the consumer {grant.consumer} at the producer {grant.producer}",
        kind="grant",
        record=grant_view(withdrawn, in_force=False),
        loss=f"{grant.consumer} will no longer read {_in_short(grant)} there, within seconds.",
        carry_out=lambda: grants.withdraw(kept, cause),
    )


def is_over(grant: Grant, moment: datetime) -> bool:
    """Whether the grant will never let anybody read again."""
    return grant.withdrawn or (grant.validity.end is not None and grant.validity.end <= moment)


def _connection(agreed: Agreed, party: str, id_: str) -> Connection:
    return agreed.consumer(id_).consumer.connection if party == "consumer" else agreed.producer(id_).producer.connection


def _over(party: str, id_: str, connection: Connection, moment: datetime) -> Iterator[str]:
    since = connection.over_since(moment)
    if since is not None or connection.state is ConnectionState.ENDED:
        when = f" ended {in_words(since)}" if since else " has ended"
        yield f"The connection of the {party} {id_}{when}; nothing can be granted any more."


def read_purposes(texts: Sequence[str], problems: list[str]) -> Iterator[Purpose]:
    """The purposes that `texts` name (AREA or AREA:EVENT); what is wrong with the others is added to `problems`."""
    for text in dict.fromkeys(texts):
        area, colon, event = text.partition(":")
        if area not in InformationArea.__members__:
            problems.append(f"--purpose {text}: there is no information area {area!r}{meant(area, _AREAS)}")
        elif colon and not EVENT.fullmatch(event):
            problems.append(
                f"--purpose {text}: the event {event!r} cannot be used: it must be 1 to 64 characters of a-z, 0-9 and "
                "-, such as starting-a-company. Leave out the colon for every event of the area."
            )
        else:
            yield Purpose(InformationArea(area), event if colon else None)


_AREAS = [area.value for area in InformationArea]


def _more_problems(
    new: NewGrant, producer: Producer | None, purposes: Sequence[Purpose], moment: datetime
) -> Iterator[str]:
    for name in dict.fromkeys(new.fields):
        if name not in (*GRANTABLE_FIELDS, EVERY_FIELD):
            yield f"--field {name}: there is no such field of a status{meant(name, (*GRANTABLE_FIELDS, EVERY_FIELD))}"
    if producer is not None:
        yield from _wider_than_opened(new, producer, purposes)
    for option, values in (("--case-type", new.case_types), ("--purpose", new.purposes)):
        if len(set(values)) > MOST:
            yield f"{option} is given {len(set(values))} times; one grant may have {MOST}. Give several grants."
    yield from text_problems("--legal-basis", new.legal_basis, LONGEST_LEGAL_BASIS)
    yield from validity_problems(new.validity, moment)


def _wider_than_opened(new: NewGrant, producer: Producer, purposes: Sequence[Purpose]) -> Iterator[str]:
    known = [case_type.code for case_type in producer.case_types]
    for code in dict.fromkeys(new.case_types):
        case_type = producer.case_type(code)
        if case_type is None:
            yield f"--case-type {code}: the producer {producer.id} has no such case type{meant(code, known)}"
        elif case_type.state is Opening.CLOSED:
            yield f"--case-type {code}: the producer {producer.id} has not opened it; it must do so first."
        elif not case_type.opens_to(ConsumerId(new.consumer)):
            pilots = ", ".join(sorted(case_type.pilots)) or "nobody"
            yield (
                f"--case-type {code}: the producer {producer.id} has opened it to {pilots} alone; it must open it to "
                f"{new.consumer} first."
            )
    areas = sorted(area.value for area in producer.information_areas)
    for purpose in purposes:
        if purpose.information_area not in producer.information_areas:
            yield (
                f"--purpose {purpose}: the producer {producer.id} is not open to that information area, only to "
                f"{', '.join(areas) or 'none'}."
            )


def _twice(other: Grant, grant: Grant) -> tuple[str, str, Purpose] | None:
    """A case type, field and purpose that both grant at the same time; None where there is none."""
    if (
        other.withdrawn
        or (other.consumer, other.producer, other.environment) != (grant.consumer, grant.producer, grant.environment)
        or not other.validity.overlaps(grant.validity)
    ):
        return None
    return next(
        (
            (case_type, field, purpose)
            for case_type in sorted(grant.case_types & other.case_types)
            for field in sorted(grant.fields & other.fields)
            for purpose in sorted(grant.purposes, key=str)
            if any(purpose.covers(one) or one.covers(purpose) for one in other.purposes)
        ),
        None,
    )


def _granted_already(agreed: Agreed, grant: Grant) -> Iterator[str]:
    for kept in agreed.grants.values():
        other = kept.grant
        twice = _twice(other, grant)
        if twice is not None:
            case_type, field, purpose = twice
            until = in_words(other.validity.end) if other.validity.end else "further notice"
            yield (
                f"The field {field} of {case_type} for {purpose} is granted already by {other.id}, until {until}. "
                "Leave it out, or withdraw that grant first."
            )


def _fields(new: NewGrant) -> frozenset[str]:
    return frozenset(GRANTABLE_FIELDS if EVERY_FIELD in new.fields else new.fields)


def _takes_effect(agreed: Agreed, grant: Grant, moment: datetime) -> bool:
    kept = KeptGrant(grant, None, 1, ())
    return replace(agreed, grants={**agreed.grants, grant.id: kept}).in_force(kept, moment)


def _command(new: NewGrant, cause: Cause) -> str:
    """The command line that gives the grant."""
    words = ["gateway", "grant", "add", "--consumer", new.consumer, "--producer", new.producer]
    for option, values in (("case-type", new.case_types), ("field", new.fields), ("purpose", new.purposes)):
        words += [word for value in values for word in (f"--{option}", value)]
    words += ["--legal-basis", new.legal_basis]
    if new.validity.start > cause.at:
        words += ["--valid-from", new.validity.start.isoformat()]
    if new.validity.end is not None:
        words += ["--valid-until", new.validity.end.isoformat()]
    return shlex.join([*words, "--why", cause.why, "--by", cause.by])


def _in_short(grant: Grant) -> str:
    fields = "every field" if grant.fields == frozenset(GRANTABLE_FIELDS) else ", ".join(sorted(grant.fields))
    return f"{fields} of {', '.join(sorted(grant.case_types))} for {', '.join(sorted(map(str, grant.purposes)))}"
