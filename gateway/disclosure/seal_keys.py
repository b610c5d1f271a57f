"""The public keys that seals are checked with: read from files, so that whoever checks needs no private key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.disclosure.seals import ALGORITHM

MOST_BYTES = 65_536


class SealKeyError(Exception):
    """A key cannot be used; the message says why."""


class SealKeys:
    """The public keys of those who seal, by key id."""

    def __init__(self, keys: Iterable[ECKey]) -> None:
        self._keys = {key.kid or key.thumbprint(): key for key in keys}

    def signed_by(self, signature: str) -> bytes | str:
        """What is signed; a text that says what is wrong where the signature is none of these keys'."""
        try:
            kid = jws.extract_compact(signature.encode()).headers().get("kid")
            key = self._keys.get(kid) if isinstance(kid, str) else None
            if key is None:
                return f"it is signed with another key ({kid!r}) than {self}"
            return jws.deserialize_compact(signature, key, algorithms=[ALGORITHM]).payload
        except (JoseError, ValueError):
            return f"its signature was not made with {self}"

    def public(self, kid: str) -> Mapping[str, Any] | None:
        """The key as a public JWK."""
        key = self._keys.get(kid)
        return None if key is None else {**key.as_dict(private=False), "kid": kid, "alg": ALGORITHM, "use": "sig"}

    def __str__(self) -> str:
        return " or ".join(map(repr, self._keys)) or "any that is known"


def key_id_of(signature: str) -> str:
    """The key id that a signature names; empty where it names none."""
    try:
        kid = jws.extract_compact(signature.encode()).headers().get("kid")
    except (JoseError, ValueError):
        return ""
    return kid if isinstance(kid, str) else ""


def read_seal_keys(files: Iterable[Path]) -> SealKeys:
    """The keys in `files`, each a JWK or a set of them (JWKS) of EC P-256; of private ones the public part is used.

    Raises SealKeyError.
    """
    return SealKeys([key for file in files for key in _keys_in(file)])


def key_from(jwk: object, where: str) -> ECKey:
    """The key of a JWK. Raises SealKeyError, naming `where` it is from."""
    try:
        if not isinstance(jwk, dict):
            raise TypeError
        key = ECKey.import_key({name: value for name, value in jwk.items() if name != "d"})
    except (JoseError, ValueError, KeyError, TypeError) as exc:
        raise SealKeyError(f"{where} does not hold a JWK of EC P-256.") from exc
    if key.curve_name != "P-256":
        raise SealKeyError(f"{where} holds a key of {key.curve_name}; seals are signed with EC P-256.")
    return key


def _keys_in(file: Path) -> list[ECKey]:
    try:
        with file.open("rb") as stream:
            content = orjson.loads(stream.read(MOST_BYTES))
    except OSError as exc:
        raise SealKeyError(f"The key file {file} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise SealKeyError(f"The key file {file} does not hold a JWK.") from exc
    several = content.get("keys") if isinstance(content, dict) else None
    return [key_from(one, f"The key file {file}") for one in (several if isinstance(several, list) else [content])]
