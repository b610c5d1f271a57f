"""Access tokens: JWTs per RFC 9068, checked before anything in them is believed."""

from __future__ import annotations

import re
from typing import Any

from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jws import JWSRegistry

from gateway.errors import Unauthenticated
from gateway.identity.issuer_keys import IssuerKeys

ALGORITHMS = ("EdDSA", "Ed25519", "ES256", "ES384", "PS256", "RS256")
"""Signatures by asymmetric keys only: never `none`, never HMAC."""

TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY_SECONDS = 30
MOST_CHARACTERS = 8_192

PARTY = re.compile(r"[A-Za-z0-9._:@-]{1,128}")
"""The form of `sub`, `client_id` and `act.sub`."""

REQUIRED_CLAIMS = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


class AccessTokens:
    """Verifies access tokens of one issuer for one audience."""

    def __init__(self, keys: IssuerKeys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        # Unknown header parameters mean nothing (RFC 7515 §4), unless `crit` says that they must be understood.
        self._registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)

    async def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature and claims hold.

        `client_id`, `sub` and `act.sub`, where there is one, are strings of PARTY's form. Raises Unauthenticated,
        saying what does not hold, and Unavailable when the issuer's keys cannot be read.
        """
        if len(token) > MOST_CHARACTERS:
            raise Unauthenticated(f"The access token is longer than {MOST_CHARACTERS} characters.")
        try:
            header = _header(token)
            keys = await self._keys.including(header["kid"])
            verified = jwt.decode(token, keys, registry=self._registry)
            claims = JWTAccessTokenClaims(verified.claims, verified.header, self._expected())
            claims.validate(leeway=LEEWAY_SECONDS)
        except ExpiredTokenError as exc:
            raise Unauthenticated("The access token has expired.") from exc
        except MissingClaimError as exc:
            raise Unauthenticated(f"The access token lacks the claim {exc.claim}.") from exc
        except InvalidClaimError as exc:
            raise Unauthenticated(f"The access token's claim {exc.claim} is not one that is accepted here.") from exc
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            # Beside its own errors joserfc lets through what Python says of a header that is no object, for example.
            raise Unauthenticated("The access token's signature or form is not accepted.") from exc
        _check_parties(claims)
        return dict(claims)

    def _expected(self) -> dict[str, Any]:
        required: dict[str, dict[str, object]] = {claim: {"essential": True} for claim in REQUIRED_CLAIMS}
        required["iss"]["value"] = self._issuer
        required["aud"]["value"] = self._audience
        return required


def _header(token: str) -> dict[str, Any]:
    """The token's protected header, which nobody has vouched for yet: type, algorithm and key id are looked at."""
    header = jws.extract_compact(token.encode("ascii", "strict")).headers()
    if str(header.get("typ", "")).lower() not in TOKEN_TYPES:
        raise Unauthenticated("The access token's type (typ) must be at+jwt.")
    if header.get("alg") not in ALGORITHMS:
        raise Unauthenticated(f"The access token's algorithm (alg) must be one of {', '.join(ALGORITHMS)}.")
    if not isinstance(header.get("kid"), str):
        raise Unauthenticated("The access token must name its key (kid).")
    return header


def _check_parties(claims: dict[str, Any]) -> None:
    parties = {"client_id": claims["client_id"], "sub": claims["sub"]}
    if "act" in claims:
        act = claims["act"]
        parties["act.sub"] = act.get("sub") if isinstance(act, dict) else None
    for name, value in parties.items():
        if not isinstance(value, str) or PARTY.fullmatch(value) is None:
            raise Unauthenticated(f"The access token's claim {name} is not one that is accepted here.")
    if not isinstance(claims.get("scope", ""), str):
        raise Unauthenticated("The access token's claim scope is not one that is accepted here.")
