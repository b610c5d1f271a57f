"""What the engine is told of the schema beforehand is what Strawberry would say."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from graphql import GraphQLObjectType, is_abstract_type

from gateway.execution.breadth_first.shortcuts import CLASSES, attribute_of, call_of, classes_of
from gateway.schema.schema import build_schema, executable

SCHEMA = executable(build_schema())
OBJECTS = [
    type_
    for type_ in SCHEMA.type_map.values()
    if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
]
INFO: Any = SimpleNamespace(schema=SCHEMA, field_name="field")


class Probe:
    """Every attribute of it is its own name."""

    def __getattr__(self, name: str) -> str:
        return name


def test_a_field_that_reads_an_attribute_reads_that_one() -> None:
    marked = 0
    for type_ in OBJECTS:
        for field in type_.fields.values():
            attribute = attribute_of(field)
            if attribute is not None:
                assert field.resolve is not None
                assert field.resolve(Probe(), INFO) == attribute
                marked += 1

    assert marked > 50


def test_a_field_that_is_called_is_called_with_the_same() -> None:
    """By what the function does with its arguments, whatever it comes to."""
    marked = 0
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            call = call_of(field)
            if call is None:
                continue
            marked += 1
            assert field.resolve is not None
            assert _outcome(call) == _outcome(field.resolve), f"{type_.name}.{name}"

    assert marked > 10


def _outcome(resolve: Any) -> object:
    """What a resolver makes of a source and a context that know nothing."""

    async def awaited() -> object:
        value = resolve(SimpleNamespace(), SimpleNamespace(context=SimpleNamespace(known=False)))
        return await value if hasattr(value, "__await__") else value

    try:
        return repr(asyncio.run(awaited()))
    except Exception as exc:  # noqa: BLE001 - the same one for both
        return repr(exc)


def test_an_object_of_a_known_class_is_what_strawberry_says_it_is() -> None:
    marked = 0
    for type_ in SCHEMA.type_map.values():
        if CLASSES not in type_.extensions:
            continue
        for class_, name in classes_of(type_).items():
            object_: object = object.__new__(class_)
            marked += 1
            if is_abstract_type(type_):
                assert type_.resolve_type is not None
                assert type_.resolve_type(object_, INFO, type_) == name
            elif isinstance(type_, GraphQLObjectType) and type_.is_type_of:
                assert type_.is_type_of(object_, INFO)
                assert name == type_.name

    assert marked > 10
    assert set(classes_of(SCHEMA.type_map["CaseStatusResult"]).values()) == {"CaseStatus", "StatusUnavailable"}
