"""Access tokens: JWTs per RFC 9068, checked before anything in them is believed."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaimsValidator
from cachetools import LRUCache
from joserfc import jws
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet, guess_key
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from gateway.errors import Unauthenticated
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.json_objects import json_object
from gateway.identity.parties import party, unacceptable
from gateway.identity.representation import actors_for

ALGORITHMS = ("EdDSA", "Ed25519", "ES256", "ES384", "PS256", "RS256")
"""Signatures by asymmetric keys only: never `none`, never HMAC."""

TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY_SECONDS = 30
MOST_CHARACTERS = 8_192

LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, in seconds: an `exp` beyond it is no moment, but milliseconds most likely."""

SCOPE = re.compile(r"[ !#-\[\]-~]*")
"""RFC 6749 §3.3."""

REQUIRED_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


MOST_REMEMBERED = 4_096
"""Tokens that held, some 5 MiB of what they said. The one not used for longest makes room, and is verified again."""

MOST_HEADERS = 64
"""Headers of tokens that held: an issuer writes the same one into all of them. Each with what its key is."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says that holds. `actors` act for the subject, the one who acts now first (representation.py)."""

    client_id: str
    subject: str = field(repr=False)
    actors: tuple[str, ...] = field(repr=False)
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that held: what it says, its `exp`, the key that it names, and the keys among which that was."""

    token: AccessToken
    expires: float
    kid: str
    keys: KeySet


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of a token that held: the key that it names, the keys among which that was, and how it verifies.

    `verifies` takes what is signed and a signature.
    """

    kid: str
    keys: KeySet
    verifies: Callable[[bytes, bytes], bool]


class AccessTokens:
    """Verifies access tokens of one issuer for one audience. `clock` gives seconds since 1970.

    A token that held is remembered, at most `most_remembered` of them: what it said by the digest of its text, since
    the text is all that it takes to ask. It is believed until it expires, and no longer than the issuer's keys are
    those it was verified with: a key that is withdrawn takes its tokens with it.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._remembered: LRUCache[bytes, _Verified] = LRUCache(most_remembered)
        self._headers: LRUCache[bytes, _Header] = LRUCache(MOST_HEADERS)
        self._claims_registry = JWTAccessTokenClaimsValidator(
            lambda: int(clock()), LEEWAY_SECONDS, **_expected(issuer, audience)
        )
        # Header parameters that are not understood mean nothing (RFC 7515 §4): a key that a token brings along, or
        # says where to fetch, is not looked at. `crit` alone makes a difference, and is refused.
        self._registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)

    async def verified(self, token: str) -> AccessToken:
        """What `token` says, once its signature and its claims hold.

        Raises Unauthenticated, saying what does not hold, and Unavailable when the issuer's keys cannot be read.
        """
        if len(token) > MOST_CHARACTERS:
            raise Unauthenticated(f"The access token is longer than {MOST_CHARACTERS} characters.")
        try:
            return await self._verified(token.encode("ascii"))
        except ExpiredTokenError as exc:
            raise Unauthenticated("The access token has expired.") from exc
        except MissingClaimError as exc:
            raise Unauthenticated(f"The access token lacks the claim {exc.claim}.") from exc
        except InvalidClaimError as exc:
            raise unacceptable(exc.claim) from exc
        except (JoseError, ValueError, TypeError, RecursionError) as exc:
            # Beside its own errors joserfc lets through what Python says of a header that is no object, for example.
            raise Unauthenticated("The access token's signature or form is not accepted.") from exc

    async def _verified(self, token: bytes) -> AccessToken:
        digest = hashlib.sha256(token).digest()
        known = self._remembered.get(digest)
        if known is not None:
            # The keys are asked for as for any token, so that they are read again when that is due.
            keys = await self._keys.including(known.kid)
            if keys is known.keys and known.expires > int(self._clock()) - LEEWAY_SECONDS:
                return known.token
        kid, keys, payload = await self._signed(token)
        claims = json_object(payload)
        self._claims_registry.validate(claims)
        if claims["exp"] > LAST_MOMENT:
            raise InvalidClaimError("exp")
        read = _read(claims)
        self._remembered[digest] = _Verified(read, claims["exp"], kid, keys)
        return read

    async def _signed(self, token: bytes) -> tuple[str, KeySet, bytes]:
        """What is signed by a signature that holds; with the key's id and the keys among which it was.

        What a header means for these keys is worked out once. It means nothing for others: with them the whole of it
        is checked again.
        """
        segment, _, rest = token.partition(b".")
        known = self._headers.get(segment)
        if known is not None and await self._keys.including(known.kid) is known.keys:
            encoded, encoded_signature = rest.split(b".")
            self._registry.validate_signature_size(encoded_signature)
            payload, signature = urlsafe_b64decode(encoded), urlsafe_b64decode(encoded_signature)
            if not known.verifies(token[: len(segment) + 1 + len(encoded)], signature):
                raise BadSignatureError
            return known.kid, known.keys, payload
        signed = jws.extract_compact(token)
        signed.protected = _header(segment)
        kid = signed.protected["kid"]
        keys = await self._keys.including(kid)
        if not jws.validate_compact(signed, keys, registry=self._registry):
            raise BadSignatureError
        algorithm = self._registry.get_alg(signed.protected["alg"])
        self._headers[segment] = _Header(kid, keys, partial(algorithm.verify, key=guess_key(keys, signed, use="sig")))
        return kid, keys, signed.payload


def _expected(issuer: str, audience: str) -> dict[str, Any]:
    required: dict[str, dict[str, object]] = {claim: {"essential": True} for claim in REQUIRED_CLAIMS}
    required["iss"]["value"] = issuer
    required["aud"]["value"] = audience
    return required


def _header(segment: bytes) -> dict[str, Any]:
    """The header, once its type, algorithm and key id are acceptable and nothing in it would have to be understood."""
    header = json_object(urlsafe_b64decode(segment))
    type_ = header.get("typ")
    if not isinstance(type_, str) or type_.lower() not in TOKEN_TYPES:
        raise Unauthenticated("The access token's type (typ) must be at+jwt.")
    if header["alg"] not in ALGORITHMS:
        raise Unauthenticated(f"The access token's algorithm (alg) must be one of {', '.join(ALGORITHMS)}.")
    if not isinstance(header.get("kid"), str):
        raise Unauthenticated("The access token must name its key (kid).")
    if "crit" in header:
        raise Unauthenticated("The access token's header demands extensions (crit); none is understood here.")
    return header


def _read(claims: dict[str, Any]) -> AccessToken:
    client_id, subject = party("client_id", claims["client_id"]), party("sub", claims["sub"])
    scope = claims.get("scope", "")
    if not isinstance(scope, str) or SCOPE.fullmatch(scope) is None:
        raise unacceptable("scope")
    return AccessToken(client_id, subject, actors_for(subject, claims), _scopes(scope))


@lru_cache(maxsize=256)
def _scopes(scope: str) -> frozenset[str]:
    """The words of a scope. Consumers ask for the same few again and again: they are kept once."""
    return frozenset(scope.split())
