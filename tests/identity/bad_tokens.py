"""Every known way in which an access token is wrong, and what is said of it: one table for all that refuse tokens.

A row is a name, the sentence, and how the token is made by an issuer, or in its name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.identity.access_tokens import LAST_MOMENT, REQUIRED_CLAIMS
from tests.identity.tokens import (
    HEADER,
    base64url,
    by_hand,
    in_the_other_alphabet,
    padded,
    right_claims,
    said_twice,
    saying,
    signature_of,
    signed_in_der,
    with_other_claims,
    with_other_header,
    with_secret,
    with_signature,
    with_stray_bits,
    written,
)
from tests.issuer import ALVA, AUDIENCE, BJORN, COMPANY, ISSUER, Issuer, acting

MakeToken = Callable[[Issuer], str]

FORM = "The access token's signature or form is not accepted."
ALGORITHM = "The access token's algorithm (alg) must be one of EdDSA, Ed25519, ES256, ES384, PS256, RS256."
TYPE = "The access token's type (typ) must be at+jwt."
KEY_ID = "The access token must name its key (kid)."
CRITICAL = "The access token's header demands extensions (crit); none is understood here."
TOO_LONG = "The access token is longer than 8192 characters."
EXPIRED = "The access token has expired."
TOO_MANY = "The access token's claim act names more than 3 who act for another."
TWICE = "The access token names somebody twice among its subject and those who act for it (act)."

STRANGER = ECKey.generate_key("P-256", {"kid": "first"})
"""A key that is not the issuer's, under the id of one that is."""


def of_claim(name: str) -> str:
    """What is said of a claim with a value that cannot be accepted."""
    return f"The access token's claim {name} is not one that is accepted here."


def lacking(name: str) -> str:
    """What is said of a claim that is not there."""
    return f"The access token lacks the claim {name}."


def no_object(name: str) -> str:
    """What is said of an `act` that is not one."""
    return f"The access token's claim {name} must be an object with a sub."


def row(name: str, says: str, make: MakeToken) -> Any:
    return pytest.param(make, says, id=name)


def mended(name: str, says: str, mend: Callable[[str], str]) -> Any:
    """A right token with something done to its text."""
    return row(name, says, lambda issuer: mend(issuer.token()))


def headed(name: str, says: str, /, **header: Any) -> Any:
    """Signed by the issuer; right but for its header."""
    return row(name, says, lambda issuer: by_hand({**HEADER, **header}, right_claims(), issuer.key))


def without_header(name: str, says: str) -> Any:
    header = {parameter: value for parameter, value in HEADER.items() if parameter != name}
    return row(f"no {name}", says, lambda issuer: by_hand(header, right_claims(), issuer.key))


def header_text(name: str, text: str | bytes) -> Any:
    """Signed by the issuer; the header is this text."""
    return row(name, FORM, lambda issuer: written(text, json.dumps(right_claims()), issuer.key))


def forged(name: str, says: str = FORM, /, **header: Any) -> Any:
    """Signed by a stranger who says where the key is that verifies it."""
    return row(name, says, lambda _: by_hand({**HEADER, **header}, right_claims(), STRANGER))


def claiming(name: str, says: str, /, **claims: Any) -> Any:
    """Signed by the issuer; right but for its claims."""
    return row(name, says, lambda issuer: by_hand(HEADER, right_claims(**claims), issuer.key))


def in_seconds(claim: str, seconds: int, says: str) -> Any:
    """Signed by the issuer; a claim is a moment so far from now."""

    def make(issuer: Issuer) -> str:
        return by_hand(HEADER, right_claims(**{claim: int(time.time()) + seconds}), issuer.key)

    return row(f"{claim} {seconds:+} s", says, make)


def without_claim(name: str) -> Any:
    """Signed by the issuer; right but that it lacks a claim."""
    return row(f"no {name}", lacking(name), lambda issuer: issuer.token(without=(name,)))


def claims_text(name: str, says: str, text: Callable[[], str | bytes]) -> Any:
    """Signed by the issuer; the claims are this text."""
    return row(name, says, lambda issuer: written(json.dumps(HEADER), text(), issuer.key))


