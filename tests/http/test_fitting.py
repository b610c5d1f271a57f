"""The check that the generated operations rest on finds what it is there to find."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema, parse

from tests.http.fitting import misfits, with_typenames

SCHEMA = build_schema(
    """
    scalar DateTime
    type Query { cat: Cat! pets: [Pet!] }
    interface Named { name: String! }
    type Cat implements Named { name: String! lives: Int mood: Mood born: DateTime }
    type Dog implements Named { name: String! }
    union Pet = Cat | Dog
    enum Mood { FINE }
    """
)
DOCUMENT = with_typenames(
    parse(
        """
        { cat { ...Name lives mood born } pets { ... on Named { its: name } ... on Cat { lives } } }
        fragment Name on Named { name }
        """
    )
)
CAT = {"__typename": "Cat", "name": "Maja", "lives": 9, "mood": "FINE", "born": "2026-03-01T08:30:00Z"}
DOG = {"__typename": "Dog", "its": "Karo"}


def answer(pets: Any = (), **cat: Any) -> dict[str, Any]:
    return {"__typename": "Query", "cat": {**CAT, **cat}, "pets": list(pets) if isinstance(pets, tuple) else pets}


@pytest.mark.parametrize(
    "data",
    [
        answer(),
        answer(lives=None, mood=None, born=None),
        answer(pets=None),
        answer(pets=(DOG, {"__typename": "Cat", "its": "Maja", "lives": 1})),
    ],
)
def test_what_fits_has_no_misfit(data: dict[str, Any]) -> None:
    assert misfits(SCHEMA, DOCUMENT, data) == []


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (answer(name=None), "data.cat.name"),
        (answer(name=1), "data.cat.name"),
        (answer(lives="9"), "data.cat.lives"),
        (answer(lives=True), "data.cat.lives"),
        (answer(lives=2**31), "data.cat.lives"),
        (answer(mood="GRUMPY"), "data.cat.mood"),
        (answer(born="2026-03-01T09:30:00+01:00"), "data.cat.born"),
        (answer(unasked=1), "data.cat"),
        (answer(__typename="Dog"), "data.cat"),
        (answer(pets=DOG), "data.pets"),
        (answer(pets=(None,)), "data.pets[0]"),
        (answer(pets=(DOG, {"__typename": "Cat", "its": "Maja"})), "data.pets[1]"),
        (answer(pets=({"__typename": "Fish", "its": "Blub"},)), "data.pets[0]"),
        ({"__typename": "Query", "pets": []}, "data"),
    ],
)
def test_what_does_not_fit_is_found_where_it_is(data: dict[str, Any], where: str) -> None:
    (misfit,) = misfits(SCHEMA, DOCUMENT, data)

    assert misfit.partition(":")[0] == where
