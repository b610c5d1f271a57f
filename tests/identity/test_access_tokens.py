"""What makes an access token acceptable, and what is made of one that is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from gateway.errors import Unauthenticated
from gateway.identity.access_tokens import LAST_MOMENT, AccessToken, AccessTokens
from gateway.identity.issuer_keys import IssuerKeys
from tests.identity.bad_tokens import BAD_TOKENS, EXPIRED, FORM, TOO_LONG, MakeToken, of_claim
from tests.identity.tokens import HEADER, by_hand, right_claims, written
from tests.issuer import ALL_SCOPES, ALVA, AUDIENCE, BJORN, COMPANY, ISSUER, Issuer

NOW = 1_800_000_000


def tokens_of(issuer: Issuer, **more: Any) -> AccessTokens:
    async def read() -> bytes:
        return issuer.jwks.read_bytes()

    return AccessTokens(IssuerKeys(read, max_age=600, min_interval=10), issuer=ISSUER, audience=AUDIENCE, **more)


@pytest.fixture
def tokens(issuer: Issuer) -> AccessTokens:
    return tokens_of(issuer)


async def refusal_of(tokens: AccessTokens, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await tokens.verified(token)
    assert refused.value.error == "invalid_token"
    return str(refused.value)


async def test_a_right_token_says_who_asks_for_whom_and_what_for(tokens: AccessTokens, issuer: Issuer) -> None:
    assert await tokens.verified(issuer.token()) == AccessToken(
        client_id="business-portal", subject=ALVA, actors=(), scopes=frozenset(ALL_SCOPES.split())
    )


@pytest.mark.parametrize(("make", "says"), BAD_TOKENS)
async def test_a_token_that_is_wrong_is_refused_and_told_why(
    tokens: AccessTokens, issuer: Issuer, make: MakeToken, says: str
) -> None:
    assert await refusal_of(tokens, make(issuer)) == says


def test_the_table_has_at_least_forty_bad_tokens_and_none_twice() -> None:
    names = [row.id for row in BAD_TOKENS]

    assert len(set(names)) == len(names) >= 40


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        (None, set()),
        ("", set()),
        (" ", set()),
        ("case-groups:read", {"case-groups:read"}),
        (" subject:read  subject:read case-groups:read ", {"subject:read", "case-groups:read"}),
        ("!#[]~ anything-else", {"!#[]~", "anything-else"}),
    ],
)
async def test_scopes_are_words_between_spaces(
    tokens: AccessTokens, issuer: Issuer, scope: str | None, scopes: set[str]
) -> None:
    assert (await tokens.verified(issuer.token(scope=scope))).scopes == scopes


@pytest.mark.parametrize(
    ("subject", "act", "actors"),
    [
        (COMPANY, (ALVA,), (ALVA,)),
        (COMPANY, (ALVA, BJORN), (ALVA, BJORN)),
        (COMPANY, (ALVA, BJORN, "acme-bureau"), (ALVA, BJORN, "acme-bureau")),
        (ALVA, (ALVA,), ()),
        (ALVA, (), ()),
    ],
)
async def test_actors_come_in_the_tokens_order_and_the_subject_alone_is_none(
    tokens: AccessTokens, issuer: Issuer, subject: str, act: Sequence[str], actors: Sequence[str]
) -> None:
    token = await tokens.verified(issuer.token(subject=subject, actor=act))

    assert (token.subject, token.actors) == (subject, tuple(actors))


async def test_other_members_of_act_mean_nothing_here(tokens: AccessTokens, issuer: Issuer) -> None:
    act = {"sub": BJORN, "iss": ISSUER, "name": "Björn Sand"}

    assert (await tokens.verified(issuer.token(act=act))).actors == (BJORN,)


@pytest.mark.parametrize("name", ["a", "a" * 128, "199003152390", "A.z_0:9@b-c"])
async def test_parties_are_up_to_128_plain_characters(tokens: AccessTokens, issuer: Issuer, name: str) -> None:
    token = await tokens.verified(issuer.token(consumer=name, subject=name, act={"sub": "x"}))

    assert (token.client_id, token.subject) == (name, name)


def test_a_tokens_repr_shows_no_identity_number() -> None:
    token = AccessToken("portal", COMPANY, (ALVA, BJORN), frozenset())

    assert repr(token) == "AccessToken(client_id='portal', scopes=frozenset())"


@pytest.mark.parametrize(
    ("claim", "off", "says"),
    [
        ("exp", -29, None),
        ("exp", -30, EXPIRED),
        ("exp", -31, EXPIRED),
        ("nbf", 29, None),
        ("nbf", 30, None),
        ("nbf", 31, of_claim("nbf")),
        ("iat", 29, None),
        ("iat", 30, None),
        ("iat", 31, of_claim("iat")),
        ("nbf", -(10**9), None),
        ("iat", -(10**9), None),
    ],
)
async def test_clocks_may_differ_by_thirty_seconds_and_no_more(
    issuer: Issuer, claim: str, off: int, says: str | None
) -> None:
    tokens = tokens_of(issuer, clock=lambda: NOW + 0.9)
    moments: dict[str, Any] = {"iat": NOW, "exp": NOW + 300, claim: NOW + off}
    token = issuer.token(**moments)

    if says is None:
        assert await tokens.verified(token)
    else:
        assert await refusal_of(tokens, token) == says


def test_the_last_moment_is_the_end_of_the_year_9999() -> None:
    assert datetime.fromtimestamp(LAST_MOMENT, UTC) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("exp", [LAST_MOMENT, LAST_MOMENT - 0.5, NOW + 0.5])
async def test_a_moment_is_any_number_of_seconds_to_the_end_of_the_year_9999(issuer: Issuer, exp: float) -> None:
    assert await tokens_of(issuer, clock=lambda: NOW).verified(issuer.token(iat=NOW, exp=exp))


async def test_a_token_may_have_8192_characters(tokens: AccessTokens, issuer: Issuer) -> None:
    assert await tokens.verified(of_length(8_192, issuer))
    assert await refusal_of(tokens, of_length(8_193, issuer)) == TOO_LONG


def of_length(wanted: int, issuer: Issuer) -> str:
    """A right token of so many characters."""
    for more in range(4):
        header = {**HEADER, "vendor": "x" * more}
        shortest = len(by_hand(header, right_claims(vendor=""), issuer.key))
        for length in range((wanted - shortest) * 3 // 4 - 3, (wanted - shortest) * 3 // 4 + 3):
            token = by_hand(header, right_claims(vendor="x" * length), issuer.key)
            if len(token) == wanted:
                return token
    raise AssertionError


@pytest.mark.parametrize("type_", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
async def test_the_type_is_accepted_in_the_forms_that_media_types_have(
    tokens: AccessTokens, issuer: Issuer, type_: str
) -> None:
    assert await tokens.verified(issuer.token(header={"typ": type_}))


@pytest.mark.parametrize(
    "more",
    [
        {"vendor": "anything"},
        {"jku": "https://stranger.example/jwks.json"},
        {"jwk": OKPKey.generate_key("Ed25519").as_dict(private=False)},
        {"cty": "JWT"},
        {"b64": True},
        {"exp": 1},
    ],
    ids=lambda member: next(iter(member)),
)
async def test_what_a_header_holds_beyond_type_algorithm_and_key_id_means_nothing(
    tokens: AccessTokens, issuer: Issuer, more: dict[str, Any]
) -> None:
    assert (await tokens.verified(by_hand({**HEADER, **more}, right_claims(), issuer.key))).subject == ALVA


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["https://other.example", AUDIENCE], [AUDIENCE, AUDIENCE]])
async def test_the_gateway_may_be_one_audience_among_several(
    tokens: AccessTokens, issuer: Issuer, audience: object
) -> None:
    assert await tokens.verified(issuer.token(aud=audience))


async def test_a_member_may_have_the_name_of_one_elsewhere_in_the_token(tokens: AccessTokens, issuer: Issuer) -> None:
    assert await tokens.verified(issuer.token(vendor=[{"sub": "a"}, {"sub": "b", "vendor": {"exp": 1}}]))


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "second"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "second"})),
        ("ES384", ECKey.generate_key("P-384", {"kid": "second"})),
        ("PS256", RSAKey.generate_key(2048, {"kid": "second"})),
        ("RS256", RSAKey.generate_key(2048, {"kid": "second"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_algorithm_that_is_allowed_is_accepted_and_a_forgery_under_it_is_not(
    tokens: AccessTokens, issuer: Issuer, algorithm: str, key: Key
) -> None:
    issuer.publish(issuer.key, key)
    token = issuer.token(header={"alg": algorithm, "kid": "second"}, key=key)
    cut = token[:-8]

    assert (await tokens.verified(token)).client_id == "business-portal"
    assert await refusal_of(tokens, cut) == FORM


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519", "ES256", "ES384", "PS256", "RS256"])
@pytest.mark.parametrize(
    "key",
    [
        OKPKey.generate_key("X25519", {"kid": "odd"}),
        OKPKey.generate_key("Ed448", {"kid": "odd"}),
        OKPKey.generate_key("Ed25519", {"kid": "odd"}),
        ECKey.generate_key("P-256", {"kid": "odd"}),
        ECKey.generate_key("P-384", {"kid": "odd"}),
        ECKey.generate_key("secp256k1", {"kid": "odd"}),
        RSAKey.generate_key(2048, {"kid": "odd"}),
        RSAKey.generate_key(2048, {"kid": "odd", "use": "enc"}),
        OctKey.import_key("0123456789abcdef0123456789abcdef", {"kid": "odd"}),
    ],
    ids=lambda key: f"{key.key_type} {key.as_dict(private=False).get('crv', '')}",
)
async def test_a_key_and_an_algorithm_that_do_not_belong_together_are_no_more_than_a_refusal(
    tokens: AccessTokens, issuer: Issuer, key: Key, algorithm: str
) -> None:
    issuer.publish(issuer.key, key)
    forged = by_hand({**HEADER, "alg": algorithm, "kid": "odd"}, right_claims(), issuer.key)

    assert await refusal_of(tokens, forged) == FORM


async def test_a_key_that_the_issuer_publishes_for_another_algorithm_is_not_used(
    tokens: AccessTokens, issuer: Issuer
) -> None:
    key = RSAKey.generate_key(2048, {"kid": "second", "alg": "PS256"})
    issuer.publish(issuer.key, key)
    other = RSAKey.import_key(key.as_dict(private=True) | {"alg": "RS256"})

    assert await tokens.verified(issuer.token(header={"alg": "PS256", "kid": "second"}, key=key))
    assert await refusal_of(tokens, issuer.token(header={"alg": "RS256", "kid": "second"}, key=other)) == FORM


async def test_claims_are_not_looked_at_before_the_signature_holds(tokens: AccessTokens, issuer: Issuer) -> None:
    """Nobody learns from the answer to a forged token which issuer, audience or subject would be right."""
    stranger = ECKey.generate_key("P-256", {"kid": "first"})
    claims: Sequence[Callable[[], str]] = (
        lambda: json.dumps(right_claims(exp=1)),
        lambda: json.dumps(right_claims(aud="https://other.example")),
        lambda: json.dumps(right_claims(sub=5)),
        lambda: "{}",
        lambda: "no JSON",
    )

    assert {await refusal_of(tokens, written(json.dumps(HEADER), text(), stranger)) for text in claims} == {FORM}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CLAIM = st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "act", "scope", "amr", "cnf"])
PARAMETER = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5c", "x5u", "cty", "vendor"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.dictionaries(PARAMETER, JSON, max_size=2), claims=st.dictionaries(CLAIM, JSON, max_size=3))
async def test_whatever_a_token_holds_it_is_accepted_or_refused_and_nothing_else(
    tokens: AccessTokens, issuer: Issuer, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    token = by_hand({**HEADER, **header}, right_claims(**claims), issuer.key)

    with suppress(Unauthenticated):
        assert isinstance(await tokens.verified(token), AccessToken)
        assert "crit" not in header
