"""A small world for the property tests: producers, groups, random agreements and statuses full of markers.

What may be read in it is worked out here from the records alone, with none of the gateway's own code.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from bson import ObjectId
from hypothesis import strategies as st

from tests.agreements import grant_record
from tests.authorization.choices import Choices
from tests.gateway import Gateway
from tests.issuer import ALL_SCOPES, ALVA, BJORN
from tests.producer import Producer

PORTAL, PROGRAM = "business-portal", "accounting-program"
STATUS_FIELDS = (
    "code",
    "codeSystem",
    "title",
    "description",
    "language",
    "updatedAt",
    "expectedAt",
    "requiresCustomerAction",
    "completed",
    "extension",
)
REFERENCE_FIELDS = ("references.title", "references.url", "references.value")
FIELDS = (*STATUS_FIELDS, *REFERENCE_FIELDS)

BUSINESS = "STARTING_RUNNING_AND_CLOSING_A_BUSINESS"
PURPOSES: tuple[tuple[str, str | None], ...] = (
    (BUSINESS, None),
    (BUSINESS, "starting-a-company"),
    (BUSINESS, "opening-a-restaurant"),
    ("TAXES", None),
    ("TAXES", "filing-vat"),
    ("EMPLOYEES", None),
)
DAY = timedelta(days=1)

MARKER = re.compile(rb"MARK/(\d+)/([A-Z0-9-]+)/([A-Za-z.]+)/")
MOMENT = re.compile(rb"\b(?:19[6-9]\d|200\d)-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""Moments that only producers say: everything of the gateway's own is of this year or later."""

