"""The access token issuer's public keys: a JWKS from a file or an address, kept and read again when due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from gateway.errors import Unavailable

log = structlog.get_logger(__name__)

MOST_BYTES = 262_144
FETCH_TIMEOUT = ClientTimeout(total=5)

ReadJwks = Callable[[], Awaitable[bytes]]


class IssuerKeys:
    """The issuer's keys by `kid`.

    Read at first use, again when older than `max_age` seconds, and when an unknown `kid` turns up, but then at most
    once in `min_interval` seconds, so that made-up key ids cost nothing. A read that fails leaves the old keys.
    """

    def __init__(self, read: ReadJwks, *, max_age: float, min_interval: float) -> None:
        self._read = read
        self._max_age = max_age
        self._min_interval = min_interval
        self._keys: KeySet | None = None
        self._kids: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def including(self, kid: str) -> KeySet:
        """The key set, read again first where that may bring `kid`. Raises Unavailable when there is none at all."""
        if self._is_due(kid):
            # Whoever comes while the keys are being read waits for them, and then finds that nothing is due.
            async with self._lock:
                if self._is_due(kid):
                    await self._refresh()
        if self._keys is None:
            raise Unavailable("The keys of the token issuer cannot be read right now. Try again in a while.")
        return self._keys

    def _is_due(self, kid: str) -> bool:
        age = time.monotonic() - self._read_at
        return age > self._max_age or (kid not in self._kids and age > self._min_interval)

    async def _refresh(self) -> None:
        try:
            keys = KeySet.import_key_set(_parsed(await self._read()))
        except (OSError, ClientError, TimeoutError, ValueError, KeyError, TypeError, JoseError):
            log.exception("issuer_keys.not_read")
        else:
            self._keys = keys
            self._kids = frozenset(key.kid for key in keys.keys if key.kid)
        finally:
            self._read_at = time.monotonic()


def jwks_reader(source: str, session: ClientSession) -> ReadJwks:
    """What reads the JWKS at `source`: an address (http or https), or else a file's path."""
    if source.startswith(("https://", "http://")):

        async def fetch() -> bytes:
            async with session.get(source, timeout=FETCH_TIMEOUT, allow_redirects=False) as response:
                response.raise_for_status()
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise ValueError(f"the JWKS is larger than {MOST_BYTES} bytes")
                return bytes(body)

        return fetch

    async def read() -> bytes:
        return await asyncio.to_thread(Path(source).read_bytes)

    return read


def _parsed(body: bytes) -> KeySetSerialization:
    """The JWKS without the keys that cannot verify signatures: symmetric ones are never used."""
    keys = orjson.loads(body)["keys"]
    return {"keys": [key for key in keys if key.get("kty") in {"EC", "OKP", "RSA"} and key.get("use") != "enc"]}
