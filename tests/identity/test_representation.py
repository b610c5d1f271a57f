"""Who acts for whom, as a token says it: in order, at most three, nobody twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from gateway.errors import Unauthenticated
from gateway.identity.representation import actors_for
from tests.identity.bad_tokens import TOO_MANY, TWICE
from tests.issuer import acting

PEOPLE = ("subject", "b", "c")


@pytest.mark.parametrize("actors", [(), ("b",), ("b", "c"), ("b", "c", "d")])
def test_up_to_three_act_and_the_one_who_acts_now_is_first(actors: Sequence[str]) -> None:
    assert actors_for("subject", acting(actors)) == actors


def test_nobody_else_acts_where_the_subject_alone_is_named() -> None:
    assert actors_for("subject", acting(("subject",))) == ()


@pytest.mark.parametrize("count", [4, 5, 50])
def test_more_than_three_are_refused(count: int) -> None:
    with pytest.raises(Unauthenticated) as refused:
        actors_for("subject", acting([f"actor-{number}" for number in range(count)]))

    assert str(refused.value) == TOO_MANY


@pytest.mark.parametrize("actors", [chain for length in (2, 3) for chain in product(PEOPLE, repeat=length)])
def test_a_chain_in_which_somebody_stands_twice_is_refused_wherever_that_is(actors: tuple[str, ...]) -> None:
    parties = ("subject", *actors)
    if len(set(parties)) == len(parties):
        assert actors_for("subject", acting(actors)) == actors
    else:
        with pytest.raises(Unauthenticated) as refused:
            actors_for("subject", acting(actors))
        assert str(refused.value) == TWICE