FIRST_MOMENT = datetime(1960, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class GroupPlan:
    """A group to make: who owns it, for whom, why, and its cases as producer, case type and reference."""

    name: str
    owner: str
    subject: str
    purpose: tuple[str, str | None]
    cases: tuple[tuple[str, str, str], ...]


TAX, CITY = "tax-agency", "municipality"
SHARED = (TAX, "FSKATT", "T-SHARED")
GROUPS = (
    GroupPlan(
        "G1",
        PORTAL,
        ALVA,
        (BUSINESS, "starting-a-company"),
        (
            (TAX, "FSKATT", "T-11"),
            (TAX, "MOMS", "T-12"),
            (CITY, "SERVERINGSTILLSTAND", "C-11"),
            (CITY, "MOMS", "C-12"),
            SHARED,
        ),
    ),
    GroupPlan("G2", PORTAL, ALVA, ("TAXES", None), ((TAX, "FSKATT", "T-21"), (TAX, "MOMS", "T-22"), SHARED)),
    GroupPlan(
        "PERMITTED",
        PROGRAM,
        ALVA,
        ("TAXES", "filing-vat"),
        ((TAX, "MOMS", "T-31"), (TAX, "FSKATT", "T-32"), (CITY, "SERVERINGSTILLSTAND", "C-31")),
    ),
    GroupPlan("FOREIGN", PROGRAM, ALVA, (BUSINESS, "starting-a-company"), ((TAX, "FSKATT", "T-41"),)),
    GroupPlan("ANOTHERS", PORTAL, BJORN, (BUSINESS, "starting-a-company"), ((TAX, "FSKATT", "T-51"),)),
)
REFERENCES = sorted({case[2] for group in GROUPS for case in group.cases})

NEW = "NEW"
"""What the references of cases begin with that are added by a change under test; no producer knows them."""

EVERYTHING = [
    grant_record(
        PORTAL,
        producer,
        case_types,
        FIELDS,
        [(BUSINESS, None), ("TAXES", None)],
    )
    for producer, case_types in ((TAX, ("FSKATT", "MOMS")), (CITY, ("SERVERINGSTILLSTAND", "MOMS")))
]
"""Grants of all there is in this world."""


@dataclass(frozen=True)
class Permission:
    """The portal's read permission in the group PERMITTED; None narrows nothing. `days`: for how long from now."""

    producers: tuple[str, ...] | None
    fields: tuple[str, ...] | None
    days: int

    def record(self, now: datetime) -> dict[str, Any]:
        """As it stands in the group's record."""
        return {
            "consumer": PORTAL,
            "permittedAt": now - 10 * DAY,
            "validUntil": now + self.days * DAY,
            "producers": None if self.producers is None else list(self.producers),
            "fields": None if self.fields is None else list(self.fields),
        }


CASE_TYPES = tuple(dict.fromkeys((producer, case_type) for group in GROUPS for producer, case_type, _ in group.cases))

TO_ALL: dict[str, Any] = {"state": "open", "from": None, "pilots": []}
TO_NOBODY: dict[str, Any] = {"state": "closed", "from": None, "pilots": []}

Openings = dict[tuple[str, str], dict[str, Any]]
"""By producer and code: to whom a case type is open, as it stands in the record; to all, if it is not here."""


@dataclass(frozen=True)
class Circumstances:
    """All that is random beside the document."""

    grants: list[dict[str, Any]]
    openings: Openings
    permission: Permission | None
    scopes: frozenset[str]
    presence: dict[str, int]
    """By reference, bits: which fields of its status are null, how many references it has, whether it has a status."""
    in_parts: bool

    def is_open(self, producer: str, case_type: str) -> bool:
        """Whether the producer has opened that type to the portal: to nobody, to pilots, or to all, from a day on."""
        opening = self.openings.get((producer, case_type), TO_NOBODY if case_type == "CLOSED" else TO_ALL)
        has_begun = opening["from"] is None or opening["from"] <= datetime.now(UTC)
        pilots = PORTAL in opening["pilots"]
        # What is to be opened to all on a day is piloted until then.
        return {"closed": False, "pilot": has_begun and pilots, "open": has_begun or pilots}[str(opening["state"])]

    def readable(self, plan: GroupPlan, producer: str, case_type: str) -> frozenset[str]:
        """The fields of such a case in the group that the portal may read: from the records, nothing remembered."""
        found = _granted(self.grants, producer, case_type, plan.purpose)
        if plan.subject != ALVA or not self.is_open(producer, case_type):
            return frozenset()
        if plan.owner != PORTAL:
            permission = self.permission
            if permission is None or permission.days <= 0 or plan.name != "PERMITTED":
                return frozenset()
            if permission.producers is not None and producer not in permission.producers:
                return frozenset()
            if permission.fields is not None:
                found &= frozenset(permission.fields)
        return found


def _granted(
    grants: Sequence[dict[str, Any]], producer: str, case_type: str, purpose: tuple[str, str | None]
) -> frozenset[str]:
    now = datetime.now(UTC)
    area, event = purpose
    found: set[str] = set()
    for grant in grants:
        in_force = (
            grant["consumer"] == PORTAL
            and grant["environment"] == "test"
            and grant["withdrawnAt"] is None
            and grant["validFrom"] <= now
            and (grant["validUntil"] is None or now < grant["validUntil"])
        )
        right_case = grant["producer"] == producer and case_type in grant["caseTypes"]
        right_purpose = any(
            one["informationArea"] == area and one["event"] in (None, event) for one in grant["purposes"]
        )
        if in_force and right_case and right_purpose:
            found.update(grant["fields"])
    return frozenset(found)


def circumstances() -> st.SearchStrategy[Circumstances]:
    """Random grants, permission, scopes of the token and case data."""
    return st.binary(min_size=200, max_size=200).map(lambda entropy: _circumstances(Choices(entropy)))


def _circumstances(choices: Choices) -> Circumstances:
    every_scope = ALL_SCOPES.split()
    return Circumstances(
        presence={reference: choices.number(256) << 8 | choices.number(256) for reference in REFERENCES},
        in_parts=choices.is_one_in(2),
        scopes=frozenset(every_scope if choices.number(3) else choices.some_of(every_scope)),
        openings={one: _opening(choices) for one in CASE_TYPES if choices.is_one_in(3)},
        permission=_permission(choices) if choices.number(4) else None,
        grants=[_grant(choices) for _ in range(choices.number(6))],
    )


def _opening(choices: Choices) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "state": choices.one_of(["pilot", "open", "closed"]),
        "from": choices.one_of([None, now - DAY, now + DAY]),
        "pilots": choices.one_of([[PROGRAM], [PORTAL], [PROGRAM, PORTAL], []]),
    }


def _permission(choices: Choices) -> Permission:
    return Permission(
        producers=choices.some_of((TAX, CITY)) if choices.is_one_in(3) else None,
        fields=choices.some_of(FIELDS) if choices.is_one_in(2) else None,
        days=-1 if choices.is_one_in(8) else 30,
    )


def _grant(choices: Choices) -> dict[str, Any]:
    now = datetime.now(UTC)
    producer, case_types = choices.one_of([(TAX, ("FSKATT", "MOMS")), (CITY, ("SERVERINGSTILLSTAND", "MOMS"))])
    broken: list[dict[str, Any]] = [
        {"withdrawnAt": now - DAY},
        {"validFrom": now + DAY},
        {"validUntil": now - DAY},
        {"environment": "live"},
        {"consumer": PROGRAM},
    ]
    grant = grant_record(
        PORTAL,
        producer,
        choices.some_of(case_types),
        choices.some_of(FIELDS),
        choices.some_of(PURPOSES),
    )
    return {**grant, **(choices.one_of(broken) if choices.is_one_in(5) else {})}


