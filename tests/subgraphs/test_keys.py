"""The gateway's keys: when they are fetched, and when not."""

from collections.abc import Iterator

import pytest
from joserfc.jwk import ECKey

from subgraphs.reference.keys import (
    SECONDS_BETWEEN_FETCHES,
    SECONDS_TO_KEEP,
    KeysUnavailable,
    PublishedKeys,
    UnknownKey,
)
from tests.subgraphs.gateway import Gateway, serving_gateway

pytestmark = pytest.mark.asyncio


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own_gateway() -> Iterator[Gateway]:
    """A gateway for one test, which may break it."""
    with serving_gateway() as gateway:
        yield gateway


def kid(key: ECKey) -> str:
    assert key.kid is not None
    return key.kid


async def test_keys_are_fetched_once_for_many_assertions(own_gateway: Gateway, clock: Clock) -> None:
    keys = PublishedKeys(own_gateway.jwks_url, clock)

    for _ in range(5):
        await keys.find(kid(own_gateway.es256))

    assert own_gateway.fetches == 1


async def test_a_new_key_is_found_when_it_is_first_used(own_gateway: Gateway, clock: Clock) -> None:
    keys = PublishedKeys(own_gateway.jwks_url, clock)
    await keys.find(kid(own_gateway.es256))
    own_gateway.es256 = ECKey.generate_key("P-256", auto_kid=True)
    clock.now += SECONDS_BETWEEN_FETCHES

    found = await keys.find(kid(own_gateway.es256))

    assert found.as_dict(private=False) == own_gateway.es256.as_dict(private=False)


async def test_unknown_keys_do_not_make_a_producer_flood_the_gateway(own_gateway: Gateway, clock: Clock) -> None:
    keys = PublishedKeys(own_gateway.jwks_url, clock)

    for number in range(50):
        with pytest.raises(UnknownKey):
            await keys.find(f"invented-{number}")

    assert own_gateway.fetches == 1


async def test_a_withdrawn_key_is_forgotten_after_a_while(own_gateway: Gateway, clock: Clock) -> None:
    keys = PublishedKeys(own_gateway.jwks_url, clock)
    withdrawn = kid(own_gateway.es256)
    await keys.find(withdrawn)
    own_gateway.es256 = ECKey.generate_key("P-256", auto_kid=True)
    clock.now += SECONDS_TO_KEEP + 1

    with pytest.raises(UnknownKey):
        await keys.find(withdrawn)


async def test_a_gateway_that_does_not_answer_leaves_the_keys_as_they_were(own_gateway: Gateway, clock: Clock) -> None:
    keys = PublishedKeys(own_gateway.jwks_url, clock)
    await keys.find(kid(own_gateway.es256))
    own_gateway.broken = True
    clock.now += SECONDS_TO_KEEP + 1

    assert await keys.find(kid(own_gateway.es256))
    with pytest.raises(KeysUnavailable):
        await keys.find("new")
    assert own_gateway.fetches == 2


async def test_a_gateway_that_cannot_be_reached_is_told_apart_from_an_unknown_key(clock: Clock) -> None:
    keys = PublishedKeys("http://127.0.0.1:1/.well-known/jwks.json", clock)

    with pytest.raises(KeysUnavailable):
        await keys.find("any")


async def test_a_gateway_that_comes_back_is_found_again(own_gateway: Gateway, clock: Clock) -> None:
    keys = PublishedKeys(own_gateway.jwks_url, clock)
    own_gateway.broken = True
    with pytest.raises(KeysUnavailable):
        await keys.find(kid(own_gateway.es256))
    own_gateway.broken = False
    clock.now += SECONDS_BETWEEN_FETCHES

    assert await keys.find(kid(own_gateway.es256))
