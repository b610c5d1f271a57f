"""What resolvers reach for: made anew for every operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import strawberry

from gateway.disclosure.operation import OperationRecord
from gateway.disclosure.visible import VisibleDisclosures
from gateway.groups.case_groups import CaseGroups
from gateway.groups.sharing import Sharing
from gateway.groups.takeovers import Takeovers
from gateway.groups.visible import VisibleGroups
from gateway.model.availability import Availability
from gateway.model.caller import Caller
from gateway.model.producer import Producer
from gateway.model.status import StatusSelection
from gateway.model.text import Language
from gateway.policy.requirements import Requirements
from gateway.producers.overview import Overview
from gateway.producers.permitted import PermittedStatuses
from gateway.store.registry import Registry


@dataclass(slots=True)
class Context:
    """One operation's caller, language and loaders, and the services it may use."""

    caller: Caller
    language: Language
    request_id: str
    registry: Registry
    requirements: Requirements
    groups: CaseGroups
    sharing: Sharing
    takeovers: Takeovers
    visible_groups: VisibleGroups
    disclosures: VisibleDisclosures
    statuses: PermittedStatuses
    overview: Overview
    record: OperationRecord
    availability: Callable[[Producer], Availability]
    retention_warning: timedelta
    """How long before a case group lapses its end user is warned."""
    page_max_size: int
    selections: dict[tuple[int, ...], StatusSelection] = field(default_factory=dict)
    """Status selections already worked out, by the identities of the field nodes they came from."""

    def give_up(self) -> None:
        """Ends the producer requests that are under way: the caller has hung up, or its time is out."""
        self.statuses.give_up()
        self.overview.give_up()


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request says beside its operation; `deadline` is the operation's, by `time.monotonic`."""

    language: Language
    accept_language: str
    request_id: str
    trace_id: str
    deadline: float


MakeContext = Callable[[Caller, RequestFacts], Context]

Info = strawberry.Info[Context, None]
