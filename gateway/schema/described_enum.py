"""Enums of the model as GraphQL enums, described value by value; the model itself knows nothing of GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

EnumT = TypeVar("EnumT", bound=Enum)


def described_enum(
    enum: type[EnumT], description: str, values: Mapping[EnumT, str], *, name: str | None = None
) -> None:
    """Makes `enum` a GraphQL enum. `values` describes each of its members; a missing one is a KeyError at once."""
    made = strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = made.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[enum[value.name]]