FORMS = [
    row("empty", FORM, lambda _: ""),
    row("garbage", FORM, lambda _: "garbage"),
    row("dots alone", FORM, lambda _: ".."),
    row("no base64 between the dots", FORM, lambda _: "a.b.c"),
    row("not ASCII", FORM, lambda _: "\xe4rende.\xe4rende.\xe4rende"),
    mended("two parts", FORM, lambda token: token.rpartition(".")[0]),
    mended("four parts", FORM, lambda token: f"{token}.{signature_of(token)}"),
    mended("a dot at the end", FORM, lambda token: f"{token}."),
    row("encrypted", FORM, lambda _: f"{base64url(json.dumps({'alg': 'dir', 'enc': 'A256GCM'}))}..AAAA.AAAA.AAAA"),
    mended("a space within", FORM, lambda token: token.replace(".", " .", 1)),
    mended("a tab within", FORM, lambda token: token.replace(".", "\t.", 1)),
    mended("two tokens", FORM, lambda token: f"{token} {token}"),
    mended("two tokens with a comma", FORM, lambda token: f"{token},{token}"),
    mended("in quotation marks", FORM, lambda token: f'"{token}"'),
    mended("padded header", FORM, lambda token: padded(token, 0)),
    mended("padded claims", FORM, lambda token: padded(token, 1)),
    mended("padded signature", FORM, lambda token: padded(token, 2)),
    mended("stray bits at the end", FORM, with_stray_bits),
    row("base64 with + and /", FORM, lambda issuer: in_the_other_alphabet(issuer.key)),
    row("oversized", TOO_LONG, lambda issuer: issuer.token(extra="x" * 8_192)),
    headed("oversized header", FORM, vendor="x" * 500),
]

SIGNATURES = [
    mended("no signature", FORM, lambda token: with_signature(token, "")),
    mended("signature cut short", FORM, lambda token: token[:-4]),
    mended("signature too long", FORM, lambda token: f"{token}AAAA"),
    mended("signature of zeros", FORM, lambda token: with_signature(token, bytes(64))),
    mended("signature of ones", FORM, lambda token: with_signature(token, b"\xff" * 64)),
    row("signature in DER", FORM, lambda issuer: signed_in_der(issuer.key)),
    row("signature of another token", FORM, lambda one: with_signature(one.token(), signature_of(one.token()))),
    mended("claims changed", FORM, with_other_claims),
    mended("header changed", FORM, with_other_header),
    row("another's key under a known id", FORM, lambda issuer: issuer.token(key=STRANGER)),
]

ALGORITHMS = [
    row("unsigned", ALGORITHM, lambda _: by_hand({**HEADER, "alg": "none"}, right_claims())),
    row("unsigned, None", ALGORITHM, lambda _: by_hand({**HEADER, "alg": "None"}, right_claims())),
    row("unsigned, NONE", ALGORITHM, lambda _: by_hand({**HEADER, "alg": "NONE"}, right_claims())),
    headed("signed but alg none", ALGORITHM, alg="none"),
    row("HS256 with the public PEM", ALGORITHM, lambda issuer: with_secret(issuer.key.as_pem(private=False))),
    row("HS256 with the public DER", ALGORITHM, lambda issuer: with_secret(issuer.key.as_der(private=False))),
    row(
        "HS256 with the public JWK",
        ALGORITHM,
        lambda issuer: with_secret(json.dumps(issuer.key.as_dict(private=False)).encode()),
    ),
    row("HS384", ALGORITHM, lambda issuer: with_secret(issuer.key.as_pem(private=False), "HS384")),
    row("HS512", ALGORITHM, lambda issuer: with_secret(issuer.key.as_pem(private=False), "HS512")),
    row("HS256 with nothing", ALGORITHM, lambda _: with_secret(b"")),
    headed("ES512", ALGORITHM, alg="ES512"),
    headed("ES256K", ALGORITHM, alg="ES256K"),
    headed("RS512", ALGORITHM, alg="RS512"),
    headed("small letters", ALGORITHM, alg="es256"),
    headed("alg with a space", ALGORITHM, alg="ES256 "),
    headed("alg is a list", ALGORITHM, alg=["ES256"]),
    headed("alg is null", ALGORITHM, alg=None),
    headed("alg is an object", ALGORITHM, alg={"ES256": True}),
    without_header("alg", FORM),
    headed("alg of another curve", FORM, alg="ES384"),
    headed("alg of another kind of key", FORM, alg="Ed25519"),
    row(
        "signed by Ed25519 under the id of a P-256 key",
        FORM,
        lambda issuer: issuer.token(header={"alg": "Ed25519"}, key=OKPKey.generate_key("Ed25519", {"kid": "first"})),
    ),
    row(
        "signed by RSA under the id of a P-256 key",
        FORM,
        lambda issuer: issuer.token(header={"alg": "RS256"}, key=RSAKey.generate_key(2048, {"kid": "first"})),
    ),
]

