"""Who acts for the subject: the `act` claim (RFC 8693 §4.1), one in another where acting was passed on.

Who may act for whom is the issuer's to know; the gateway takes what the token says and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import Unauthenticated
from gateway.identity.parties import party

MOST_ACTORS = 3


def actors_for(subject: str, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Those who act for `subject`, the one who acts now first; empty when it acts itself, named as actor or not.

    Raises Unauthenticated for a chain that is malformed, longer than MOST_ACTORS, or in which somebody stands twice,
    the subject included: nobody can say who answers for what is done in a circle.
    """
    actors = _chain(claims)
    if actors == (subject,):
        return ()
    if len({subject, *actors}) <= len(actors):
        raise Unauthenticated("The access token names somebody twice among its subject and those who act for it (act).")
    return actors


def _chain(claims: Mapping[str, Any]) -> tuple[str, ...]:
    actors: list[str] = []
    name, holder = "act", claims
    while "act" in holder:
        if len(actors) == MOST_ACTORS:
            raise Unauthenticated(f"The access token's claim act names more than {MOST_ACTORS} who act for another.")
        holder = holder["act"]
        if not isinstance(holder, dict):
            raise Unauthenticated(f"The access token's claim {name} must be an object with a sub.")
        actors.append(party(f"{name}.sub", holder.get("sub")))
        name = f"{name}.act"
    return tuple(actors)
