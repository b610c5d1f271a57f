"""Agreements, groups and selections for the tests of the policy: everything holds unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup, CaseKey, GroupId, ReadPermission
from gateway.model.connection import Connection, ConnectionState, Contact, Environment, Validity
from gateway.model.consumer import Consumer
from gateway.model.grant import Grant, GrantId
from gateway.model.producer import CaseType, Opening, Producer, ProducerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.model.registry import Agreements, Records
from gateway.model.status import StatusSelection
from gateway.model.text import Text

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = Validity(NOW - 100 * DAY, None)

PORTAL, PROGRAM = ConsumerId("portal"), ConsumerId("program")
TAX, CITY = ProducerId("tax"), ProducerId("city")
TAXES = Purpose(InformationArea.TAXES, None)
FILING_VAT = Purpose(InformationArea.TAXES, "filing-vat")
BUSINESS = Purpose(InformationArea.STARTING_RUNNING_AND_CLOSING_A_BUSINESS, "starting-a-company")


VAT = CaseType("VAT", Text("Moms", "VAT"), Opening.OPEN)


def connection(**changes: Any) -> Connection:
    """A connection in the test environment."""
    return Connection(
        **{
            "environment": Environment.TEST,
            "validity": ALWAYS,
            "state": ConnectionState.ACTIVE,
            "contact": Contact("Kim", "kim@example.com"),
            **changes,
        }
    )


def producer(id_: ProducerId, *case_types: CaseType, **changes: Any) -> Producer:
    """A producer with these case types, or open VAT cases; `changes` are those of its connection."""
    return Producer(id_, Text("p", "p"), "http://p", "aud", frozenset(), case_types or (VAT,), connection(**changes))


def consumer(id_: ConsumerId, **changes: Any) -> Consumer:
    """A consumer; `changes` are those of its connection."""
    return Consumer(id_, Text("c", "c"), connection(**changes), representatives=True)


def grant(*fields: str, **changes: Any) -> Grant:
    """A grant of `fields` of VAT cases at the tax agency, for every purpose in TAXES, to the portal."""
    return Grant(
        **{
            "id": GrantId("g"),
            "consumer": PORTAL,
            "producer": TAX,
            "case_types": frozenset(["VAT"]),
            "fields": frozenset(fields),
            "purposes": frozenset([TAXES]),
            "environment": Environment.TEST,
            "validity": ALWAYS,
            "withdrawn": False,
            "legal_basis": "law",
            **changes,
        }
    )


def agreements(
    *grants: Grant,
    producers: Iterable[Producer] | None = None,
    consumers: Iterable[Consumer] | None = None,
    moment: datetime = NOW,
    version: int = 1,
) -> Agreements:
    """What holds at `moment`; both consumers and both producers are connected unless said otherwise."""
    producers = [producer(TAX), producer(CITY)] if producers is None else producers
    consumers = [consumer(PORTAL), consumer(PROGRAM)] if consumers is None else consumers
    records = Records({one.id: one for one in producers}, {one.id: one for one in consumers}, grants)
    return Agreements.at(moment, Environment.TEST, records, version)


def case(reference: str, at: ProducerId = TAX, **changes: Any) -> Case:
    """A VAT case."""
    return Case(
        **{
            "number": 1,
            "key": CaseKey(at, reference),
            "case_type": "VAT",
            "note": "a note",
            "added_at": NOW,
            **changes,
        }
    )


def permission(reader: ConsumerId = PROGRAM, **changes: Any) -> ReadPermission:
    """Leave to read everything from yesterday until tomorrow."""
    return ReadPermission(
        **{
            "consumer": reader,
            "permitted_at": NOW - DAY,
            "valid_until": NOW + DAY,
            "producers": None,
            "fields": None,
            **changes,
        }
    )


def group(*permissions: ReadPermission, **changes: Any) -> CaseGroup:
    """The portal's group about filing VAT."""
    return CaseGroup(
        **{
            "id": GroupId("6a0000000000000000000001"),
            "owner": PORTAL,
            "title": "VAT",
            "purpose": FILING_VAT,
            "cases": (case("T-1"), case("C-1", CITY)),
            "next_case_number": 3,
            "revision": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "retain_until": NOW + 400 * DAY,
            "read_permissions": permissions,
            **changes,
        }
    )


def selection(*names: str) -> StatusSelection:
    """A selection of fields, those of references as `references.NAME`."""
    return StatusSelection(
        fields=tuple(sorted(name for name in names if not name.startswith("references."))),
        references=tuple(sorted(name.removeprefix("references.") for name in names if name.startswith("references."))),
    )
