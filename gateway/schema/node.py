"""The Node interface: whatever has an id can be fetched again by it."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="An object with an id, which `node` finds again.")
class Node:
    """Relay's Node."""

    @strawberry.field(description="The object's id: opaque, and the same for as long as it lives.")
    def id(self) -> strawberry.ID:
        """Each type's own."""
        raise NotImplementedError
