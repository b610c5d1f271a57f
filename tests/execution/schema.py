"""A small schema that nests as deep as one likes."""

from __future__ import annotations

from graphql import GraphQLSchema, build_schema

from gateway.policy.requirements import Requirements

UNGUARDED = Requirements(scopes={}, grants={}, known_scopes=frozenset())
"""Nothing in the schema requires anything."""

NO_SCOPES: frozenset[str] = frozenset()


def nesting_schema() -> GraphQLSchema:
    """Things in things, with @defer and @stream."""
    return build_schema(
        """
        directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
        directive @stream(if: Boolean! = true, label: String, initialCount: Int! = 0) on FIELD
        type Query { thing: Thing things: [Thing!]! number(of: Int!): Int secret: String must: String! }
        type Mutation { change: Thing }
        type Thing { name: String thing: Thing }
        """
    )
