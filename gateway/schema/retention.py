"""For how long a case group is kept, as portals see it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from gateway.groups.retention import lapse_warning
from gateway.model import case_group as model
from gateway.schema.context import Context


@strawberry.type(
    description="For how long a case group is kept. What lapses is gone at once, and then removed for good."
)
class Retention:
    """When a group lapses, and the warning that it is soon."""

    lapses_at: datetime = strawberry.field(
        description="When the group lapses, unless its owner changes it, or opens it, before then."
    )
    is_soon: bool = strawberry.field(description="Whether the end user should be told by now.")
    message: str | None = strawberry.field(
        description="The warning, for people: Swedish or English by `Accept-Language`; null while it is not soon."
    )

    @classmethod
    def of(cls, context: Context, group: model.CaseGroup) -> Self:
        """What is to be said of `group` now."""
        warning = lapse_warning(group, context.retention_warning)
        return cls(
            lapses_at=group.retain_until,
            is_soon=warning is not None,
            message=None if warning is None else warning.in_language(context.language),
        )
