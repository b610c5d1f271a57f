"""What is agreed with consumers and producers, from MongoDB's documents.

Read strictly, since what cannot be understood must let nobody in and grant nothing: the validators of `mongo-init/`
refuse such documents, and a database without them, or with newer ones, is not trusted more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from pymongo.errors import WriteError

from gateway.model.caller import ConsumerId
from gateway.model.connection import Connection, ConnectionState, Contact, Environment, Validity
from gateway.model.consumer import Consumer
from gateway.model.grant import Grant, GrantId
from gateway.model.producer import CaseType, Opening, Producer, ProducerId, ProducerOverrides
from gateway.model.purpose import InformationArea, Purpose
from gateway.model.status import GRANTABLE_FIELDS
from gateway.model.text import Text
from gateway.store.driver import Document, translated

DOCUMENT_VALIDATION_FAILURE = 121

MOST_SECONDS = 86_400
"""Of an override, as of the setting that it overrides."""

GRANT_KEYS = frozenset(
    {
        *("_id", "consumer", "producer", "caseTypes", "fields", "purposes", "environment", "legalBasis"),
        *("validFrom", "validUntil", "withdrawnAt", "revision", "history"),
    }
)
"""A grant with something beside these may be narrower than it looks to this version, and is not believed."""

RecordT = TypeVar("RecordT")
ValueT = TypeVar("ValueT")


class BadRecord(Exception):
    """A document that cannot be understood; the message names it and what is wrong in it."""

    def __init__(self, collection: str, id_: str, problem: str) -> None:
        super().__init__(
            f"The record {id_} of {collection} cannot be understood ({problem}), so it counts for nothing. "
            "docs/database.md says what it must hold."
        )
        self.collection, self.id, self.problem = collection, id_, problem


class RecordRefused(Exception):
    """MongoDB's validator refused a record."""


@contextmanager
def refusals_told() -> Iterator[None]:
    """Raises RecordRefused where the validator refuses what is written, StoreUnavailable as `translated`."""
    try:
        with translated():
            yield
    except WriteError as exc:
        if exc.code != DOCUMENT_VALIDATION_FAILURE:
            raise
        raise RecordRefused(
            "MongoDB refused the record, which does not fit its validators. `gateway db init` brings them up to date."
        ) from exc


def understood(collection: str, document: Document, record: Callable[[Document], RecordT]) -> RecordT:
    """The record of `document`. Raises BadRecord when it cannot be understood."""
    try:
        return record(document)
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise BadRecord(collection, str(document.get("_id")), f"{type(exc).__name__}: {exc}") from exc


def all_understood(
    collection: str, documents: Iterable[Document], record: Callable[[Document], RecordT]
) -> tuple[list[RecordT], list[BadRecord]]:
    """The records of `documents`, and what is wrong with those that cannot be understood."""
    records, bad = [], []
    for document in documents:
        try:
            records.append(understood(collection, document, record))
        except BadRecord as exc:
            bad.append(exc)
    return records, bad


def consumer(document: Document) -> Consumer:
    """A consumer. Raises KeyError, TypeError or ValueError where the document does not fit."""
    return Consumer(
        id=ConsumerId(_a(str, document["_id"])),
        name=_text(document["name"]),
        connection=_connection(document),
        representatives=_a(bool, document["representatives"]),
    )


def producer(document: Document) -> Producer:
    """A producer. Raises KeyError, TypeError or ValueError where the document does not fit."""
    return Producer(
        id=ProducerId(_a(str, document["_id"])),
        name=_text(document["name"]),
        endpoint=_a(str, document["endpoint"]),
        audience=_a(str, document["audience"]),
        information_areas=frozenset(InformationArea(area) for area in document["informationAreas"]),
        case_types=tuple(_case_type(_a(dict, kind)) for kind in _a(list, document["caseTypes"])),
        connection=_connection(document),
        overrides=_overrides(_a(dict, document.get("overrides", {}))),
        organisation=_or_none(str, _a(dict, document.get("organisation", {})).get("name")),
        support=None if document.get("support") is None else _text(document["support"]),
        incidents=None if document.get("incidents") is None else _contact(document["incidents"]),
        offers_cases=_a(bool, document.get("offersCases", False)),
    )


