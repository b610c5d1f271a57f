"""What resolvers reach for: made anew for every operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import strawberry

from gateway.groups.case_groups import CaseGroups
from gateway.groups.loader import CaseGroupLoader
from gateway.model.caller import Caller
from gateway.model.status import StatusSelection
from gateway.model.text import Language
from gateway.producers.loader import StatusLoaders
from gateway.store.case_groups import CaseGroupStore
from gateway.store.registry import Registry


@dataclass(slots=True)
class Context:
    """One operation's caller, language and loaders, and the services it may use."""

    caller: Caller
    language: Language
    request_id: str
    registry: Registry
    groups: CaseGroups
    group_store: CaseGroupStore
    group_loader: CaseGroupLoader
    statuses: StatusLoaders
    page_max_size: int
    selections: dict[tuple[int, ...], StatusSelection] = field(default_factory=dict)
    """Status selections already worked out, by the identities of the field nodes they came from."""


MakeContext = Callable[[Caller, Language, str, str, str], Context]
"""Caller, language, Accept-Language as sent, request id, trace id → the context of one operation."""

Info = strawberry.Info[Context, None]
