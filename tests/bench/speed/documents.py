"""The questions: in the words of our schema, and in those of a supergraph in which each producer has a type of its own.

Both ask for the same. In ours a case's status is a `CaseStatus` or the reason why there is none. A federation routes by
type, so that one which fetches each case's status from its own producer needs one type for each (peers.py).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tests.bench.producing import PRODUCERS
from tests.bench.speed.peers import case_type_of

CASES = "first: 1000"


class Dialect(Enum):
    """In whose words."""

    OURS = "ours"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Selected:
    """What a question asks for. `label` makes it another document than one that is the same but for it."""

    group: tuple[str, ...] = ("title",)
    case: tuple[str, ...] = ("reference",)
    status: tuple[str, ...] = ("title", "description", "updatedAt")
    groups: int = 1
    label: str = ""
    is_deferred: bool = False

    def document(self, dialect: Dialect) -> str:
        """The document."""
        if self.groups == 1:
            return f"query Q{self.label}($g0: ID!) {{ caseGroup(id: $g0) {{ {self._group(dialect)} }} }}"
        variables = ", ".join(f"$g{place}: ID!" for place in range(self.groups))
        fields = " ".join(f"g{place}: caseGroup(id: $g{place}) {{ ...G }}" for place in range(self.groups))
        return f"query ({variables}) {{ {fields} }} fragment G on CaseGroup {{ {self._group(dialect)} }}"

    def _group(self, dialect: Dialect) -> str:
        status = self._status(dialect)
        if self.is_deferred:
            status = f"... @defer {{ {status} }}"
        node = " ".join((*self.case, status))
        return f"{' '.join(self.group)} cases({CASES}) {{ edges {{ node {{ {node} }} }} }}"

    def _status(self, dialect: Dialect) -> str:
        fields = " ".join(self.status)
        if dialect is Dialect.OURS:
            return f"status {{ ... on CaseStatus {{ {fields} }} ... on StatusUnavailable {{ reason }} }}"
        return " ".join(f"... on {case_type_of(id_)} {{ status {{ {fields} }} }}" for id_ in PRODUCERS)


THE_WORK = Selected()

MIX = (
    THE_WORK,
    Selected(status=("title", "updatedAt")),
    Selected(status=("updatedAt",)),
    Selected(group=("title", "revision")),
    Selected(group=("title", "createdAt", "revision")),
    Selected(case=("reference", "addedAt")),
    Selected(case=("reference", "addedAt", "note")),
    Selected(group=("title", "purpose { informationArea event }")),
    Selected(group=("id", "title", "revision"), case=("reference", "note")),
    Selected(group=("id",), case=("reference",), status=("description", "updatedAt")),
)
"""Ten documents, of which every answer has `updatedAt` once for each status: by that answers are checked."""


def never_seen() -> Iterator[Selected]:
    """Documents that are each another than all before, in this run and in earlier ones."""
    run = random.randrange(10**9)
    for number in itertools.count():
        alias = f"t{run}x{number}"
        yield Selected(group=(f"{alias}: title",), label=alias)