@dataclass
class World:
    """The running gateway and what is in it."""

    gateway: Gateway
    tax: Producer
    city: Producer
    groups: dict[str, str] = field(default_factory=dict)
    """The plan's name by the group's global id."""
    cases: dict[str, tuple[GroupPlan, str, str, str]] = field(default_factory=dict)
    """Plan, producer, case type and reference by the case's global id."""
    example: int = 0
    moments: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Reference and field by the moment that is said there in the present example."""

    plans: ClassVar[dict[str, GroupPlan]] = {plan.name: plan for plan in GROUPS}

    @property
    def producers(self) -> tuple[Producer, Producer]:
        """Both producers."""
        return self.tax, self.city

    async def make_groups(self) -> None:
        """Makes the groups, each as its owner does."""
        global_ids = {producer.id: producer.global_id for producer in self.producers}
        for plan in GROUPS:
            area, event = plan.purpose
            group = await self.gateway.a_group_with(
                *(
                    {"producer": global_ids[producer], "caseType": case_type, "reference": reference}
                    for producer, case_type, reference in plan.cases
                ),
                token=self.gateway.token_for(plan.subject, plan.owner),
                title=plan.name,
                purpose={"informationArea": area, "event": event},
            )
            self.groups[group["id"]] = plan.name
            for edge, case in zip(group["cases"]["edges"], plan.cases, strict=True):
                self.cases[edge["node"]["id"]] = (plan, *case)

    async def permit(self, permission: Permission | None) -> None:
        """Gives the portal this read permission in PERMITTED, and no other."""
        (id_,) = (id_ for id_, name in self.groups.items() if name == "PERMITTED")
        records = [] if permission is None else [permission.record(datetime.now(UTC))]
        await self.gateway.database["caseGroups"].update_one(
            {"_id": _object_id(id_)}, {"$set": {"readPermissions": records}}
        )

    def say(self, presence: dict[str, int]) -> None:
        """Has the producers say something that no example before had them say."""
        self.example += 1
        self.moments.clear()
        for number, reference in enumerate(REFERENCES):
            producer = self.tax if reference.startswith("T") else self.city
            producer.statuses.pop(reference, None)
            bits = presence[reference]
            if bits % 8:
                producer.statuses[reference] = self._status(number, reference, bits)
        for producer in self.producers:
            producer.asked.clear()

    def _status(self, number: int, reference: str, bits: int) -> dict[str, Any]:
        def mark(name: str) -> str:
            return f"MARK/{self.example}/{reference}/{name}/"

        def moment(name: str, offset: int) -> str:
            said = FIRST_MOMENT + timedelta(seconds=self.example * 100 + number * 2 + offset)
            text = said.strftime("%Y-%m-%dT%H:%M:%SZ")
            self.moments[text] = (reference, name)
            return text

        optional = {
            "codeSystem": mark("codeSystem"),
            "description": mark("description"),
            "language": mark("language"),
            "expectedAt": moment("expectedAt", 1),
            "requiresCustomerAction": bool(bits >> 3 & 1),
            "completed": bool(bits >> 4 & 1),
            "extension": {"inside": [mark("extension")]},
        }
        said = {
            name: value if bits >> (5 + place) & 1 else None for place, (name, value) in enumerate(optional.items())
        }
        one = {
            "title": mark("references.title"),
            "url": f"https://producer.example/{mark('references.url')}",
            "value": mark("references.value"),
        }
        return {
            "code": mark("code"),
            "title": mark("title"),
            "updatedAt": moment("updatedAt", 0),
            **said,
            "references": [None, [], [one], [one, {**one, "url": None}]][bits >> 12 & 3],
        }

    def readable_somewhere(self, producer: str, reference: str, circumstances: Circumstances) -> frozenset[str]:
        """The fields that may be read of the case in one of its groups; of a new one, of any type for any purpose."""
        found: set[str] = set()
        for plan, *case in self.cases.values():
            if (case[0], case[2]) == (producer, reference):
                found |= circumstances.readable(plan, case[0], case[1])
        if reference.startswith(NEW):
            for case_type in ("FSKATT", "MOMS", "SERVERINGSTILLSTAND"):
                for purpose in PURPOSES if circumstances.is_open(producer, case_type) else ():
                    found |= _granted(circumstances.grants, producer, case_type, purpose)
        return frozenset(found)

    def leaks(self, body: bytes, circumstances: Circumstances) -> list[str]:
        """What of `body` the portal may not read, wherever in the body it stands."""
        found = [
            (reference.decode(), name.decode(), int(number)) for number, reference, name in MARKER.findall(body)
        ] + [
            (*self.moments.get(text.decode(), ("of another example", text.decode())), self.example)
            for text in MOMENT.findall(body)
        ]
        readable = {
            (reference, name)
            for plan, producer, case_type, reference in self.cases.values()
            for name in circumstances.readable(plan, producer, case_type)
        }
        return [
            f"{reference}: {name}"
            for reference, name, number in found
            if number != self.example or (reference, name) not in readable
        ]


def _object_id(global_id: str) -> ObjectId:
    return ObjectId(base64.urlsafe_b64decode(global_id + "==").decode().removeprefix("CaseGroup:"))
