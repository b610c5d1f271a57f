"""What makes an access token acceptable, and every way in which one is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from gateway.errors import Unauthenticated
from gateway.identity.access_tokens import MOST_CHARACTERS, REQUIRED_CLAIMS, AccessTokens
from gateway.identity.issuer_keys import IssuerKeys
from tests.identity.tokens import HEADER, by_hand, right_claims, with_public_key_as_secret
from tests.issuer import ALVA, AUDIENCE, ISSUER, Issuer

MakeToken = Callable[[Issuer], str]

FORM = "The access token's signature or form is not accepted."


def of_claim(name: str) -> str:
    return f"The access token's claim {name} is not one that is accepted here."


def lacking(name: str) -> str:
    return f"The access token lacks the claim {name}."


@pytest.fixture
def tokens(issuer: Issuer) -> AccessTokens:
    return tokens_of(issuer)


def tokens_of(issuer: Issuer) -> AccessTokens:
    async def read() -> bytes:
        return issuer.jwks.read_bytes()

    return AccessTokens(IssuerKeys(read, max_age=600, min_interval=10), issuer=ISSUER, audience=AUDIENCE)


def wrong(name: str, says: str, make: MakeToken) -> Any:
    return pytest.param(make, says, id=name)


def claiming(says: str, /, **claims: Any) -> Any:
    return wrong(f"{claims}", says, lambda issuer: issuer.token(**claims))


def in_seconds(name: str, seconds: int, says: str) -> Any:
    """A claim that is a moment so far from now."""
    return wrong(f"{name} {seconds:+} s", says, lambda issuer: issuer.token(**from_now(name, seconds)))


def from_now(claim: str, seconds: int) -> dict[str, Any]:
    return {claim: int(time.time()) + seconds}


def headed(says: str, /, **header: Any) -> Any:
    """A token that is right but for its header, and signed by the issuer all the same."""
    return wrong(f"{header}", says, lambda issuer: by_hand({**HEADER, **header}, right_claims(), issuer.key))


def without_header(name: str, says: str) -> Any:
    header = {key: value for key, value in HEADER.items() if key != name}
    return wrong(f"no {name}", says, lambda issuer: by_hand(header, right_claims(), issuer.key))


def without_claim(name: str) -> Any:
    return wrong(f"no {name}", lacking(name), lambda issuer: issuer.token(without=(name,)))


FORMS = [
    wrong("empty", FORM, lambda _: ""),
    wrong("no dots", FORM, lambda _: "garbage"),
    wrong("only dots", FORM, lambda _: ".."),
    wrong("dots", FORM, lambda _: "a.b.c"),
    wrong("encrypted", FORM, lambda _: "a.b.c.d.e"),
    wrong("not ASCII", FORM, lambda _: "ärende.ärende.ärende"),
    wrong("header is a list", FORM, lambda issuer: by_hand(["alg", "typ", "kid"], right_claims(), issuer.key)),
    wrong("header is a string", FORM, lambda issuer: by_hand("alg", right_claims(), issuer.key)),
    wrong("header is a number", FORM, lambda issuer: by_hand(5, right_claims(), issuer.key)),
    wrong("header is null", FORM, lambda issuer: by_hand(None, right_claims(), issuer.key)),
    wrong("claims are a list", FORM, lambda issuer: by_hand(HEADER, [right_claims()], issuer.key)),
    wrong("claims are a string", FORM, lambda issuer: by_hand(HEADER, "sub", issuer.key)),
    wrong(
        "longer than it may be",
        f"The access token is longer than {MOST_CHARACTERS} characters.",
        lambda issuer: issuer.token(extra="x" * MOST_CHARACTERS),
    ),
    wrong("changed after signing", FORM, lambda issuer: other_claims_under_the_signature_of(issuer.token())),
    wrong("signature cut off", FORM, lambda issuer: issuer.token().rpartition(".")[0] + "."),
]

ALGORITHM = "The access token's algorithm (alg) must be one of EdDSA, Ed25519, ES256, ES384, PS256, RS256."
TYPE = "The access token's type (typ) must be at+jwt."
KEY_ID = "The access token must name its key (kid)."

HEADERS = [
    headed(ALGORITHM, alg="none"),
    headed(ALGORITHM, alg="None"),
    headed(ALGORITHM, alg="ES512"),
    headed(ALGORITHM, alg="es256"),
    headed(ALGORITHM, alg=["ES256"]),
    headed(ALGORITHM, alg=None),
    wrong("unsigned", ALGORITHM, lambda _: by_hand({**HEADER, "alg": "none"}, right_claims())),
    wrong("the public key as a shared secret", ALGORITHM, lambda issuer: with_public_key_as_secret(issuer.key)),
    without_header("alg", FORM),
    headed(TYPE, typ="JWT"),
    headed(TYPE, typ="at+jwt; charset=utf-8"),
    headed(TYPE, typ=["at+jwt"]),
    without_header("typ", TYPE),
    headed(FORM, kid="unknown"),
    headed(FORM, kid=""),
    headed(KEY_ID, kid=["first"]),
    headed(KEY_ID, kid=None),
    without_header("kid", KEY_ID),
    headed(FORM, crit=["exp"], exp=1),
    headed(FORM, crit=["something"], something=1),
    headed(FORM, crit=["b64"], b64=False),
    headed(FORM, crit="alg"),
]

CLAIMS = [
    *(without_claim(name) for name in REQUIRED_CLAIMS),
    in_seconds("exp", -31, "The access token has expired."),
    in_seconds("nbf", +90, of_claim("nbf")),
    in_seconds("iat", +90, of_claim("iat")),
    claiming(of_claim("exp"), exp="4102444800"),
    claiming(of_claim("exp"), exp=True),
    claiming(lacking("exp"), exp=None),
    claiming(of_claim("exp"), exp=float("nan")),
    claiming(of_claim("exp"), exp=float("inf")),
    claiming(of_claim("nbf"), nbf="now"),
    claiming(of_claim("iat"), iat="now"),
    claiming(of_claim("iss"), iss=f"{ISSUER}/"),
    claiming(of_claim("iss"), iss=[ISSUER]),
    claiming(of_claim("aud"), aud="https://other.example"),
    claiming(of_claim("aud"), aud=["https://other.example"]),
    claiming(of_claim("aud"), aud=[]),
    claiming(of_claim("aud"), aud=[[AUDIENCE]]),
    claiming(of_claim("aud"), aud={AUDIENCE: True}),
    claiming(of_claim("aud"), aud=5),
    claiming(of_claim("jti"), jti=""),
    claiming(of_claim("jti"), jti=5),
    *(
        claiming(of_claim("sub"), subject=subject)
        for subject in ("", "a b", f"{ALVA}\n", "1" * 129, "ärende", "<script>", 199003152390, [ALVA], {"sub": ALVA})
    ),
    claiming(of_claim("client_id"), consumer="a portal"),
    claiming(of_claim("client_id"), consumer=["business-portal"]),
    *(
        claiming(of_claim("act.sub"), act=act)
        for act in (None, ALVA, [ALVA], {}, {"sub": None}, {"sub": 5}, {"sub": ""}, {"sub": "a b"}, {"actor": ALVA})
    ),
    *(claiming(of_claim("scope"), scope=scope) for scope in (5, None, ["read"], {"read": True})),
]


@pytest.mark.parametrize(("make", "says"), [*FORMS, *HEADERS, *CLAIMS])
async def test_a_token_that_is_wrong_is_refused_and_told_why(
    tokens: AccessTokens, issuer: Issuer, make: MakeToken, says: str
) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await tokens.claims(make(issuer))

    assert str(refused.value) == says
    assert refused.value.error == "invalid_token"


def other_claims_under_the_signature_of(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{by_hand({}, {**right_claims(), 'sub': '198811274560'}).split('.')[1]}.{signature}"


async def test_a_token_signed_with_another_key_under_the_same_key_id_is_refused(
    tokens: AccessTokens, issuer: Issuer
) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "first"})

    with pytest.raises(Unauthenticated, match="signature"):
        await tokens.claims(issuer.token(key=stranger))


@pytest.mark.parametrize("brought", ["jwk", "jku", "x5u", "x5c"])
async def test_a_key_that_a_token_brings_along_is_never_used(
    tokens: AccessTokens, issuer: Issuer, brought: str
) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "first"})
    value = {
        "jwk": stranger.as_dict(private=False),
        "jku": "https://stranger.example/jwks.json",
        "x5u": "https://stranger.example/certificate.pem",
        "x5c": ["MIIB"],
    }[brought]

    with pytest.raises(Unauthenticated, match="signature"):
        await tokens.claims(by_hand({**HEADER, brought: value}, right_claims(), stranger))


async def test_a_header_parameter_that_means_nothing_here_is_ignored(tokens: AccessTokens, issuer: Issuer) -> None:
    claims = await tokens.claims(by_hand({**HEADER, "vendor": "anything"}, right_claims(), issuer.key))

    assert claims["sub"] == ALVA


@pytest.mark.parametrize("type_", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_is_accepted_in_the_forms_that_media_types_have(
    tokens: AccessTokens, issuer: Issuer, type_: str
) -> None:
    assert await tokens.claims(issuer.token(header={"typ": type_}))


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -15), ("nbf", 15), ("iat", 15)])
async def test_clocks_may_differ_by_up_to_thirty_seconds(
    tokens: AccessTokens, issuer: Issuer, claim: str, seconds: int
) -> None:
    assert await tokens.claims(issuer.token(**from_now(claim, seconds)))


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["https://other.example", AUDIENCE]])
async def test_the_gateway_may_be_one_audience_among_several(
    tokens: AccessTokens, issuer: Issuer, audience: object
) -> None:
    assert await tokens.claims(issuer.token(aud=audience))


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
async def test_each_algorithm_that_is_allowed_is_accepted(
    tokens: AccessTokens, issuer: Issuer, algorithm: str, key: Key
) -> None:
    issuer.publish(issuer.key, key)

    claims = await tokens.claims(issuer.token(header={"alg": algorithm, "kid": "second"}, key=key))

    assert claims["client_id"] == "business-portal"


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

    with pytest.raises(Unauthenticated, match="signature"):
        await tokens.claims(forged)