HEADERS = [
    headed("typ of an ID token", TYPE, typ="JWT"),
    headed("typ id+jwt", TYPE, typ="id+jwt"),
    headed("typ logout+jwt", TYPE, typ="logout+jwt"),
    headed("typ with a parameter", TYPE, typ="at+jwt; charset=utf-8"),
    headed("typ is a list", TYPE, typ=["at+jwt"]),
    headed("typ is null", TYPE, typ=None),
    headed("typ is empty", TYPE, typ=""),
    without_header("typ", TYPE),
    headed("kid is unknown", FORM, kid="unknown"),
    headed("kid is empty", FORM, kid=""),
    headed("kid in other letters", FORM, kid="FIRST"),
    headed("kid is very long", FORM, kid="k" * 400),
    headed("kid is a path", FORM, kid="../../../../dev/null"),
    headed("kid is SQL", FORM, kid="first' OR '1'='1"),
    headed("kid is an operator", KEY_ID, kid={"$ne": ""}),
    headed("kid is a list", KEY_ID, kid=["first"]),
    headed("kid is a number", KEY_ID, kid=1),
    headed("kid is null", KEY_ID, kid=None),
    without_header("kid", KEY_ID),
    headed("crit: something unknown", CRITICAL, crit=["something"], something=1),
    headed("crit: exp", CRITICAL, crit=["exp"], exp=1),
    headed("crit: alg", CRITICAL, crit=["alg"]),
    headed("crit: nothing", CRITICAL, crit=[]),
    headed("crit is no list", CRITICAL, crit="alg"),
    headed("crit is null", CRITICAL, crit=None),
    headed("unencoded claims", CRITICAL, crit=["b64"], b64=False),
    headed("unencoded claims, not critical", FORM, b64=False),
    forged("brings its key along", jwk=STRANGER.as_dict(private=False)),
    forged("says where its keys are", jku="https://stranger.example/jwks.json"),
    forged("says where its certificate is", x5u="https://stranger.example/certificate.pem"),
    forged("brings its certificate along", x5c=["MIIB"]),
    forged("brings its key along in place of its id", KEY_ID, kid=None, jwk=STRANGER.as_dict(private=False)),
    header_text("header is a list", '["alg", "typ", "kid"]'),
    header_text("header is a string", '"alg"'),
    header_text("header is a number", "5"),
    header_text("header is null", "null"),
    header_text("header is empty", ""),
    header_text("header is no JSON", "{alg: ES256}"),
    header_text("header in UTF-16", json.dumps(HEADER).encode("utf-16")),
    header_text("header after a byte order mark", b"\xef\xbb\xbf" + json.dumps(HEADER).encode()),
    header_text("two alg", '{"alg": "none", "alg": "ES256", "typ": "at+jwt", "kid": "first"}'),
    header_text("two kid", '{"alg": "ES256", "typ": "at+jwt", "kid": "stranger", "kid": "first"}'),
    header_text("two typ", '{"alg": "ES256", "typ": "JWT", "typ": "at+jwt", "kid": "first"}'),
]

