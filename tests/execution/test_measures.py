"""How deep an operation nests its fields, and how much else it asks for."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query, parse

from gateway.execution.measures import COUNTED, Measures, measured

DOUBLED = " ".join(
    [
        "{ thing { ...F0 } }",
        *(f"fragment F{n} on Thing {{ thing {{ ...F{n + 1} ...F{n + 1} }} }}" for n in range(60)),
        "fragment F60 on Thing { name }",
    ]
)
"""Sixty levels, at each of which twice as much is selected as at the one before."""


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
    assert measured(parse(document)).depth == depth


def test_introspection_is_not_counted() -> None:
    assert measured(parse(get_introspection_query())).depth == 0


def test_a_fragment_that_is_spread_often_is_measured_once() -> None:
    # Two to the power of sixty visits if each spread were followed by itself.
    assert measured(parse(DOUBLED)).depth == 62


def test_aliases_are_counted_once_wherever_they_stand() -> None:
    fragments = "fragment F on Query { c: name } fragment G on Query { d: name }"

    assert measured(parse(f"{{ a: name ...F ...F __schema {{ b: types {{ name }} }} }} {fragments}")).aliases == 4


def test_root_fields_are_counted_as_often_as_they_are_selected() -> None:
    document = "{ name ...F ... { ...F } } fragment F on Query { name thing { name name name } }"

    assert measured(parse(document)).root_fields == 5


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ("{ name }", 1),
        ("{ thing { name name } }", 3),
        ("{ a: thing { ...F } b: thing { ...F ... { name } } } fragment F on Thing { name thing { name } }", 9),
        ("query A { name } query B { thing { name } }", 2),
        ("{ __schema { types { name } } }", 3),
    ],
)
def test_fields_are_counted_wherever_their_fragment_is_spread(document: str, fields: int) -> None:
    assert measured(parse(document)).fields == fields


def test_what_doubles_at_each_level_is_not_counted_to_its_end() -> None:
    assert measured(parse(DOUBLED)).fields == COUNTED


@pytest.mark.parametrize(
    "document", ["{ ...F } fragment F on Query { name ...G } fragment G on Query { ...F }", "{ name ...Nobody }"]
)
def test_what_is_not_valid_is_measured_without_an_end_to_it(document: str) -> None:
    assert measured(parse(document)) == Measures(depth=1, root_fields=1, fields=1, aliases=0)
