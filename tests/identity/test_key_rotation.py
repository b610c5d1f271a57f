"""The issuer changes its keys, there and back: from when on, and for how long, each of them is good."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey

from gateway.errors import Unauthenticated
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.issuer_keys import IssuerKeys
from tests.issuer import AUDIENCE, ISSUER, Issuer

MAX_AGE, MIN_INTERVAL = 600.0, 10.0


class Rotation:
    """An issuer with an old and a new key, and what accepts its tokens at a time that a test sets."""

    def __init__(self, issuer: Issuer) -> None:
        self.publish = issuer.publish
        self.old, self.new = issuer.key, ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
        self.of_old = issuer.token(header={"kid": "first"}, key=self.old)
        self.of_new = issuer.token(header={"kid": "second"}, key=self.new)
        self.now = 1_000.0

        async def read() -> bytes:
            return issuer.jwks.read_bytes()

        keys = IssuerKeys(read, max_age=MAX_AGE, min_interval=MIN_INTERVAL, clock=lambda: self.now)
        self._tokens = AccessTokens(keys, issuer=ISSUER, audience=AUDIENCE)

    async def accepts(self, token: str) -> bool:
        """Whether the token is accepted now."""
        try:
            await self._tokens.verified(token)
        except Unauthenticated:
            return False
        return True


@pytest.fixture
async def rotation(issuer: Issuer) -> Rotation:
    """Before anything changes: the old key alone is published, and has been used."""
    rotation = Rotation(issuer)
    assert await rotation.accepts(rotation.of_old)
    return rotation


async def test_a_new_key_is_good_as_soon_as_it_is_used_and_the_old_one_beside_it(rotation: Rotation) -> None:
    rotation.publish(rotation.old, rotation.new)
    rotation.now += MIN_INTERVAL + 1

    assert await rotation.accepts(rotation.of_new)
    assert await rotation.accepts(rotation.of_old)


async def test_a_new_key_is_not_good_before_it_is_published_but_soon_after(rotation: Rotation) -> None:
    rotation.now += MIN_INTERVAL + 1
    too_early = await rotation.accepts(rotation.of_new)
    rotation.publish(rotation.old, rotation.new)
    rotation.now += MIN_INTERVAL
    within_the_interval = await rotation.accepts(rotation.of_new)
    rotation.now += 0.001

    assert (too_early, within_the_interval) == (False, False)
    assert await rotation.accepts(rotation.of_new)


async def test_a_withdrawn_key_is_good_no_longer_than_the_keys_may_be_old(rotation: Rotation) -> None:
    rotation.publish(rotation.new)
    rotation.now += MAX_AGE
    at_the_last_moment = await rotation.accepts(rotation.of_old)
    rotation.now += 0.001

    assert at_the_last_moment
    assert not await rotation.accepts(rotation.of_old)
    assert await rotation.accepts(rotation.of_new)


async def test_a_withdrawn_key_is_bad_as_soon_as_the_new_one_is_used(rotation: Rotation) -> None:
    rotation.publish(rotation.new)
    rotation.now += MIN_INTERVAL + 1

    assert await rotation.accepts(rotation.of_new)
    assert not await rotation.accepts(rotation.of_old)


async def test_an_issuer_can_go_back_to_its_old_key(rotation: Rotation) -> None:
    rotation.publish(rotation.new)
    rotation.now += MIN_INTERVAL + 1
    assert await rotation.accepts(rotation.of_new)
    rotation.publish(rotation.old)
    rotation.now += MIN_INTERVAL + 1

    assert await rotation.accepts(rotation.of_old)
    assert not await rotation.accepts(rotation.of_new)


async def test_another_key_under_the_same_id_is_good_when_the_keys_are_read_again(
    rotation: Rotation, issuer: Issuer
) -> None:
    other = ECKey.generate_key("P-256", {"kid": "first"})
    of_other = issuer.token(key=other)
    rotation.publish(other)
    rotation.now += MAX_AGE
    before = [await rotation.accepts(token) for token in (of_other, rotation.of_old)]
    rotation.now += 1

    assert before == [False, True]
    assert [await rotation.accepts(token) for token in (of_other, rotation.of_old)] == [True, False]
