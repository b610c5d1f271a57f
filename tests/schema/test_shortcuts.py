"""What the engine is told of the schema beforehand is what Strawberry would say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from graphql import (
    GraphQLInputType,
    GraphQLObjectType,
    is_abstract_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
)

from gateway.execution.breadth_first.shortcuts import CLASSES, call_of, classes_of, column_call_of, read_of
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


def test_a_field_that_reads_its_source_reads_what_strawberry_reads() -> None:
    read_attributes = 0
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            read = read_of(field)
            if read is None:
                continue
            assert field.resolve is not None
            if isinstance(read, attrgetter):
                read_attributes += 1
                assert field.resolve(Probe(), INFO) == read(Probe())
            else:
                assert _outcome(lambda source, _, read=read: read(source), {}) == _outcome(field.resolve, {}), name

    assert read_attributes > 50


def test_a_field_that_is_called_is_called_with_the_same() -> None:
    """By what the function does with its arguments, whatever it comes to."""
    with_arguments = without = 0
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            call = call_of(field)
            if call is None:
                continue
            assert field.resolve is not None
            arguments = {name: _sample(argument.type) for name, argument in field.args.items()}
            for given in ({}, arguments):
                assert _outcome(call, given) == _outcome(field.resolve, given), f"{type_.name}.{name}"
            with_arguments += bool(arguments)
            without += not arguments

    assert with_arguments > 5
    assert without > 10


def test_a_field_that_is_called_for_all_answers_for_each_as_it_does_for_one() -> None:
    marked = []
    for type_ in OBJECTS:
        for name, field in type_.fields.items():
            call = column_call_of(field)
            if call is None:
                continue
            marked.append(f"{type_.name}.{name}")
            assert field.resolve is not None
            assert _outcome(lambda source, info, call=call: call([source], info), {}) == _outcome(field.resolve, {})

    assert marked == ["Case.status"]


def _sample(type_: GraphQLInputType) -> object:
    """A value as graphql-core hands it on."""
    if is_non_null_type(type_):
        return _sample(type_.of_type)
    if is_list_type(type_):
        return [_sample(type_.of_type)]
    if is_enum_type(type_):
        return next(iter(type_.values.values())).value
    return {"Int": 1, "Boolean": True}.get(str(type_), "text")


def _outcome(resolve: Any, arguments: Mapping[str, object]) -> object:
    """What a resolver makes of a source and a context that know nothing."""

    async def awaited() -> object:
        value = resolve(SimpleNamespace(), SimpleNamespace(context=SimpleNamespace(known=False)), **arguments)
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
