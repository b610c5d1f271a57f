"""`gateway producer add` and `change`: what a producer's record says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from gateway.administration import producer_changes, producers
from gateway.administration.check_command import checking
from gateway.administration.plans import Plan
from gateway.administration.running import AsJson, By, Desk, DryRun, Manner, Why, changed, parse_moment
from gateway.groups.moments import this_moment
from gateway.model.connection import Contact, Environment, Validity
from gateway.model.history import Cause
from gateway.model.producer import ProducerOverrides
from gateway.model.text import Text

Id = Annotated[str, typer.Argument(metavar="ID", help="The producer's id.")]
Seconds = Annotated[float | None, typer.Option(min=0.001, max=86_400, help="Other than the setting, in seconds.")]
Count = Annotated[int | None, typer.Option(min=1, help="Other than the setting.")]
Organisation = Annotated[str | None, typer.Option(help="The legal name of the organisation.")]
IncidentsName = Annotated[str | None, typer.Option(help="Who to turn to when it does not answer.")]
IncidentsEmail = Annotated[str | None, typer.Option(help="Their e-mail address.")]
SupportSv = Annotated[str | None, typer.Option(help="Where end users get help, in Swedish.")]
SupportEn = Annotated[str | None, typer.Option(help="The same in English.")]

PairT = TypeVar("PairT")


def both(
    option: str, parts: tuple[str, str], first: str | None, second: str | None, pair: Callable[[str, str], PairT]
) -> PairT | None:
    """What two options make together; None where neither is given. One alone is not understood."""
    if first is None and second is None:
        return None
    if first is None or second is None:
        raise typer.BadParameter(f"--{option}-{parts[0]} and --{option}-{parts[1]} are given together, or neither.")
    return pair(first, second)


def add(
    id_: Id,
    name_sv: Annotated[str, typer.Option(help="Its name in Swedish.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    endpoint: Annotated[str, typer.Option(help="The address of its status subgraph.")],
    audience: Annotated[str, typer.Option(help="Its audience: `aud` of the caller assertions made for it.")],
    area: Annotated[list[str], typer.Option(help="An information area of its cases. May be given several times.")],
    contact_name: Annotated[str, typer.Option(help="Who to turn to about the connection.")],
    contact_email: Annotated[str, typer.Option(help="Their e-mail address.")],
    environment: Annotated[Environment, typer.Option(help="Which gateways ask it.")],
    why: Why,
    case_type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE|SV|EN", help="A case type's code and its names in both languages. May be given several times."
        ),
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Open the case types to every consumer.")] = False,
    pilot: Annotated[
        list[str] | None,
        typer.Option(metavar="CONSUMER", help="Open them to this consumer. May be given several times."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", parser=parse_moment, help="From when they are open. Unset: now."),
    ] = None,
    readable_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONSUMER",
            help="Also grant this consumer every field of the status of these case types, for every purpose in these "
            "information areas, as long as the connection is valid. Needs --legal-basis. May be given several times.",
        ),
    ] = None,
    legal_basis: Annotated[
        str | None, typer.Option(help="Why that may be disclosed to the consumers of --readable-by.")
    ] = None,
    organisation: Organisation = None,
    incidents_name: IncidentsName = None,
    incidents_email: IncidentsEmail = None,
    support_sv: SupportSv = None,
    support_en: SupportEn = None,
    connect_timeout: Seconds = None,
    deadline: Seconds = None,
    max_batch: Count = None,
    max_connections: Count = None,
    max_wait: Seconds = None,
    max_response_bytes: Count = None,
    valid_from: Annotated[
        datetime | None,
        typer.Option(parser=parse_moment, help="From when: a day, or a time with its zone. Unset: now."),
    ] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(parser=parse_moment, help="Until (before) when. Unset: until it is ended.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Add it although the check finds misfits; they are kept in its history.")
    ] = False,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Check a producer, and connect it. Its case types are open to nobody, and readable by nobody, unless told."""
    if bool(readable_by) != (legal_basis is not None):
        raise typer.BadParameter("--readable-by and --legal-basis are given together, or neither.")
    new = producers.NewProducer(
        id=id_,
        name=Text(sv=name_sv, en=name_en),
        organisation=organisation,
        contact=Contact(contact_name, contact_email),
        incidents=both("incidents", ("name", "email"), incidents_name, incidents_email, Contact),
        support=both("support", ("sv", "en"), support_sv, support_en, Text),
        endpoint=endpoint,
        audience=audience,
        areas=area,
        case_types=case_type or [],
        is_open=is_open,
        pilots=pilot or [],
        since=since,
        overrides=ProducerOverrides(
            connect_timeout, deadline, max_batch, max_connections, max_wait, max_response_bytes
        ),
        environment=environment,
        validity=Validity(valid_from or this_moment(), valid_until),
        readers=readable_by or [],
        legal_basis=legal_basis or "",
    )

    async def plan(desk: Desk, cause: Cause) -> Plan:
        stores = producers.Stores(desk.producers, desk.grants)
        return await producers.adding(desk.agreed, stores, new, cause, checking(environment), is_forced=force)

    changed(plan, Manner(why, by, dry_run, as_json))


def change(
    id_: Id,
    why: Why,
    name_sv: Annotated[str | None, typer.Option(help="Another name in Swedish.")] = None,
    name_en: Annotated[str | None, typer.Option(help="Another name in English.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Another address of its status subgraph.")] = None,
    audience: Annotated[str | None, typer.Option(help="Another audience of the assertions made for it.")] = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="An information area, in the place of all it has. May be given several times."),
    ] = None,
    contact_name: Annotated[str | None, typer.Option(help="Who to turn to about the connection from now on.")] = None,
    contact_email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    organisation: Organisation = None,
    incidents_name: IncidentsName = None,
    incidents_email: IncidentsEmail = None,
    support_sv: SupportSv = None,
    support_en: SupportEn = None,
    connect_timeout: Seconds = None,
    deadline: Seconds = None,
    max_batch: Count = None,
    max_connections: Count = None,
    max_wait: Seconds = None,
    max_response_bytes: Count = None,
    unset: Annotated[
        list[producer_changes.Unsettable] | None,
        typer.Option(help="Take this out of the record. May be given several times."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Change it although the check finds misfits; they are kept in its history.")
    ] = False,
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change what a producer's record says; what is not given stays. Another endpoint or audience is checked first."""
    wanted = producer_changes.Wanted(
        name=(name_sv, name_en),
        contact=(contact_name, contact_email),
        incidents=(incidents_name, incidents_email),
        support=(support_sv, support_en),
        endpoint=endpoint,
        audience=audience,
        areas=area or None,
        organisation=organisation,
        overrides=ProducerOverrides(
            connect_timeout, deadline, max_batch, max_connections, max_wait, max_response_bytes
        ),
        unset=unset or [],
    )

    async def plan(desk: Desk, cause: Cause) -> Plan:
        check = checking(desk.agreed.producer(id_).producer.connection.environment)
        return await producer_changes.amending(desk.agreed, desk.producers, id_, wanted, cause, check, is_forced=force)

    changed(plan, Manner(why, by, dry_run, as_json))
