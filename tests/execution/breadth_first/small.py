"""Small schemas, asked by one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLObjectType, GraphQLSchema, build_schema, parse

from tests.execution.breadth_first.comparing import ours, said, theirs
from tests.execution.breadth_first.documents import Asked

Resolvers = Mapping[str, Callable[..., Any]]
"""By the schema coordinates of the fields."""


def schema_of(sdl: str, resolvers: Resolvers) -> GraphQLSchema:
    """The schema `sdl`, with `resolvers`; the other fields are read off dictionaries."""
    schema = build_schema(sdl)
    for coordinates, resolve in resolvers.items():
        type_name, field = coordinates.split(".")
        type_ = schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        type_.fields[field].resolve = resolve
    return schema


def asked(text: str, **variables: Any) -> Asked:
    """A document."""
    return Asked(text, parse(text), variables)


async def both(schema: GraphQLSchema, text: str, context: object = None, **variables: Any) -> ExecutionResult:
    """Our answer, which is what graphql-core's executor answers as well."""
    answer = await ours(schema, asked(text, **variables), context)
    their = await theirs(schema, asked(text, **variables), context)
    assert answer.data == their.data
    assert sorted(said(answer.errors), key=str) == sorted(said(their.errors), key=str)
    return answer
