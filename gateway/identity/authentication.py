"""From the Authorization header to the Caller."""

from __future__ import annotations

from typing import Protocol

from gateway.errors import Forbidden, Unauthenticated, Unavailable
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import Caller, ConsumerId
from gateway.model.consumer import Consumer


class Consumers(Protocol):
    """Who is let in, as the registry was last read."""

    @property
    def is_read(self) -> bool:
        """Whether it ever was."""

    def connected_consumer(self, id_: ConsumerId, /) -> Consumer | None:
        """The consumer with this id if it is let in now."""


class Authentication:
    """Knows callers by their access token: the token holds, and its client is a connected consumer."""

    def __init__(self, tokens: AccessTokens, consumers: Consumers, pseudonyms: Pseudonyms) -> None:
        self._tokens = tokens
        self._consumers = consumers
        self._pseudonyms = pseudonyms

    async def caller(self, authorization: str | None) -> Caller:
        """The caller that the header's bearer token stands for.

        Raises Unauthenticated and Unavailable; and Forbidden when somebody acts for the subject at a consumer whose
        connection does not let it in for representatives.
        """
        token = await self._tokens.verified(_bearer_token(authorization))
        if not self._consumers.is_read:
            raise Unavailable("The register of consumers cannot be read right now. Try again in a while.")
        consumer = self._consumers.connected_consumer(ConsumerId(token.client_id))
        if consumer is None:
            raise Unauthenticated("The access token's client_id is not a connected consumer.")
        if token.actors and not consumer.representatives:
            raise Forbidden(
                "This consumer's connection is for people who act for themselves alone, and the access token says that "
                "somebody acts for the subject (act)."
            )
        subject_keys = self._pseudonyms.all_of(token.subject)
        return Caller(
            consumer=consumer.id,
            subject=token.subject,
            subject_key=subject_keys[0],
            actors=token.actors,
            scopes=token.scopes,
            actor_keys=tuple(self._pseudonyms.of(actor).digest for actor in token.actors),
            subject_keys=subject_keys,
            subject_id=self._pseudonyms.id_of(subject_keys),
        )


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        # RFC 6750 §3.1: a request without credentials, or with others than are asked for, gets no error code.
        raise Unauthenticated("Send an access token: Authorization: Bearer <token>.", error=None)
    return token.strip(" ")
