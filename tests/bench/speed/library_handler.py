"""What one would write by hand with the libraries that the design names, without GraphQL and without the gateway's own.

`python -m tests.bench.speed.library_handler`: the same question as the other handler's, the same obligations, and as
little besides. Tokens and assertions are joserfc's, producers are asked by aiohttp, groups are read and records
appended by PyMongo's usual calls: by each request for itself, since a group commit would be a part of the gateway's.
The record's documents are linked as the gateway links them, and not sealed.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection
from contextlib import AsyncExitStack
from pathlib import Path

import orjson
from aiohttp import ClientSession, TCPConnector
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from pymongo import AsyncMongoClient
from pymongo.write_concern import WriteConcern

from gateway.disclosure.streams import Stream
from gateway.errors import Unauthenticated
from gateway.identity.access_tokens import AccessToken
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import Caller
from gateway.model.record import Entry
from gateway.settings import Settings
from gateway.store.driver import Database, Document
from tests.bench.speed.handler import FIELDS, PURPOSE, Handler, run

ALGORITHMS = ["ES256"]
SEGMENT_RECORDS = 10_000


class LibraryHandler(Handler):
    """By the libraries' own means."""

    def __init__(
        self,
        *,
        issuer_keys: KeySet,
        claims: jwt.JWTClaimsRegistry,
        pseudonyms: Pseudonyms,
        consumers: frozenset[str],
        database: Database,
        producers: dict[str, tuple[str, str]],
        session: ClientSession,
        key: ECKey,
        issuer: str,
    ) -> None:
        super().__init__(pseudonyms, consumers)
        self._issuer_keys = issuer_keys
        self._claims = claims
        self._groups = database["caseGroups"]
        self._records = database.get_collection("disclosures", write_concern=WriteConcern(w="majority", j=True))
        self._producers = producers
        """The address of each, and its audience, by id."""
        self._session = session
        self._key = key
        self._header = {"alg": "ES256", "kid": key.kid or key.thumbprint(), "typ": "JWT"}
        self._issuer = issuer
        self._stream = Stream(segment_records=SEGMENT_RECORDS)

    async def token(self, text: str) -> AccessToken:
        """By joserfc."""
        try:
            token = jwt.decode(text, self._issuer_keys, algorithms=ALGORITHMS)
            self._claims.validate(token.claims)
        except JoseError as exc:
            raise Unauthenticated("The access token does not hold.") from exc
        if token.header.get("typ") != "at+jwt":
            raise Unauthenticated("It is no access token.")
        claims = token.claims
        return AccessToken(claims["client_id"], claims["sub"], (), frozenset(claims["scope"].split()))

    async def found(self, query: Document) -> list[Document]:
        """By a cursor."""
        return await self._groups.find(query).to_list(None)

    async def asked(self, caller: Caller, producer: str, types: Collection[str], content: bytes) -> bytes:
        """By a session of aiohttp's."""
        endpoint, audience = self._producers[producer]
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "sub": caller.subject,
            "client_id": caller.consumer,
            "purpose": [str(PURPOSE)],
            "scope": " ".join(FIELDS),
            "case_types": sorted(set(types)),
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + 60,
        }
        assertion = jwt.encode(self._header, claims, self._key)
        headers = {"Authorization": f"Bearer {assertion}", "Content-Type": "application/json"}
        async with self._session.post(endpoint, data=content, headers=headers) as response:
            response.raise_for_status()
            return await response.read()

    async def record(self, entries: list[Entry]) -> None:
        """By a write of its own."""
        documents = self._stream.link(entries)
        # The next request links its records to these, whether they are written by then or not.
        self._stream.wrote(documents)
        self._stream.segments.clear()
        await self._records.insert_many(documents)


async def opened(settings: Settings, stack: AsyncExitStack) -> LibraryHandler:
    """The handler, with what it needs."""
    assert settings.mongodb_uri and settings.token_issuer and settings.token_jwks  # noqa: PT018 - the bench sets them
    assert settings.pseudonym_key_file and settings.assertion_key_file  # noqa: PT018
    client = AsyncMongoClient[Document](settings.mongodb_uri.get_secret_value())
    stack.push_async_callback(client.close)
    database = client[settings.mongodb_database]
    session = await stack.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
    essential: jwt.ClaimsOption = {"essential": True}
    jwks = await asyncio.to_thread(Path(settings.token_jwks).read_bytes)
    return LibraryHandler(
        issuer_keys=KeySet.import_key_set(orjson.loads(jwks)),
        claims=jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": settings.token_issuer},
            aud={"essential": True, "value": settings.token_audience or settings.base_url},
            sub=essential,
            client_id=essential,
            exp=essential,
            iat=essential,
            jti=essential,
        ),
        pseudonyms=read_pseudonyms(settings.pseudonym_key_file, settings.pseudonym_key_id),
        consumers=frozenset([one["_id"] async for one in database["consumers"].find()]),
        database=database,
        producers={one["_id"]: (one["endpoint"], one["audience"]) async for one in database["producers"].find()},
        session=session,
        key=ECKey.import_key(orjson.loads(settings.assertion_key_file.read_bytes())),
        issuer=settings.base_url,
    )


if __name__ == "__main__":
    run(opened)
