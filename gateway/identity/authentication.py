"""From the Authorization header to the Caller."""

from __future__ import annotations

from gateway.errors import Unauthenticated, Unavailable
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import Caller, ConsumerId
from gateway.model.producer import ConnectionState
from gateway.store.registry import Registry


class Authentication:
    """Knows callers by their access token: the token holds, and its client is a connected consumer."""

    def __init__(self, tokens: AccessTokens, registry: Registry, pseudonyms: Pseudonyms) -> None:
        self._tokens = tokens
        self._registry = registry
        self._pseudonyms = pseudonyms

    async def caller(self, authorization: str | None) -> Caller:
        """The caller that the header's bearer token stands for. Raises Unauthenticated and Unavailable."""
        claims = await self._tokens.claims(_bearer_token(authorization))
        if not self._registry.is_read:
            raise Unavailable("The register of consumers cannot be read right now. Try again in a while.")
        consumer = self._registry.consumer(ConsumerId(claims["client_id"]))
        if consumer is None or consumer.state is not ConnectionState.ACTIVE:
            raise Unauthenticated("The access token's client_id is not a connected consumer.")
        subject, actor = claims["sub"], claims.get("act", {}).get("sub")
        return Caller(
            consumer=consumer.id,
            subject=subject,
            subject_key=self._pseudonyms.of(subject),
            actor=None if actor == subject else actor,
            scopes=frozenset(claims.get("scope", "").split()),
        )


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        # RFC 6750 §3.1: a request without credentials, or with others than are asked for, gets no error code.
        raise Unauthenticated("Send an access token: Authorization: Bearer <token>.", error=None)
    return token.strip()
