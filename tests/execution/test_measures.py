"""How deep an operation nests its fields."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query, parse

from gateway.execution.measures import depth_of


@pytest.mark.parametrize(
    ("document", "depth"),
    [
        ("{ name }", 1),
        ("{ a: name b: name }", 1),
        ("{ thing { name } }", 2),
        ("{ name thing { thing { name } } name }", 3),
        ("{ ... { ... on Query { thing { ... { name } } } } }", 2),
        ("{ ...F } fragment F on Query { thing { ...G } } fragment G on Thing { thing { name } }", 3),
        ("{ thing { ...G } other: thing { thing { ...G } } } fragment G on Thing { name }", 3),
        ("query A { name } query B { thing { thing { name } } }", 3),
        ("mutation { change { name } }", 2),
        ("fragment F on Query { thing { name } }", 0),
        ("{ __typename }", 0),
        ("{ thing { __typename } }", 1),
        ("{ __schema { types { fields { type { ofType { ofType { name } } } } } } }", 0),
        ("{ thing { name } __schema { types { fields { type { ofType { name } } } } } }", 2),
    ],
)
def test_fields_are_counted_level_by_level_and_fragments_are_no_levels(document: str, depth: int) -> None:
    assert depth_of(parse(document)) == depth


def test_introspection_is_not_counted() -> None:
    assert depth_of(parse(get_introspection_query())) == 0


def test_a_fragment_that_is_spread_often_is_measured_once() -> None:
    # Two to the power of sixty visits if each spread were followed by itself.
    doubling = [f"fragment F{n} on Thing {{ thing {{ ...F{n + 1} ...F{n + 1} }} }}" for n in range(60)]
    document = " ".join(["{ thing { ...F0 } }", *doubling, "fragment F60 on Thing { name }"])

    assert depth_of(parse(document)) == 62
