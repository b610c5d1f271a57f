"""The schema as a whole: what schema.graphql prints and what operations are run against."""

from __future__ import annotations

from datetime import datetime

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from gateway.schema.federation import FederatedSchema
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.scalars import DATE_TIME
from gateway.schema.shortcuts import mark


def build_schema() -> strawberry.Schema:
    """The portals' schema, with @defer and @stream; itself a subgraph of Apollo Federation 2."""
    return FederatedSchema(
        query=Query,
        mutation=Mutation,
        config=StrawberryConfig(enable_experimental_incremental_execution=True, scalar_map={datetime: DATE_TIME}),
    )


def executable(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core and our own engine run it."""
    return mark(schema._schema)  # noqa: SLF001 - Strawberry has no public name for it


def printed(schema: strawberry.Schema) -> str:
    """The schema in SDL, as it stands in schema.graphql."""
    return schema.as_str() + "\n"
