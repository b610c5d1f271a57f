"""An issuer of access tokens as RFC 9068 has them, and of tokens that are wrong in one way."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key

ISSUER = "https://issuer.example"
AUDIENCE = "https://gateway.example"

ALVA = "199003152390"
BJORN = "198811274560"
COMPANY = "165599990010"
"""Fictitious: the check digits are wrong on purpose."""

ALL_SCOPES = "case-groups:read case-groups:write case-groups:share disclosures:read subject:read introspection"


class Issuer:
    """Signs with one key; its JWKS is a file that can be changed, as when keys rotate."""

    def __init__(self, folder: Path) -> None:
        self.jwks = folder / "jwks.json"
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        self.publish(self.key)

    def publish(self, *keys: Key) -> None:
        """Makes these the issuer's public keys."""
        self.jwks.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))

    def token(
        self,
        consumer: str = "business-portal",
        subject: str = ALVA,
        *,
        actor: str | Sequence[str] = (),
        scope: object = ALL_SCOPES,
        header: dict[str, Any] | None = None,
        key: Key | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """A token that is right but for what the arguments change.

        `actor` is who acts for the subject, or several, the one who acts now first; `scope` None leaves it out.
        """
        now = int(time.time())
        content = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "client_id": consumer,
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            **({} if scope is None else {"scope": scope}),
            **acting((actor,) if isinstance(actor, str) else actor),
            **claims,
        }
        for name in without:
            del content[name]
        head = {"alg": "ES256", "typ": "at+jwt", "kid": "first", **(header or {})}
        signing_key = key or self.key
        return jwt.encode(head, content, signing_key, algorithms=[head["alg"]])


def acting(actors: Sequence[str]) -> dict[str, Any]:
    """The `act` claim of those who act, the one who acts now first; none where there is nobody."""
    return {"act": {"sub": actors[0], **acting(actors[1:])}} if actors else {}
