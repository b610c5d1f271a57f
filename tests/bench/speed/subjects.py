"""Whose groups are asked for: thousands of subjects, each with groups of its own, and a new token for every request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

from gateway.identity.pseudonyms import PseudonymKey, Pseudonyms
from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup, CaseKey, GroupId
from gateway.model.producer import ProducerId
from gateway.model.purpose import InformationArea, Purpose
from gateway.store.case_group_documents import changeable, fixed, given
from gateway.store.case_groups import new_group_id
from gateway.store.driver import Database
from tests.bench.producing import PRODUCERS
from tests.issuer import Issuer

CONSUMER = "business-portal"
SCOPES = "case-groups:read"
MOST_CASES_IN_A_GROUP = 1_000
"""As many as a gateway allows; ten thousand cases are ten groups of a thousand."""

PSEUDONYM_KEY = bytes(32)
PSEUDONYM_KEY_ID = "k1"
EXPIRES = 2_000_000_000
INSERTED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject's number and its groups."""

    number: str
    groups: tuple[str, ...]


class Pool:
    """Subjects who each have the same number of cases, one after the other and then again from the first."""

    def __init__(self, subjects: list[Subject], issuer: Issuer) -> None:
        self.subjects = subjects
        self._issuer = issuer
        self._next = 0

    def callers(self, number: int) -> list[tuple[Subject, str]]:
        """The next so many subjects, each with a token that nobody has seen before."""
        chosen = [self.subjects[(self._next + place) % len(self.subjects)] for place in range(number)]
        self._next = (self._next + number) % len(self.subjects)
        return [(subject, self._token(subject)) for subject in chosen]

    def _token(self, subject: Subject) -> str:
        return self._issuer.token(CONSUMER, subject.number, scope=SCOPES, exp=EXPIRES)


async def filled(database: Database, issuer: Issuer, first: int, subjects: int, cases: int) -> Pool:
    """So many new subjects, numbered from `first` on, who have so many cases each: in one group, or several."""
    made: list[Subject] = []
    documents: list[dict[str, Any]] = []
    for number in range(first, first + subjects):
        # Twelve digits beginning with 9 are nobody's: neither a person's number nor a company's.
        subject = f"{900_000_000_000 + number}"
        groups = [_group(number, count) for count in _sizes(cases)]
        documents += [_document(subject, group) for group in groups]
        made.append(Subject(subject, tuple(group.id for group in groups)))
    for start in range(0, len(documents), INSERTED_AT_ONCE):
        await database["caseGroups"].insert_many(documents[start : start + INSERTED_AT_ONCE])
    return Pool(made, issuer)


def _sizes(cases: int) -> Iterator[int]:
    while cases > 0:
        yield min(cases, MOST_CASES_IN_A_GROUP)
        cases -= MOST_CASES_IN_A_GROUP


def _group(subject: int, cases: int) -> CaseGroup:
    now = datetime.now(UTC).replace(microsecond=0)
    id_ = new_group_id()
    producers = list(PRODUCERS)
    return CaseGroup(
        id=GroupId(id_),
        owner=ConsumerId(CONSUMER),
        title=f"Starta kafé ({subject})",
        purpose=Purpose(InformationArea.TAXES, None),
        cases=tuple(
            Case(
                number=place + 1,
                key=CaseKey(ProducerId(producer := producers[place % len(producers)]), f"{id_[-8:]}-{place + 1}"),
                case_type=PRODUCERS[producer],
                note=None,
                added_at=now,
            )
            for place in range(cases)
        ),
        next_case_number=cases + 1,
        revision=1,
        created_at=now,
        updated_at=now,
        # As if just used: otherwise the first reading of each would write that it is kept for longer.
        retain_until=now + timedelta(days=400),
    )


def _document(subject: str, group: CaseGroup) -> dict[str, Any]:
    key = Pseudonyms([PseudonymKey(PSEUDONYM_KEY_ID, PSEUDONYM_KEY)]).of(subject)
    return {
        "_id": ObjectId(group.id),
        "subject": key.digest,
        "subjectKey": key.key_id,
        "owner": group.owner,
        "revision": group.revision,
        **fixed(group),
        **given(changeable(group)),
    }
