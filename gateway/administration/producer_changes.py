"""The rules of changing what a producer's record says, where what is not named stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum

from gateway.administration.agreed import Agreed
from gateway.administration.endpoints import address_problems, endpoint_problems
from gateway.administration.plans import Plan, Refused
from gateway.administration.producer_problems import read_areas, record_problems
from gateway.administration.producers import Check
from gateway.administration.views import producer_view
from gateway.model.connection import ConnectionState, Contact
from gateway.model.history import Cause
from gateway.model.producer import Producer, ProducerOverrides
from gateway.model.text import Text
from gateway.store.producers import Producers

Pair = tuple[str | None, str | None]
"""What two options give that belong together: the Swedish and the English, or the name and the e-mail address."""


class Unsettable(Enum):
    """What a record can be without, by the name of its option."""

    ORGANISATION = "organisation"
    INCIDENTS = "incidents"
    SUPPORT = "support"
    CONNECT_TIMEOUT = "connect-timeout"
    DEADLINE = "deadline"
    MAX_BATCH = "max-batch"
    MAX_CONNECTIONS = "max-connections"
    MAX_WAIT = "max-wait"
    MAX_RESPONSE_BYTES = "max-response-bytes"

    @property
    def attribute(self) -> str:
        """Its name in a `Producer`, or in its overrides."""
        return self.value.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a producer's record is to say from now on, as it was asked for; None stays as it is.

    `areas` take the place of all areas. What `unset` names is taken out.
    """

    name: Pair
    contact: Pair
    incidents: Pair
    support: Pair
    endpoint: str | None
    audience: str | None
    areas: Sequence[str] | None
    organisation: str | None
    overrides: ProducerOverrides
    unset: Sequence[Unsettable]


async def amending(
    agreed: Agreed, producers: Producers, id_: str, wanted: Wanted, cause: Cause, check: Check, *, is_forced: bool
) -> Plan:
    """The plan to change a producer's record.

    Another endpoint or audience needs that `check` finds nothing wrong with it, or `is_forced`; what the check found
    is then kept in the history. Raises Refused with everything that is wrong with what changes.
    """
    kept = agreed.producer(id_)
    if kept.producer.connection.state is ConnectionState.ENDED:
        raise Refused(f"The connection of the producer {id_} has ended; nothing of its record can be changed.")
    amended = await _amended(agreed, kept.producer, wanted, check)
    if amended == kept.producer:
        raise Refused(f"Nothing was changed: the record of the producer {id_} says all that already.")
    misfits: Sequence[str] = ()
    notes = list(_grants_outside(agreed, amended))
    if (amended.endpoint, amended.audience) != (kept.producer.endpoint, kept.producer.audience):
        found = await check.ask(amended)
        misfits, notes = found.misfits, [*found.misfits, *found.notes, *notes]
        if misfits and not is_forced:
            raise Refused(*notes, "Nothing was changed. Where you know better, repeat it with --force.")
        if found.offers_cases is not None:
            amended = replace(amended, offers_cases=found.offers_cases)
    before, after = producer_view(kept), producer_view(replace(kept, producer=amended))
    changes = ", ".join(name for name, value in after.items() if value != before[name])
    in_spite = f", although the check found {len(misfits)} misfits" if misfits else ""
    told: dict[str, object] = {"forced": list(misfits)} if misfits else {}
    return Plan(
        what=f"change {changes} of the producer {id_} ({kept.producer.name.en}){in_spite}",
        kind="producer",
        record={**after, "revision": kept.revision + 1},
        loss=None,
        carry_out=lambda: producers.amend(kept, amended, "change", cause, told),
        notes=notes,
    )


