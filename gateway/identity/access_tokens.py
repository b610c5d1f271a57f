"""Access tokens: JWTs per RFC 9068, checked before anything in them is believed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from joserfc import jws
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jws import CompactSignature, JWSRegistry
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


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says that holds. `actors` act for the subject, the one who acts now first (representation.py)."""

    client_id: str
    subject: str = field(repr=False)
    actors: tuple[str, ...] = field(repr=False)
    scopes: frozenset[str]


class AccessTokens:
    """Verifies access tokens of one issuer for one audience. `clock` gives seconds since 1970."""

    def __init__(self, keys: IssuerKeys, *, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
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
            claims = await self._claims(jws.extract_compact(token.encode("ascii")))
        except ExpiredTokenError as exc:
            raise Unauthenticated("The access token has expired.") from exc
        except MissingClaimError as exc:
            raise Unauthenticated(f"The access token lacks the claim {exc.claim}.") from exc
        except InvalidClaimError as exc:
            raise unacceptable(exc.claim) from exc
        except (JoseError, ValueError, TypeError, RecursionError) as exc:
            # Beside its own errors joserfc lets through what Python says of a header that is no object, for example.
            raise Unauthenticated("The access token's signature or form is not accepted.") from exc
        return _read(claims)

    async def _claims(self, signed: CompactSignature) -> dict[str, Any]:
        header = json_object(urlsafe_b64decode(signed.segments["header"]))
        _check_header(header)
        keys = await self._keys.including(header["kid"])
        if not jws.validate_compact(signed, keys, registry=self._registry):
            raise BadSignatureError
        claims = json_object(signed.payload)
        JWTAccessTokenClaims(claims, header, self._expected()).validate(now=int(self._clock()), leeway=LEEWAY_SECONDS)
        if claims["exp"] > LAST_MOMENT:
            raise InvalidClaimError("exp")
        return claims

    def _expected(self) -> dict[str, Any]:
        required: dict[str, dict[str, object]] = {claim: {"essential": True} for claim in REQUIRED_CLAIMS}
        required["iss"]["value"] = self._issuer
        required["aud"]["value"] = self._audience
        return required


def _check_header(header: dict[str, Any]) -> None:
    """Looks at what nobody has vouched for yet: type, algorithm, key id, and what would have to be understood."""
    type_ = header.get("typ")
    if not isinstance(type_, str) or type_.lower() not in TOKEN_TYPES:
        raise Unauthenticated("The access token's type (typ) must be at+jwt.")
    if header["alg"] not in ALGORITHMS:
        raise Unauthenticated(f"The access token's algorithm (alg) must be one of {', '.join(ALGORITHMS)}.")
    if not isinstance(header.get("kid"), str):
        raise Unauthenticated("The access token must name its key (kid).")
    if "crit" in header:
        raise Unauthenticated("The access token's header demands extensions (crit); none is understood here.")


def _read(claims: dict[str, Any]) -> AccessToken:
    client_id, subject = party("client_id", claims["client_id"]), party("sub", claims["sub"])
    scope = claims.get("scope", "")
    if not isinstance(scope, str) or SCOPE.fullmatch(scope) is None:
        raise unacceptable("scope")
    return AccessToken(client_id, subject, actors_for(subject, claims), frozenset(scope.split()))
