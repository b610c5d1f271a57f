"""The directives that say who may read a field: `gateway.policy` enforces what of them stands in the SDL."""

from __future__ import annotations

import strawberry
from strawberry.federation.schema_directives import Authenticated, RequiresScopes
from strawberry.schema_directive import Location

READ_GROUPS = "case-groups:read"
CHANGE_GROUPS = "case-groups:write"
SHARE_GROUPS = "case-groups:share"
READ_SUBJECT = "subject:read"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="requiresGrant",
    description="The consumer must have been granted `field` of the case's type at its producer, for the purpose of "
    "the case's group. A field without a grant is null, with the error `FORBIDDEN_FIELD`, and the producer is not "
    "asked for it.",
)
class RequiresGrant:
    """What a grant must name (GRANTABLE_FIELDS)."""

    field: str


AUTHENTICATED = Authenticated()


def requires_scope(scope: str) -> RequiresScopes:
    """The access token must have `scope`."""
    return requires_one_of(scope)


def requires_one_of(*scopes: str) -> RequiresScopes:
    """The access token must have one of `scopes`."""
    return RequiresScopes(scopes=[[scope] for scope in scopes])
