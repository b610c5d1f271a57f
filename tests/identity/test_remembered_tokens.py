"""A token is verified once and then remembered: for how long, and that it is no more believed than a verified one."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from gateway.errors import Unauthenticated
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.issuer_keys import IssuerKeys
from tests.identity.bad_tokens import EXPIRED, FORM
from tests.identity.tokens import HEADER, by_hand, right_claims, signature_of, with_signature
from tests.issuer import ALVA, AUDIENCE, BJORN, ISSUER, Issuer

NOW = 1_800_000_000
MAX_AGE, MIN_INTERVAL = 600.0, 10.0
MOST = 3


class Verifier:
    """Accepts tokens at a time that a test sets, and counts the signatures that are looked at."""

    def __init__(self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = float(NOW)
        self.signatures = 0
        self.reads = 0
        algorithm = JWSRegistry.algorithms["ES256"]
        looked_at = algorithm.verify

        def counted(*given: Any, **named: Any) -> bool:
            self.signatures += 1
            return looked_at(*given, **named)

        async def read() -> bytes:
            self.reads += 1
            return issuer.jwks.read_bytes()

        monkeypatch.setattr(algorithm, "verify", counted)
        self.tokens = AccessTokens(
            IssuerKeys(read, max_age=MAX_AGE, min_interval=MIN_INTERVAL, clock=lambda: self.now),
            issuer=ISSUER,
            audience=AUDIENCE,
            clock=lambda: self.now,
            most_remembered=MOST,
        )

    async def said_of(self, token: str) -> str:
        """The subject of a token that is accepted, and why it is not of another."""
        try:
            return (await self.tokens.verified(token)).subject
        except Unauthenticated as exc:
            return str(exc)


@pytest.fixture
def verifier(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Verifier:
    return Verifier(issuer, monkeypatch)


def token_of(issuer: Issuer, subject: str = ALVA, lifetime: int = 300, **more: Any) -> str:
    return issuer.token(subject=subject, iat=NOW, exp=NOW + lifetime, **more)


async def test_a_token_that_comes_again_is_not_verified_again(verifier: Verifier, issuer: Issuer) -> None:
    token = token_of(issuer)

    first, second = await verifier.tokens.verified(token), await verifier.tokens.verified(token)

    assert first == second
    assert verifier.signatures == 1


async def test_a_remembered_token_expires_at_the_same_moment_as_any_other(verifier: Verifier, issuer: Issuer) -> None:
    token, other = token_of(issuer), token_of(issuer, jti="other")
    await verifier.said_of(token)

    verifier.now = NOW + 300 + 29.9
    at_the_last_moment = await verifier.said_of(token), await verifier.said_of(other)
    verifier.now = NOW + 300 + 30
    after = await verifier.said_of(token), await verifier.said_of(other)

    assert at_the_last_moment == (ALVA, ALVA)
    assert after == (EXPIRED, EXPIRED)


async def test_a_remembered_token_goes_with_the_key_that_signed_it(verifier: Verifier, issuer: Issuer) -> None:
    token = token_of(issuer, lifetime=3_000)
    await verifier.said_of(token)
    issuer.publish(ECKey.generate_key("P-256", {"kid": "second"}))

    verifier.now += MAX_AGE
    before = await verifier.said_of(token)
    verifier.now += 0.001
    after = await verifier.said_of(token)

    assert (before, after) == (ALVA, FORM)
    assert verifier.reads == 2


async def test_a_remembered_token_goes_with_its_key_when_that_is_replaced_under_the_same_id(
    verifier: Verifier, issuer: Issuer
) -> None:
    token = token_of(issuer, lifetime=3_000)
    await verifier.said_of(token)
    issuer.publish(ECKey.generate_key("P-256", {"kid": "first"}))
    verifier.now += MAX_AGE + 1

    assert await verifier.said_of(token) == FORM


async def test_a_remembered_token_is_verified_anew_when_the_keys_were_read_again(
    verifier: Verifier, issuer: Issuer
) -> None:
    token = token_of(issuer, lifetime=3_000)
    await verifier.said_of(token)
    verifier.now += MAX_AGE + 1

    assert [await verifier.said_of(token) for _ in range(3)] == [ALVA] * 3
    assert (verifier.reads, verifier.signatures) == (2, 2)


async def test_what_begins_like_a_remembered_token_is_another(verifier: Verifier, issuer: Issuer) -> None:
    token, other = token_of(issuer), token_of(issuer, BJORN)
    await verifier.said_of(token)

    assert await verifier.said_of(other) == BJORN
    assert await verifier.said_of(with_signature(token, signature_of(other))) == FORM
    assert await verifier.said_of(token[:-4]) == FORM
    assert await verifier.said_of(f"{token}AAAA") == FORM
    assert await verifier.said_of(token.rpartition(".")[0]) == FORM
    assert await verifier.said_of(f"{token}.{signature_of(token)}") == FORM
    assert await verifier.said_of(token) == ALVA


async def test_a_token_that_is_refused_is_not_remembered(verifier: Verifier, issuer: Issuer) -> None:
    forged = by_hand(HEADER, right_claims(iat=NOW, exp=NOW + 300), ECKey.generate_key("P-256", {"kid": "first"}))
    bad = token_of(issuer, aud="https://other.example")

    for token in (forged, bad):
        before = verifier.signatures
        said = {await verifier.said_of(token) for _ in range(3)}
        assert len(said) == 1
        assert ALVA not in said
        assert verifier.signatures == before + 3


async def test_a_header_that_is_known_lets_no_other_part_through(verifier: Verifier, issuer: Issuer) -> None:
    """Of tokens whose header was looked at before, everything else is."""
    await verifier.said_of(token_of(issuer))
    header, claims, signature = token_of(issuer, jti="other").split(".")

    for made in (
        f"{header}.{claims}",
        f"{header}.{claims}.",
        f"{header}..{signature}",
        f"{header}.{claims}!.{signature}",
    ):
        assert await verifier.said_of(made) == FORM
    assert await verifier.said_of(f"{header}.{claims}.{signature * 20}") == FORM


async def test_a_header_that_is_known_means_the_key_of_now_when_that_is_replaced_under_the_same_id(
    verifier: Verifier, issuer: Issuer
) -> None:
    await verifier.said_of(token_of(issuer, lifetime=3_000))
    of_old = token_of(issuer, lifetime=3_000, jti="other")
    key = ECKey.generate_key("P-256", {"kid": "first"})
    issuer.publish(key)
    of_new = by_hand(HEADER, right_claims(iat=NOW, exp=NOW + 3_000), key)
    before = await verifier.said_of(of_new)
    verifier.now += MAX_AGE + 1

    assert before == FORM
    assert await verifier.said_of(of_old) == FORM
    assert [await verifier.said_of(token) for token in (of_new, of_old, of_new)] == [ALVA, FORM, ALVA]


async def test_no_more_are_remembered_than_may_be_and_the_one_used_last_stays(
    verifier: Verifier, issuer: Issuer
) -> None:
    used, *others = [token_of(issuer, jti=f"{number}") for number in range(MOST + 3)]
    for token in others:
        await verifier.said_of(used)
        await verifier.said_of(token)
    before = verifier.signatures

    await verifier.said_of(used)
    await verifier.said_of(others[-1])
    assert verifier.signatures == before
    await verifier.said_of(others[0])
    assert verifier.signatures == before + 1


async def test_neither_a_token_nor_a_number_is_shown_by_what_remembers_it(verifier: Verifier, issuer: Issuer) -> None:
    token = token_of(issuer)
    await verifier.said_of(token)

    shown = repr(vars(verifier.tokens))

    assert "_remembered" in shown
    assert token.split(".")[1] not in shown
    assert signature_of(token) not in shown
    assert ALVA not in shown
