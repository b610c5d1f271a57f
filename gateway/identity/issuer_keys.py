"""The access token issuer's public keys: a JWKS from a file or an address, kept and read again when due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import orjson
import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet, OKPKey, RSAKey

from gateway.errors import Unavailable

log = structlog.get_logger(__name__)

MOST_BYTES = 262_144
FETCH_TIMEOUT = ClientTimeout(total=5)

SIGNING_CURVES = frozenset({"P-256", "P-384", "Ed25519"})

ReadJwks = Callable[[], Awaitable[bytes]]


class IssuerKeys:
    """The issuer's keys by `kid`.

    Read at first use, again when older than `max_age` seconds, and when an unknown `kid` turns up; but at most once
    in `min_interval` seconds, so that made-up key ids cost nothing. A read that fails leaves the old keys.
    `clock` gives seconds that never run backwards.
    """

    def __init__(
        self, read: ReadJwks, *, max_age: float, min_interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._max_age = max_age
        self._min_interval = min_interval
        self._clock = clock
        self._keys: KeySet | None = None
        self._kids: frozenset[str] = frozenset()
        self._read_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def are_read(self) -> bool:
        """Whether there are keys to verify tokens with."""
        return self._keys is not None

    async def read_ahead(self) -> None:
        """Reads the keys before the first token comes. What goes wrong is logged, and tried again with the token."""
        async with self._lock:
            await self._refresh()

    async def including(self, kid: str) -> KeySet:
        """The key set, read again first where that may bring `kid`. Raises Unavailable when there is none at all.

        Whoever needs a key that is not there yet waits for the read under way; a known one is not held back by it.
        """
        if self._is_due(kid) and not (kid in self._kids and self._lock.locked()):
            async with self._lock:
                if self._is_due(kid):
                    await self._refresh()
        if self._keys is None:
            raise Unavailable("The keys of the token issuer cannot be read right now. Try again in a while.")
        return self._keys

    def _is_due(self, kid: str) -> bool:
        now = self._clock()
        is_wanted = kid not in self._kids or now - self._read_at > self._max_age
        return is_wanted and now - self._tried_at > self._min_interval

    async def _refresh(self) -> None:
        try:
            keys = KeySet(_signature_keys(await self._read()))
        except (OSError, ClientError, ValueError, KeyError, TypeError):
            log.exception("issuer_keys.not_read")
        else:
            self._keys = keys
            self._kids = frozenset(key.kid for key in keys.keys if key.kid)
            self._read_at = self._clock()
        finally:
            self._tried_at = self._clock()


def is_address(source: str) -> bool:
    """Whether `source` is the address of a JWKS rather than a file's path."""
    return source.startswith(("https://", "http://"))


def jwks_reader(source: str, session: ClientSession) -> ReadJwks:
    """What reads the JWKS at `source`: an address (http or https), or else a file's path."""
    if is_address(source):

        async def fetch() -> bytes:
            async with session.get(source, timeout=FETCH_TIMEOUT, allow_redirects=False) as response:
                # A redirect is an answer of another status, too: where the keys come from is set, never told.
                if response.status != HTTPStatus.OK:
                    raise ValueError(f"the JWKS was answered with HTTP {response.status}")
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


def _signature_keys(body: bytes) -> list[Key]:
    """The keys of a JWKS that access tokens can be signed with; symmetric ones are never among them.

    Keys of other kinds are passed over (RFC 7517 §5). Raises ValueError, KeyError or TypeError when it is no JWKS
    or none is left.
    """
    keys = [key for jwk in orjson.loads(body)["keys"] if (key := _signature_key(jwk)) is not None]
    if not keys:
        raise ValueError("the JWKS holds no key that can verify a signature")
    return keys


def _signature_key(jwk: object) -> Key | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig" or not isinstance(jwk.get("kid"), str):
        return None
    try:
        key = JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError) as exc:
        log.warning("issuer_keys.key_passed_over", kid=jwk["kid"], problem=str(exc))
        return None
    is_usable = isinstance(key, RSAKey) or (isinstance(key, ECKey | OKPKey) and key.curve_name in SIGNING_CURVES)
    return key if is_usable else None
