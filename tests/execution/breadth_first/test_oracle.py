"""Whatever is asked of whatever world: the engine answers as graphql-core's executor does.

`ENGINE_EXAMPLES` says of how many worlds (`make test-engine`: 10,000).
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import Any

import pytest
from graphql import ExecutionResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.execution.executor import GuardedExecutor
from tests.execution.breadth_first.comparing import data_of, ours, said, same_but_for_timing, theirs
from tests.execution.breadth_first.documents import Asked, asked
from tests.execution.breadth_first.worlds import NASTY, OURS, Dice, World, world

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "500"))
WORLDS = {"ours": world(OURS), "nasty": world(NASTY)}
WITH_COLUMNS = {"ours": world(OURS, with_columns=True), "nasty": world(NASTY, with_columns=True)}

SEARCH = settings(
    max_examples=max(EXAMPLES // 4, 1),  # there are four tests of them
    deadline=None,
    database=None,
    derandomize="ENGINE_EXAMPLES" not in os.environ,  # the same in every run, but for a search
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
pytestmark = [
    pytest.mark.timeout(60 + EXAMPLES // 10),
    # What stands in a list that is no use is never awaited, by graphql-core either.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MISCHIEF = st.sampled_from([0, 4, 16, 64, 160])
ENTROPY = st.binary(min_size=30, max_size=400)


@pytest.mark.parametrize("name", WORLDS)
def test_where_nothing_is_awaited_data_and_errors_are_equal_in_their_order(name: str) -> None:
    made = WORLDS[name]

    @SEARCH
    @given(ENTROPY, st.integers(0, 2**32), MISCHIEF, st.booleans())
    def equal(entropy: bytes, seed: int, mischief: int, is_change: bool) -> None:
        question = asked(made.schema, entropy, made.schema.mutation_type if is_change else None)
        our, their, _, our_calls, their_calls = asyncio.run(_both(made, question, seed, mischief, is_async=False))
        assert data_of(our) == data_of(their)
        assert said(our.errors) == said(their.errors)
        if not our.errors:
            assert our_calls == their_calls
        else:
            assert our_calls.keys() >= their_calls.keys()

    equal()


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_awaited_is_as_equal_as_its_timing_lets_it_be(name: str) -> None:
    made = WITH_COLUMNS[name]

    @SEARCH
    @given(ENTROPY, st.integers(0, 2**32), MISCHIEF, st.booleans())
    def equal(entropy: bytes, seed: int, mischief: int, is_change: bool) -> None:
        question = asked(made.schema, entropy, made.schema.mutation_type if is_change else None)
        our, their, every, our_calls, their_calls = asyncio.run(_both(made, question, seed, mischief, is_async=True))
        assert data_of(our) == data_of(their)
        same_but_for_timing(our, their, every)
        if not our.errors:
            assert our_calls == their_calls

    equal()


async def _both(
    made: World, question: Asked, seed: int, mischief: int, *, is_async: bool
) -> tuple[ExecutionResult, ExecutionResult, ExecutionResult, Counter[str], Counter[str]]:
    dice = [Dice(seed, mischief, is_async) for _ in range(3)]
    our = await ours(made.schema, question, dice[0])
    # What cuts fields and guards changes, which is the standard executor else.
    guard: dict[str, Any] = {"executor_class": GuardedExecutor, "is_let_in": lambda: True}
    their = await theirs(made.schema, question, dice[1], **guard)
    every = await theirs(made.schema, question, dice[2], every_error=True, **guard)
    return our, their, every, dice[0].called, dice[1].called
