"""Access tokens that no library would make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from tests.issuer import ALVA, AUDIENCE, ISSUER

HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "first"}
"""The header of a token that is right."""


def right_claims() -> dict[str, Any]:
    """The claims of a token that is right now."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": ALVA,
        "client_id": "business-portal",
        "iat": now,
        "exp": now + 300,
        "jti": "one",
    }


def by_hand(header: object, claims: object, key: ECKey | None = None) -> str:
    """A token of this header and these claims, whatever they are; signed with ES256 where there is a key."""
    content = f"{_encoded(header)}.{_encoded(claims)}"
    return f"{content}.{_base64url(JWSRegistry.algorithms['ES256'].sign(content.encode(), key) if key else b'')}"


def with_public_key_as_secret(key: ECKey) -> str:
    """The classic confusion of algorithms: HS256, its secret the PEM that everybody can have."""
    content = f"{_encoded({**HEADER, 'alg': 'HS256'})}.{_encoded(right_claims())}"
    return f"{content}.{_base64url(hmac.digest(key.as_pem(private=False), content.encode(), hashlib.sha256))}"


def _encoded(part: object) -> str:
    return _base64url(json.dumps(part).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
