"""The mutations, put together."""

from __future__ import annotations

import strawberry

from gateway.schema.group_mutations import GroupMutations
from gateway.schema.sharing import SharingMutations


@strawberry.type(description="What can be changed. Every change is made whole or not at all.")
class Mutation(GroupMutations, SharingMutations):
    """The root of all mutations."""