CLAIMS = [
    *(without_claim(name) for name in REQUIRED_CLAIMS),
    *(claiming(f"{name} is null", lacking(name), **{name: None}) for name in REQUIRED_CLAIMS),
    in_seconds("exp", -31, EXPIRED),
    in_seconds("exp", -86_400, EXPIRED),
    claiming("exp is 0", EXPIRED, exp=0),
    claiming("exp is negative", EXPIRED, exp=-(2**63)),
    claiming("exp is a string", of_claim("exp"), exp="4102444800"),
    claiming("exp is a string with a fraction", of_claim("exp"), exp="4102444800.0"),
    claiming("exp is true", of_claim("exp"), exp=True),
    claiming("exp is a list", of_claim("exp"), exp=[4_102_444_800]),
    claiming("exp is no moment", of_claim("exp"), exp=LAST_MOMENT + 1),
    claiming("exp is in milliseconds", of_claim("exp"), exp=(int(time.time()) + 300) * 1_000),
    claiming("exp is huge", of_claim("exp"), exp=10**400),
    claims_text("exp is beyond numbers", of_claim("exp"), lambda: saying("exp", "1e999")),
    claims_text("exp is endless", FORM, lambda: saying("exp", "9" * 4_400)),
    claims_text("exp is NaN", FORM, lambda: saying("exp", "NaN")),
    claims_text("exp is Infinity", FORM, lambda: saying("exp", "Infinity")),
    in_seconds("nbf", +90, of_claim("nbf")),
    in_seconds("nbf", +(10**9), of_claim("nbf")),
    claiming("nbf is a string", of_claim("nbf"), nbf="1"),
    claiming("nbf is null", of_claim("nbf"), nbf=None),
    in_seconds("iat", +90, of_claim("iat")),
    in_seconds("iat", +(10**9), of_claim("iat")),
    claiming("iat is a string", of_claim("iat"), iat="1"),
    claiming("iss of a stranger", of_claim("iss"), iss="https://stranger.example"),
    claiming("iss with a slash", of_claim("iss"), iss=f"{ISSUER}/"),
    claiming("iss in capitals", of_claim("iss"), iss=ISSUER.upper()),
    claiming("iss is a list", of_claim("iss"), iss=[ISSUER]),
    claiming("aud of another", of_claim("aud"), aud="https://other.example"),
    claiming("aud with a slash", of_claim("aud"), aud=f"{AUDIENCE}/"),
    claiming("aud of others", of_claim("aud"), aud=["https://other.example", "https://another.example"]),
    claiming("aud of nobody", of_claim("aud"), aud=[]),
    claiming("aud is empty", of_claim("aud"), aud=""),
    claiming("aud in a list in a list", of_claim("aud"), aud=[[AUDIENCE]]),
    claiming("aud beside a number", of_claim("aud"), aud=[AUDIENCE, 5]),
    claiming("aud is an object", of_claim("aud"), aud={AUDIENCE: True}),
    claiming("aud is a number", of_claim("aud"), aud=5),
    claiming("aud holds ours", of_claim("aud"), aud=f"{AUDIENCE} https://other.example"),
    claiming("jti is empty", of_claim("jti"), jti=""),
    claiming("jti is a number", of_claim("jti"), jti=5),
    claiming("sub is empty", of_claim("sub"), sub=""),
    claiming("sub is a number", of_claim("sub"), sub=199003152390),
    claiming("sub is a list", of_claim("sub"), sub=[ALVA]),
    claiming("sub is an object", of_claim("sub"), sub={"sub": ALVA}),
    claiming("sub is too long", of_claim("sub"), sub="1" * 129),
    claiming("sub with a line break", of_claim("sub"), sub=f"{ALVA}\n"),
    claiming("sub with a null character", of_claim("sub"), sub=f"{ALVA}\0"),
    claiming("sub with a space", of_claim("sub"), sub=f"{ALVA} {BJORN}"),
    claiming("sub in other digits", of_claim("sub"), sub="١٩٩٠٠٣١٥٢٣٩٠"),
    claiming("sub is half a character", of_claim("sub"), sub="\ud800"),
    claiming("sub is HTML", of_claim("sub"), sub="<script>"),
    claiming("client_id is empty", of_claim("client_id"), client_id=""),
    claiming("client_id with a space", of_claim("client_id"), client_id="a portal"),
    claiming("client_id is a list", of_claim("client_id"), client_id=["business-portal"]),
    claiming("client_id is an operator", of_claim("client_id"), client_id={"$ne": None}),
    claiming("client_id is a number", of_claim("client_id"), client_id=5),
    claiming("client_id is too long", of_claim("client_id"), client_id="a" * 129),
    claiming("scope is a list", of_claim("scope"), scope=["case-groups:read"]),
    claiming("scope is an object", of_claim("scope"), scope={"case-groups:read": True}),
    claiming("scope is a number", of_claim("scope"), scope=5),
    claiming("scope is null", of_claim("scope"), scope=None),
    claiming("scope with line breaks", of_claim("scope"), scope="case-groups:read\ncase-groups:write"),
    claiming("scope with a tab", of_claim("scope"), scope="case-groups:read\tcase-groups:write"),
    claiming("scope with a quotation mark", of_claim("scope"), scope='"case-groups:read"'),
    claiming("scope with a backslash", of_claim("scope"), scope="case-groups\\read"),
    claiming("scope not in ASCII", of_claim("scope"), scope="läsa"),
    claiming("auth_time is a string", of_claim("auth_time"), auth_time="now"),
    claims_text("claims are a list", FORM, lambda: json.dumps([right_claims()])),
    claims_text("claims are a string", FORM, lambda: '"sub"'),
    claims_text("claims are null", FORM, lambda: "null"),
    claims_text("claims are empty", FORM, lambda: ""),
    claims_text("claims are no JSON", FORM, lambda: str(right_claims())),
    claims_text("claims with more behind them", FORM, lambda: json.dumps(right_claims()) * 2),
    claims_text("claims in UTF-16", FORM, lambda: json.dumps(right_claims()).encode("utf-16")),
    claims_text("claims in Latin-1", FORM, lambda: saying("jti", '"å"').encode("latin-1")),
    claims_text("act nested endlessly", of_claim("act.sub"), lambda: saying("act", '{"act":' * 700 + "1" + "}" * 700)),
    claims_text("lists nested endlessly", FORM, lambda: saying("vendor", "[" * 5_000)),
    claims_text("two sub", FORM, lambda: said_twice("sub", BJORN, ALVA)),
    claims_text("two exp", FORM, lambda: said_twice("exp", 1, int(time.time()) + 300)),
    claims_text("two aud", FORM, lambda: said_twice("aud", "https://other.example", AUDIENCE)),
    claims_text("two client_id", FORM, lambda: said_twice("client_id", "accounting-program", "business-portal")),
    claims_text("two scope that are the same", FORM, lambda: said_twice("scope", "subject:read", "subject:read")),
    claims_text("two act", FORM, lambda: said_twice("act", {"sub": BJORN}, {"sub": COMPANY})),
    claims_text("two vendor", FORM, lambda: said_twice("vendor", 1, 2)),
    claims_text(
        "two sub, one spelt otherwise", FORM, lambda: said_twice("sub", BJORN, ALVA).replace("sub", "s\\u0075b", 1)
    ),
    claims_text("two sub in act", FORM, lambda: saying("act", f'{{"sub": "{BJORN}", "sub": "{COMPANY}"}}')),
]

