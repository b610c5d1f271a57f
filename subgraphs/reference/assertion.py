"""Verification of the caller assertion: the signed statement in which the gateway says who asks, for whom and why."""

import warnings
from dataclasses import dataclass

from joserfc import jws, jwt
from joserfc.errors import (
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
    SecurityWarning,
)

from subgraphs.reference.keys import PublishedKeys, UnknownKey

ALGORITHMS = ("ES256", "EdDSA")
LEEWAY_SECONDS = 10
"""How far the clocks of the gateway and the producer may be apart."""


class AssertionRefused(Exception):
    """The request has no assertion that can be trusted. The message says why, without repeating what was sent."""


class AssertionMissing(AssertionRefused):
    """The request has no assertion at all."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What a verified assertion says."""

    subject: str
    """The identity number of the person or company whose cases are asked for."""

    consumer: str
    """The client id of the portal or program that asks."""

    actor: str | None
    """The identity number of the person who acts for the subject. None when that is the subject."""

    purposes: tuple[str, ...]
    """Why the cases are asked for, as `INFORMATION_AREA` or `INFORMATION_AREA:event`."""

    scope: tuple[str, ...]
    """The fields of the status that are asked for."""

    case_types: tuple[str, ...] | None
    """What types the gateway was told the cases are of: what is asked for is granted for these. None: it says none."""

    def may_ask_about(self, case_type: str) -> bool:
        """Whether cases of this type are among what the gateway was told it asks about."""
        return self.case_types is None or case_type in self.case_types


class AssertionVerifier:
    """Verifies assertions that one gateway (`issuer`) has made out to one producer (`audience`)."""

    def __init__(self, issuer: str, audience: str, keys: PublishedKeys) -> None:
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            client_id={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )

    async def caller(self, authorization: str | None) -> Caller:
        """Who is asking, by the request's `Authorization` header.

        Raises AssertionRefused, or KeysUnavailable when the gateway's keys cannot be fetched.
        """
        scheme, _, assertion = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not assertion:
            raise AssertionMissing("there is no caller assertion")
        try:
            key = await self._keys.find(_key_id(assertion))
            with warnings.catch_warnings():
                # RFC 9864 renames EdDSA, and joserfc says so at every use. The contract keeps the name in wide use.
                warnings.simplefilter("ignore", SecurityWarning)
                token = jwt.decode(assertion, key, algorithms=ALGORITHMS)
            self._claims.validate(token.claims)
        except UnknownKey as exc:
            raise AssertionRefused("the key is not one of the gateway's") from exc
        except ExpiredTokenError as exc:
            raise AssertionRefused("the assertion has expired") from exc
        except (InvalidClaimError, MissingClaimError) as exc:
            raise AssertionRefused(f"a claim is wrong: {exc.description}") from exc
        except (JoseError, ValueError) as exc:
            raise AssertionRefused("the assertion is not signed as it must be") from exc
        return _caller(token.claims)


def _key_id(assertion: str) -> str:
    """The key id of a compact JWS, whose signature is not yet verified. Raises JoseError, ValueError or UnknownKey."""
    key_id = jws.extract_compact(assertion.encode()).headers().get("kid")
    if not isinstance(key_id, str):
        raise UnknownKey
    return key_id


def _caller(claims: jwt.Claims) -> Caller:
    match claims:
        case {"client_id": str(consumer), "sub": str(subject)}:
            return Caller(
                subject=subject,
                consumer=consumer,
                actor=_actor(claims.get("act")),
                purposes=_strings(claims.get("purpose", [])),
                scope=_strings(str(claims.get("scope", "")).split()),
                case_types=None if "case_types" not in claims else _strings(claims["case_types"]),
            )
    raise AssertionRefused("a claim is wrong: client_id and sub must be strings")


def _actor(act: object) -> str | None:
    match act:
        case None:
            return None
        case {"sub": str(actor)}:
            return actor
    raise AssertionRefused("a claim is wrong: act must be an object with a sub")


def _strings(values: object) -> tuple[str, ...]:
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return tuple(values)
    raise AssertionRefused("a claim is wrong: purpose must be a list of strings")
