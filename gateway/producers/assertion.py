"""The caller assertion: a short-lived JWT that tells a producer who asks, for whom, why and for what (DESIGN §3)."""

from __future__ import annotations

import os
import time
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey

from gateway.key_files import KeyFileError, read_key_file
from gateway.model.caller import Caller
from gateway.model.purpose import Purpose

LIFETIME_SECONDS = 60

COORDINATE_BYTES = 32
"""Of each of the two numbers that are an ES256 signature (RFC 7518 §3.4)."""

URL_SAFE = bytes.maketrans(b"+/", b"-_")
"""What base64 becomes where it is to stand in an address or a token (RFC 4648 §5)."""

SigningKey = ECKey | OKPKey

Sign = Callable[[bytes], bytes]
"""Takes what is to be signed and gives the signature, as a JWS has it."""


class CallerAssertions:
    """Signs caller assertions with the gateway's key."""

    def __init__(self, key: SigningKey, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        self._header = {"alg": _algorithm(key), "kid": key.kid or key.thumbprint(), "typ": "JWT"}
        # The same for every assertion, so encoded once.
        self._beginning = _base64url(orjson.dumps(self._header)) + b"."
        self._sign = _signing(key)

    def sign(
        self,
        caller: Caller,
        *,
        audience: str,
        purposes: Iterable[Purpose],
        scope: str,
        case_types: Iterable[str] = (),
    ) -> str:
        """An assertion for one request to the producer `audience`, valid for 60 seconds.

        `purposes` are those of the groups whose cases are asked for; `scope` names the fields asked for.
        `case_types` are what the cases are said to be: what is asked for is granted for these, and for no other.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": audience,
            "sub": caller.subject,
            "client_id": caller.consumer,
            "purpose": sorted(set(map(str, purposes))),
            "scope": scope,
            "jti": os.urandom(16).hex(),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        if types := sorted(set(case_types)):
            claims["case_types"] = types
        if caller.actors:
            claims["act"] = _act(caller.actors)
        signed = self._beginning + _base64url(orjson.dumps(claims))
        return (signed + b"." + _base64url(self._sign(signed))).decode("ascii")

    def jwks(self) -> dict[str, Any]:
        """The public key, as it is published at `/.well-known/jwks.json`."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._header["kid"], "alg": self._header["alg"], "use": "sig"}]}


def read_signing_key(file: Path) -> SigningKey:
    """The private key in `file`, a JWK of EC P-256 or Ed25519. Raises KeyFileError."""
    content = read_key_file(file, "The assertion key file")
    try:
        key = JWKRegistry.import_key(orjson.loads(content))
    except (JoseError, ValueError, KeyError, TypeError) as exc:
        raise KeyFileError(f"The assertion key file {file} does not hold a JWK.") from exc
    if not isinstance(key, ECKey | OKPKey) or key.curve_name not in {"P-256", "Ed25519"} or not key.is_private:
        raise KeyFileError(f"The assertion key in {file} must be a private JWK of EC P-256 or Ed25519.")
    return key


def _act(actors: Sequence[str]) -> dict[str, Any]:
    """The `act` claim (RFC 8693 §4.1) of those who act, each in the one who acts for it: the first is outermost."""
    outermost, *others = actors
    return {"sub": outermost, "act": _act(others)} if others else {"sub": outermost}


def _algorithm(key: SigningKey) -> str:
    return "ES256" if isinstance(key, ECKey) else "EdDSA"


def _signing(key: SigningKey) -> Sign:
    """How to sign with `key`, whose parts are looked up here once. Raises ValueError for a key that cannot."""
    private = key.private_key
    if isinstance(private, EllipticCurvePrivateKey):
        algorithm = ECDSA(SHA256())

        def sign_es256(content: bytes) -> bytes:
            r, s = decode_dss_signature(private.sign(content, algorithm))
            return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")

        return sign_es256
    if isinstance(private, Ed25519PrivateKey):
        return private.sign
    raise ValueError("The assertion key must be a private one of EC P-256 or Ed25519.")


def _base64url(content: bytes) -> bytes:
    return b2a_base64(content, newline=False).translate(URL_SAFE, b"=")
