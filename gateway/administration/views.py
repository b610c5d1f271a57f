"""How records are shown: as JSON whose names stay, and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gateway.administration.plans import Json
from gateway.model.connection import Contact
from gateway.model.global_id import global_id
from gateway.model.history import Change, KeptConsumer, KeptGrant, KeptProducer, Notice
from gateway.model.producer import CaseType, ProducerId, ProducerOverrides
from gateway.model.replica import ReplicaReport
from gateway.model.text import Text as Words


def consumer_view(kept: KeptConsumer) -> Json:
    """A consumer as JSON."""
    consumer, connection = kept.consumer, kept.consumer.connection
    return {
        "id": consumer.id,
        "name": _words(consumer.name),
        "contact": _contact(connection.contact),
        "environment": connection.environment.value,
        "state": connection.state.value,
        "validFrom": timestamp(connection.validity.start),
        "validUntil": timestamp(connection.validity.end),
        "endedAt": timestamp(connection.ended_at),
        "representatives": consumer.representatives,
        "revision": kept.revision,
    }


def producer_view(kept: KeptProducer) -> Json:
    """A producer as JSON."""
    producer, connection = kept.producer, kept.producer.connection
    return {
        "id": producer.id,
        "name": _words(producer.name),
        "organisation": producer.organisation,
        "contact": _contact(connection.contact),
        "incidents": None if producer.incidents is None else _contact(producer.incidents),
        "support": None if producer.support is None else _words(producer.support),
        "endpoint": producer.endpoint,
        "audience": producer.audience,
        "informationAreas": sorted(area.value for area in producer.information_areas),
        "caseTypes": [case_type_view(case_type) for case_type in producer.case_types],
        "offersCases": producer.offers_cases,
        "overrides": _overrides_view(producer.overrides),
        "environment": connection.environment.value,
        "state": connection.state.value,
        "validFrom": timestamp(connection.validity.start),
        "validUntil": timestamp(connection.validity.end),
        "endedAt": timestamp(connection.ended_at),
        "revision": kept.revision,
    }


def seen_view(report: ReplicaReport, producer: ProducerId, moment: datetime) -> Json:
    """What a replica has seen of a producer, as JSON: nulls and no requests where it has not asked it lately."""
    seen = next((one for one in report.producers if one.producer == producer), None)
    return {
        "replica": report.id,
        "startedAt": timestamp(report.started_at),
        "ageSeconds": max(0, round((moment - report.at).total_seconds(), 1)),
        "availability": None if seen is None else seen.availability.value,
        "breaker": None if seen is None else seen.breaker.value,
        "leftAloneUntil": None if seen is None else timestamp(seen.left_alone_until),
        "requests": 0 if seen is None else seen.requests,
        "failed": 0 if seen is None else seen.failed,
        "slow": 0 if seen is None else seen.slow,
    }


def case_type_view(case_type: CaseType) -> Json:
    """A case type as JSON."""
    return {
        "code": case_type.code,
        "name": _words(case_type.name),
        "state": case_type.state.value,
        "from": timestamp(case_type.since),
        "pilots": sorted(case_type.pilots),
    }


def _overrides_view(overrides: ProducerOverrides) -> Json:
    return {
        "connectTimeout": overrides.connect_timeout,
        "deadline": overrides.deadline,
        "maxBatch": overrides.max_batch,
        "maxConnections": overrides.max_connections,
        "maxWait": overrides.max_wait,
        "maxResponseBytes": overrides.max_response_bytes,
    }


def _words(text: Words) -> Json:
    return {"sv": text.sv, "en": text.en}


def _contact(contact: Contact) -> Json:
    return {"name": contact.name, "email": contact.email}


def grant_view(kept: KeptGrant, *, in_force: bool) -> Json:
    """A grant as JSON; `in_force`: whether its consumer may read by it now."""
    grant = kept.grant
    return {
        "id": grant.id,
        "consumer": grant.consumer,
        "producer": grant.producer,
        "caseTypes": sorted(grant.case_types),
        "fields": sorted(grant.fields),
        "purposes": sorted(map(str, grant.purposes)),
        "environment": grant.environment.value,
        "legalBasis": grant.legal_basis,
        "validFrom": timestamp(grant.validity.start),
        "validUntil": timestamp(grant.validity.end),
        "withdrawnAt": timestamp(kept.withdrawn_at),
        "inForce": in_force,
        "revision": kept.revision,
    }


def history_view(history: Sequence[Change]) -> list[Json]:
    """A history as JSON, the oldest change first."""
    return [
        {
            "at": timestamp(change.cause.at),
            "by": change.cause.by,
            "action": change.action,
            "why": change.cause.why,
            "changes": {
                name: timestamp(value) if isinstance(value, datetime) else value
                for name, value in change.fields.items()
            },
        }
        for change in history
    ]


def notice_view(notice: Notice) -> Json:
    """A notice as JSON; the case group under the id that consumers know it by."""
    return {
        "at": timestamp(notice.at),
        "kind": notice.kind,
        "group": global_id("CaseGroup", notice.group),
        "by": notice.by,
    }


def timestamp(moment: datetime | None) -> str | None:
    """A moment per RFC 3339 in UTC, to the second."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def record_table(record: Mapping[str, object]) -> RenderableType:
    """One record: a line for each of its fields."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(name, Text(_cell(value)))
    return table


def list_table(records: Sequence[Mapping[str, object]], columns: Sequence[str], *, title: str = "") -> RenderableType:
    """Several records: a column for each of `columns`."""
    if not records:
        return Group(*([Text(title, style="bold")] if title else []), Text("none"))
    table = Table(*columns, title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"
    for record in records:
        table.add_row(*(Text(_cell(record[column])) for column in columns))
    return table


def show(*parts: RenderableType) -> None:
    """Prints to standard output, as wide as the terminal; as wide as need be where there is none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    for part in parts:
        console.print(part)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{name}: {_cell(part)}" for name, part in value.items()) or "–"
        case list():
            return ", ".join(map(_cell, value))
        case _:
            return str(value)
