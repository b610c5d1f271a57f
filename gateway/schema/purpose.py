"""Purposes as portals see them."""

from __future__ import annotations

from typing import Self

import strawberry

from gateway.model import purpose as model
from gateway.schema.context import Info
from gateway.schema.information_area import InformationArea


@strawberry.type(description="Why a case group exists and why its cases are read. Fixed when the group is made.")
class Purpose:
    """A life or business event in an information area."""

    information_area: InformationArea = strawberry.field(description="The policy area.")
    event: str | None = strawberry.field(description="The life or business event, such as `starting-a-company`.")

    @strawberry.field(description="The policy area in words: Swedish or English by `Accept-Language`.")
    def area_name(self, info: Info) -> str:
        """The area's name for people."""
        return model.AREA_TEXTS[self.information_area].in_language(info.context.language)

    @classmethod
    def of(cls, purpose: model.Purpose) -> Self:
        """`purpose` as portals see it."""
        return cls(information_area=purpose.information_area, event=purpose.event)