async def _amended(agreed: Agreed, producer: Producer, wanted: Wanted, check: Check) -> Producer:
    """The producer as it is to be. Raises Refused with what is wrong with that, and was not before."""
    problems = list(_contradictions(producer, wanted))
    amended = _replaced(producer, wanted, problems)
    known = set(record_problems(agreed, producer))
    problems += (problem for problem in record_problems(agreed, amended) if problem not in known)
    environment = producer.connection.environment
    if amended.endpoint != producer.endpoint and not list(endpoint_problems(amended.endpoint, environment)):
        problems += await address_problems(amended.endpoint, check.rules)
    if problems:
        raise Refused(*problems)
    return amended


def _contradictions(producer: Producer, wanted: Wanted) -> Iterator[str]:
    given = {name for name, value in asdict(wanted.overrides).items() if value is not None}
    given |= {name for name in ("incidents", "support") if getattr(wanted, name) != (None, None)}
    given |= {"organisation"} if wanted.organisation is not None else set()
    for one in dict.fromkeys(wanted.unset):
        if one.attribute in given:
            yield f"--unset {one.value} takes out what another option sets: give one of the two."
    for name, parts in (("incidents", ("name", "email")), ("support", ("sv", "en"))):
        if getattr(producer, name) is None and sum(part is None for part in getattr(wanted, name)) == 1:
            first, second = (f"--{name}-{part}" for part in parts)
            yield f"{first} and {second} are given together: the producer {producer.id} has neither yet."


def _replaced(producer: Producer, wanted: Wanted, problems: list[str]) -> Producer:
    """The producer with what is wanted in it; areas that are not known are added to `problems`."""
    contact, incidents, support = producer.connection.contact, producer.incidents, producer.support
    new_incidents = _pair(wanted.incidents, None if incidents is None else (incidents.name, incidents.email))
    new_support = _pair(wanted.support, None if support is None else (support.sv, support.en))
    organisation = producer.organisation if wanted.organisation is None else wanted.organisation
    return replace(
        producer,
        name=Text(_other(wanted.name[0], producer.name.sv), _other(wanted.name[1], producer.name.en)),
        endpoint=_other(wanted.endpoint, producer.endpoint),
        audience=_other(wanted.audience, producer.audience),
        information_areas=producer.information_areas if wanted.areas is None else read_areas(wanted.areas, problems),
        connection=replace(
            producer.connection,
            contact=Contact(_other(wanted.contact[0], contact.name), _other(wanted.contact[1], contact.email)),
        ),
        overrides=_overrides(producer.overrides, wanted),
        organisation=None if Unsettable.ORGANISATION in wanted.unset else organisation,
        incidents=None if new_incidents is None or Unsettable.INCIDENTS in wanted.unset else Contact(*new_incidents),
        support=None if new_support is None or Unsettable.SUPPORT in wanted.unset else Text(*new_support),
    )


def _overrides(present: ProducerOverrides, wanted: Wanted) -> ProducerOverrides:
    unset = {one.attribute for one in wanted.unset}
    changed = {name: value for name, value in asdict(wanted.overrides).items() if value is not None or name in unset}
    return replace(present, **changed)


def _pair(wanted: Pair, present: tuple[str, str] | None) -> tuple[str, str] | None:
    """Both parts, each as wanted or else as it is; None where one of them is neither."""
    if present is not None:
        return _other(wanted[0], present[0]), _other(wanted[1], present[1])
    first, second = wanted
    return None if first is None or second is None else (first, second)


def _other(wanted: str | None, present: str) -> str:
    return present if wanted is None else wanted


def _grants_outside(agreed: Agreed, amended: Producer) -> Iterator[str]:
    """The grants that are for an area which the producer then no longer has: they hold on, which may not be meant."""
    for kept in agreed.grants.values():
        grant = kept.grant
        areas = {purpose.information_area for purpose in grant.purposes} - amended.information_areas
        if grant.producer == amended.id and not grant.withdrawn and areas:
            named = ", ".join(sorted(area.value for area in areas))
            yield f"The grant {grant.id} is for {named}, which is then no area of the producer; it holds all the same."