def grant(document: Document) -> Grant:
    """A grant. Raises KeyError, TypeError or ValueError where the document does not fit."""
    if beside := document.keys() - GRANT_KEYS:
        raise ValueError(f"what {', '.join(sorted(beside))} would mean is not known here")
    fields = frozenset(_strings(document["fields"]))
    if unknown := fields.difference(GRANTABLE_FIELDS):
        raise ValueError(f"a grant cannot name {', '.join(sorted(unknown))}")
    return Grant(
        id=GrantId(str(document["_id"])),
        consumer=ConsumerId(_a(str, document["consumer"])),
        producer=ProducerId(_a(str, document["producer"])),
        case_types=frozenset(_strings(document["caseTypes"])),
        fields=fields,
        purposes=frozenset(
            Purpose(InformationArea(purpose["informationArea"]), _or_none(str, purpose["event"]))
            for purpose in _a(list, document["purposes"])
        ),
        environment=Environment(document["environment"]),
        validity=_validity(document),
        withdrawn=_or_none(datetime, document["withdrawnAt"]) is not None,
        legal_basis=_a(str, document["legalBasis"]),
    )


def _case_type(document: Document) -> CaseType:
    since = _or_none(datetime, document.get("from"))
    return CaseType(
        code=_a(str, document["code"]),
        name=_text(document["name"]),
        state=Opening(document["state"]),
        since=None if since is None else since.astimezone(UTC),
        pilots=frozenset(ConsumerId(one) for one in _strings(document.get("pilots", []))),
    )


def _overrides(document: Document) -> ProducerOverrides:
    return ProducerOverrides(
        connect_timeout=_seconds(document.get("connectTimeout")),
        deadline=_seconds(document.get("deadline")),
        max_batch=_count(document.get("maxBatch")),
        max_connections=_count(document.get("maxConnections")),
        max_wait=_seconds(document.get("maxWait")),
        max_response_bytes=_count(document.get("maxResponseBytes")),
    )


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_SECONDS:
        raise ValueError(f"{value!r} is no number of seconds from above 0 to {MOST_SECONDS}")
    return float(value)


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is no whole number from 1")
    return int(value)


def _connection(document: Document) -> Connection:
    ended_at = _or_none(datetime, document.get("endedAt"))
    return Connection(
        environment=Environment(document["environment"]),
        validity=_validity(document),
        state=ConnectionState(document["state"]),
        contact=_contact(document["contact"]),
        ended_at=None if ended_at is None else ended_at.astimezone(UTC),
    )


def connection_document(connection: Connection) -> Document:
    """What a consumer's or producer's document holds of its connection."""
    return {
        "contact": contact_document(connection.contact),
        "environment": connection.environment.value,
        "validFrom": connection.validity.start,
        "validUntil": connection.validity.end,
        "state": connection.state.value,
        "endedAt": connection.ended_at,
    }


def contact_document(contact: Contact) -> Document:
    """A contact, as it is stored."""
    return {"name": contact.name, "email": contact.email}


def text_document(text: Text) -> Document:
    """A text in both languages, as it is stored."""
    return {"sv": text.sv, "en": text.en}


def _contact(document: Document) -> Contact:
    return Contact(name=_a(str, document["name"]), email=_a(str, document["email"]))


def _validity(document: Document) -> Validity:
    end = _or_none(datetime, document["validUntil"])
    return Validity(
        start=_a(datetime, document["validFrom"]).astimezone(UTC), end=None if end is None else end.astimezone(UTC)
    )


def _text(document: Document) -> Text:
    return Text(sv=_a(str, document["sv"]), en=_a(str, document["en"]))


def _strings(values: object) -> list[str]:
    return [_a(str, value) for value in _a(list, values)]


def _a(kind: type[ValueT], value: object) -> ValueT:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not a {kind.__name__}")
    return value


def _or_none(kind: type[ValueT], value: object) -> ValueT | None:
    return None if value is None else _a(kind, value)