REPRESENTATION = [
    claiming("act is null", no_object("act"), act=None),
    claiming("act is a string", no_object("act"), act=BJORN),
    claiming("act is a list", no_object("act"), act=[{"sub": BJORN}]),
    claiming("act is true", no_object("act"), act=True),
    claiming("act is empty", of_claim("act.sub"), act={}),
    claiming("act has no sub", of_claim("act.sub"), act={"actor": BJORN}),
    claiming("act.sub is null", of_claim("act.sub"), act={"sub": None}),
    claiming("act.sub is a number", of_claim("act.sub"), act={"sub": 198811274560}),
    claiming("act.sub is a list", of_claim("act.sub"), act={"sub": [BJORN]}),
    claiming("act.sub is empty", of_claim("act.sub"), act={"sub": ""}),
    claiming("act.sub is too long", of_claim("act.sub"), act={"sub": "1" * 129}),
    claiming("act.sub with a line break", of_claim("act.sub"), act={"sub": f"{BJORN}\n"}),
    claiming("act.act is null", no_object("act.act"), act={"sub": BJORN, "act": None}),
    claiming("act.act is a string", no_object("act.act"), act={"sub": BJORN, "act": COMPANY}),
    claiming("act.act has no sub", of_claim("act.act.sub"), act={"sub": BJORN, "act": {}}),
    claiming("act.act.act is a list", no_object("act.act.act"), act={"sub": "b", "act": {"sub": "c", "act": []}}),
    claiming(
        "act.act.act.sub is wrong",
        of_claim("act.act.act.sub"),
        act={"sub": "b", "act": {"sub": "c", "act": {"sub": "d e"}}},
    ),
    claiming("four actors", TOO_MANY, **acting(("b", "c", "d", "e"))),
    claiming("forty actors", TOO_MANY, **acting([str(number) for number in range(40)])),
    claiming(
        "a fourth actor who is none",
        TOO_MANY,
        act={**acting(("b", "c"))["act"], "act": {"sub": "c", "act": {"sub": "d", "act": None}}},
    ),
    claiming("the subject acts for its actor", TWICE, **acting((BJORN, ALVA))),
    claiming("the subject acts for its actor's actor", TWICE, **acting((BJORN, COMPANY, ALVA))),
    claiming("the subject acts, another acting for it", TWICE, **acting((ALVA, BJORN))),
    claiming("an actor acts for itself", TWICE, **acting((BJORN, BJORN))),
    claiming("two actors act for each other", TWICE, **acting((BJORN, COMPANY, BJORN))),
]

BAD_TOKENS = [*FORMS, *SIGNATURES, *ALGORITHMS, *HEADERS, *CLAIMS, *REPRESENTATION]
