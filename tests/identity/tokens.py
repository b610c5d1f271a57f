"""Access tokens that no library would make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from tests.issuer import ALVA, AUDIENCE, BJORN, ISSUER

HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "first"}
"""The header of a token that is right."""


def right_claims(**changed: Any) -> dict[str, Any]:
    """The claims of a token that is right now, but for what is changed."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": ALVA,
        "client_id": "business-portal",
        "iat": now,
        "exp": now + 300,
        "jti": "one",
        **changed,
    }


def by_hand(header: object, claims: object, key: ECKey | None = None) -> str:
    """A token of this header and these claims, whatever they are; signed with ES256 where there is a key."""
    return written(json.dumps(header), json.dumps(claims), key)


def written(header: str | bytes, claims: str | bytes, key: ECKey | None = None) -> str:
    """A token of a header and claims that are no more than texts; signed with ES256 where there is a key."""
    content = f"{base64url(header)}.{base64url(claims)}"
    return f"{content}.{base64url(JWSRegistry.algorithms['ES256'].sign(content.encode(), key) if key else b'')}"


def said_twice(name: str, first: object, second: object) -> str:
    """The claims of a token that is right, as text, but that one of them stands there twice."""
    claims = {claim: value for claim, value in right_claims().items() if claim != name}
    return f'{json.dumps(claims)[:-1]}, "{name}": {json.dumps(first)}, "{name}": {json.dumps(second)}}}'


def with_secret(secret: bytes, algorithm: str = "HS256") -> str:
    """The classic confusion of algorithms: an HMAC, its secret a public key that everybody can have."""
    content = f"{base64url(json.dumps({**HEADER, 'alg': algorithm}))}.{base64url(json.dumps(right_claims()))}"
    return f"{content}.{base64url(hmac.digest(secret, content.encode(), getattr(hashlib, f'sha{algorithm[2:]}')))}"


def saying(claim: str, text: str) -> str:
    """The claims of a token that is right, as text, but that one of them is `text`, which need not be JSON."""
    return json.dumps(right_claims(**{claim: "HERE"})).replace('"HERE"', text)


def signature_of(token: str) -> str:
    """Its third part."""
    return token.rpartition(".")[2]


def with_signature(token: str, signature: str | bytes) -> str:
    """The token under another signature: base64url, or the bytes themselves."""
    signature = signature if isinstance(signature, str) else base64url(signature)
    return f"{token.rpartition('.')[0]}.{signature}"


def with_other_claims(token: str) -> str:
    """The token with its claims changed, under its old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{base64url(json.dumps(right_claims(sub=BJORN)))}.{signature}"


def with_other_header(token: str) -> str:
    """The token with its header changed, under its old signature."""
    _, claims, signature = token.split(".")
    return f"{base64url(json.dumps({**HEADER, 'vendor': 'x'}))}.{claims}.{signature}"


def padded(token: str, part: int) -> str:
    """The token with one of its parts padded to a multiple of four characters, or by four where it is one."""
    parts = token.split(".")
    parts[part] += "=" * (4 - len(parts[part]) % 4)
    return ".".join(parts)


def with_stray_bits(token: str) -> str:
    """The token with other bits in its last character, of which the two lowest stand for nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def in_the_other_alphabet(key: ECKey) -> str:
    """A token in base64 with + and /, signed as it stands."""
    content = f"{base64url(json.dumps(HEADER))}.{base64url(json.dumps(right_claims(vendor='~~~???>>>'), indent=1))}"
    content = content.replace("-", "+").replace("_", "/")
    assert "+" in content or "/" in content
    return f"{content}.{base64url(JWSRegistry.algorithms['ES256'].sign(content.encode(), key))}"


def signed_in_der(key: ECKey) -> str:
    """A token signed as OpenSSL does, not as RFC 7518 §3.4 says."""
    token = by_hand(HEADER, right_claims())
    signature = JWSRegistry.algorithms["ES256"].sign(token.rpartition(".")[0].encode(), key)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    return with_signature(token, encode_dss_signature(r, s))


def base64url(content: str | bytes) -> str:
    """As the parts of a token are encoded."""
    content = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
