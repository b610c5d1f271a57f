"""The gateway as a subgraph of Apollo Federation 2: the objects behind a router's representations."""

from __future__ import annotations

import strawberry.federation
from strawberry.federation.schema import FederationAny

from gateway.errors import BadUserInput, LimitExceeded
from gateway.schema.case_group import CaseGroup
from gateway.schema.context import Info

MISFIT = 'A representation must be {__typename: "CaseGroup", id: …} with the id of a case group.'


class FederatedSchema(strawberry.federation.Schema):
    """Strawberry's, but for representations: whatever one holds, it answers for itself and is the caller's own."""

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """For each representation the group, null where there is none that the caller may see, or its own error.

        Raises LimitExceeded for more representations than a page may have items.
        """
        most = info.context.page_max_size
        if len(representations) > most:
            raise LimitExceeded(
                f"There are {len(representations)} representations; at most {most} are answered at a time.",
                limit="page_max_size",
                value=most,
                asked=len(representations),
            )
        return [FederationAny(_entity(info, one)) for one in representations]


async def _entity(info: Info, representation: object) -> CaseGroup | None:
    """What else than its key stands in a representation is another subgraph's business. Raises BadUserInput."""
    match representation:
        case {"__typename": "CaseGroup", "id": str(id_)}:
            return await CaseGroup.resolve_reference(info, strawberry.ID(id_))
        case _:
            raise BadUserInput(MISFIT)
