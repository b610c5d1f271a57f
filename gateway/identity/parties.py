"""The form of those whom an access token names: consumer, subject, actors."""

from __future__ import annotations

import re

from gateway.errors import Unauthenticated

FORM = re.compile(r"[A-Za-z0-9._:@-]{1,128}")


def party(claim: str, value: object) -> str:
    """`value`, which is that of `claim`. Raises Unauthenticated, naming the claim alone, when it has another form."""
    if not isinstance(value, str) or FORM.fullmatch(value) is None:
        raise unacceptable(claim)
    return value


def unacceptable(claim: str) -> Unauthenticated:
    """What is said of a claim whose value cannot be accepted. The value is not told: it may be an identity number."""
    return Unauthenticated(f"The access token's claim {claim} is not one that is accepted here.")
