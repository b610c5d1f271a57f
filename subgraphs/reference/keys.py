"""The gateway's public keys, fetched from its JWKS address (RFC 7517) and kept for a while."""

import asyncio
import json
import time
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey

SECONDS_TO_KEEP = 600.0
SECONDS_BETWEEN_FETCHES = 2.0
"""At the most one fetch in this time, however many unknown key ids are presented."""

FETCH_TIMEOUT = aiohttp.ClientTimeout(total=1.5)
LARGEST_KEY_SET = 64 * 1024


class UnknownKey(Exception):
    """The gateway publishes no key with that id."""


class KeysUnavailable(Exception):
    """The gateway's keys cannot be fetched now, so nothing can be said about a signature."""


class PublishedKeys:
    """The public keys at one address, by key id. Fetched at first need, and again for an unknown id or after a while.

    `clock` gives seconds that only grow. A failed fetch keeps the keys of the one before.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, Key] = {}
        self._keys_from = -SECONDS_TO_KEEP
        self._last_fetch = -SECONDS_BETWEEN_FETCHES
        self._last_fetch_failed = False

    async def find(self, key_id: str) -> Key:
        """The key with that id. Raises UnknownKey, or KeysUnavailable when the gateway cannot be asked."""
        if key_id not in self._keys or self._clock() - self._keys_from > SECONDS_TO_KEEP:
            async with self._lock:
                if self._clock() - self._last_fetch >= SECONDS_BETWEEN_FETCHES:
                    await self._fetch()
        if key := self._keys.get(key_id):
            return key
        if self._last_fetch_failed:
            raise KeysUnavailable
        raise UnknownKey

    async def _fetch(self) -> None:
        try:
            self._keys = _public_keys(await _read(self._url))
            self._keys_from = self._clock()
            self._last_fetch_failed = False
        except (aiohttp.ClientError, TimeoutError, ValueError):
            self._last_fetch_failed = True
        finally:
            self._last_fetch = self._clock()


async def _read(url: str) -> bytes:
    """The body at the address. Raises ValueError for any answer but 200 with a body of reasonable size."""
    async with (
        aiohttp.ClientSession(timeout=FETCH_TIMEOUT) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        body = await answer.content.read(LARGEST_KEY_SET + 1)
        while len(body) <= LARGEST_KEY_SET and (more := await answer.content.read(LARGEST_KEY_SET)):
            body += more
        if answer.status != HTTPStatus.OK or len(body) > LARGEST_KEY_SET:
            raise ValueError("The answer is not a key set.")
        return body


def _public_keys(body: bytes) -> dict[str, Key]:
    """The usable keys of a key set; others in it are passed over, as RFC 7517 says. Raises ValueError."""
    match json.loads(body):
        case {"keys": list(entries)}:
            pass
        case _:
            raise ValueError("A key set has a list of keys.")
    keys: dict[str, Key] = {}
    for entry in entries:
        try:
            key = JWKRegistry.import_key(entry)
        except (JoseError, TypeError, ValueError):
            continue
        if key.kid and isinstance(key, ECKey | OKPKey):
            keys[key.kid] = key
    return keys
