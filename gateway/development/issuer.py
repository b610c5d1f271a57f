"""The development token issuer: stands in for the real one (RFC 9068 access tokens), with keys of its own.

It exists where `gateway dev` has made its keys, and a gateway trusts it only when it is told to: its name cannot be
resolved, and its public keys are a file that `gateway dev` alone hands to the gateway it starts.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.development.directory import DevelopmentDirectory, write_private
from gateway.development.errors import DevelopmentError
from gateway.identity.access_tokens import SCOPE
from gateway.identity.representation import MOST_ACTORS

ISSUER = "https://issuer.development.invalid"
"""`iss` of every development token; `.invalid` is reserved (RFC 2606), so no real issuer can have this name."""

ALGORITHM = "ES256"
DEFAULT_LIFETIME = 3_600
"""Seconds."""
MAX_LIFETIME = 86_400
"""Seconds."""

DEFAULT_SCOPE = "case-groups:read case-groups:write case-groups:share disclosures:read subject:read"
"""All but `introspection`, which is open where development tokens are accepted."""

_CONSUMER = re.compile(r"[a-z0-9-]{1,64}")
_NUMBER = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class TokenIssuer:
    """Issues access tokens for one audience with the development key."""

    audience: str
    _key: ECKey

    def issue(
        self,
        consumer: str,
        subject: str,
        actors: Sequence[str] = (),
        lifetime: int = DEFAULT_LIFETIME,
        scope: str | None = None,
    ) -> str:
        """A signed access token, valid from now for `lifetime` seconds (1 to 86,400).

        `consumer` is a client id; `subject` and `actors` are identity numbers of 12 digits, the actor who acts now
        first; a single one who is the subject is left out. Without `scope` the token has DEFAULT_SCOPE. Raises
        DevelopmentError for input that cannot become a token; whether the consumer is connected is for the gateway to
        say.
        """
        _check("The consumer", consumer, _CONSUMER, "1 to 64 of a-z, 0-9 and -, such as business-portal")
        _check("The subject", subject, _NUMBER, "an identity number of 12 digits, such as 165599990010")
        acting = _acting(actors, subject)
        if scope is not None:
            _check("The scope", scope, SCOPE, "words separated by spaces, such as case-groups:read subject:read")
        if not 1 <= lifetime <= MAX_LIFETIME:
            raise DevelopmentError(f"The lifetime is {lifetime} seconds; it must be 1 to {MAX_LIFETIME}.")

        now = int(time.time())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": self.audience,
            "sub": subject,
            "client_id": consumer,
            "iat": now,
            "exp": now + lifetime,
            "jti": str(uuid.uuid4()),
            "scope": DEFAULT_SCOPE if scope is None else scope,
        }
        holder = claims
        for actor in acting:
            holder["act"] = act = dict[str, object](sub=actor)
            holder = act
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])


def open_issuer(path: Path, audience: str) -> TokenIssuer:
    """The issuer of the development folder at `path`, for tokens that name `audience`.

    Raises DevelopmentError when `gateway dev` has never run with that folder, or its key is damaged.
    """
    directory = DevelopmentDirectory.at(path)
    return TokenIssuer(audience, _read_key(directory))


def publish_keys(directory: DevelopmentDirectory) -> None:
    """Write the issuer's public JWKS beside its private key. Raises DevelopmentError when the key is damaged."""
    public = _read_key(directory).as_dict(private=False)
    write_private(directory.issuer_jwks, json.dumps({"keys": [public]}, indent=2).encode() + b"\n")


def record_audience(directory: DevelopmentDirectory, audience: str) -> None:
    """Write down which audience the gateway of this folder accepts, for `gateway token` in another terminal."""
    write_private(directory.audience, f"{audience}\n".encode())


def recorded_audience(path: Path) -> str:
    """The audience that the gateway last run with the folder at `path` accepts. Raises DevelopmentError."""
    directory = DevelopmentDirectory.at(path)
    try:
        return directory.audience.read_text().strip()
    except OSError as exc:
        raise DevelopmentError(_never_ran(directory)) from exc


def _never_ran(directory: DevelopmentDirectory) -> str:
    return (
        f"There is no token issuer in {directory.path}: `gateway dev` has not run with that folder. "
        "Start it with `make run`, or name its folder in GATEWAY_DEV_DIRECTORY."
    )


def _read_key(directory: DevelopmentDirectory) -> ECKey:
    file = directory.issuer_key
    try:
        key = ECKey.import_key(json.loads(file.read_bytes()))
    except FileNotFoundError as exc:
        raise DevelopmentError(_never_ran(directory)) from exc
    except OSError as exc:
        raise DevelopmentError(f"The token issuer's key {file} cannot be read ({exc.strerror}).") from exc
    except (ValueError, JoseError) as exc:
        raise DevelopmentError(f"{file} is not a key. Remove that file; `gateway dev` makes a new one.") from exc
    return key


def _acting(actors: Sequence[str], subject: str) -> list[str]:
    for actor in actors:
        _check("The actor", actor, _NUMBER, "an identity number of 12 digits, such as 199003152390")
    if len(actors) > MOST_ACTORS:
        raise DevelopmentError(f"There are {len(actors)} actors; a token names at most {MOST_ACTORS}.")
    if list(actors) == [subject]:
        return []
    if len({subject, *actors}) <= len(actors):
        raise DevelopmentError("Somebody stands twice among the subject and its actors.")
    return list(actors)


def _check(name: str, value: str, form: re.Pattern[str], right: str) -> None:
    if not form.fullmatch(value):
        raise DevelopmentError(f"{name} {value!r} cannot be in a token; right is {right}.")
