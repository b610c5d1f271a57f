"""The issuer's keys: read when needed, not more often than agreed, and kept when a read fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession, ClientTimeout, web
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from gateway.errors import Unavailable
from gateway.identity import issuer_keys
from gateway.identity.issuer_keys import MOST_BYTES, IssuerKeys, is_address, jwks_reader

MAX_AGE, MIN_INTERVAL = 600.0, 10.0

FIRST = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
SECOND = ECKey.generate_key("P-384", {"kid": "second"})


def jwks(*keys: Key) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def without_kid(key: Key) -> dict[str, Any]:
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}


class Source:
    """A JWKS that counts how often it is read, and a clock that a test sets."""

    def __init__(self, content: bytes | Exception) -> None:
        self.content = content
        self.reads = 0
        self.now = 1_000.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.keys = IssuerKeys(self.read, max_age=MAX_AGE, min_interval=MIN_INTERVAL, clock=lambda: self.now)

    async def read(self) -> bytes:
        self.reads += 1
        await self.gate.wait()
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    async def kids(self, wanted: str = "first") -> set[str | None]:
        return {key.kid for key in await self.keys.including(wanted)}


async def test_keys_are_read_once_and_again_when_they_are_old() -> None:
    source = Source(jwks(FIRST))

    for _ in range(3):
        assert await source.kids() == {"first"}
    source.now += MAX_AGE
    await source.kids()
    reads_while_fresh = source.reads
    source.now += 1
    await source.kids()

    assert (reads_while_fresh, source.reads) == (1, 2)


async def test_keys_can_be_read_before_the_first_token_comes() -> None:
    source = Source(jwks(FIRST))
    before = source.keys.are_read

    await source.keys.read_ahead()

    assert (before, source.keys.are_read, source.reads) == (False, True, 1)
    assert await source.kids() == {"first"}
    assert source.reads == 1


async def test_keys_that_cannot_be_read_ahead_stop_nobody_and_are_read_with_a_token() -> None:
    source = Source(OSError("away"))

    await source.keys.read_ahead()
    source.content = jwks(FIRST)
    source.now += MIN_INTERVAL + 1

    assert not source.keys.are_read
    assert await source.kids() == {"first"}


async def test_an_unknown_key_id_has_the_keys_read_again_but_seldom_enough_to_cost_nothing() -> None:
    source = Source(jwks(FIRST))
    await source.kids()
    source.content = jwks(FIRST, SECOND)

    for number in range(100):
        assert await source.kids(f"made up {number}") == {"first"}
    reads_too_soon = source.reads
    source.now += MIN_INTERVAL + 1
    for number in range(100):
        assert await source.kids(f"made up {number}") == {"first", "second"}

    assert (reads_too_soon, source.reads) == (1, 2)


async def test_many_callers_at_once_cost_one_read_and_all_of_them_wait_for_it() -> None:
    source = Source(jwks(FIRST))
    source.gate.clear()
    callers = [asyncio.create_task(source.kids()) for _ in range(20)]
    await asyncio.sleep(0)
    source.gate.set()

    assert await asyncio.gather(*callers) == [{"first"}] * 20
    assert source.reads == 1


async def test_a_known_key_is_not_held_back_while_the_keys_are_read_again() -> None:
    source = Source(jwks(FIRST))
    await source.kids()
    source.now += MIN_INTERVAL + 1
    source.gate.clear()
    waiting = asyncio.create_task(source.kids("second"))
    await asyncio.sleep(0)

    known = await source.kids("first")
    source.content = jwks(FIRST, SECOND)
    source.gate.set()

    assert known == {"first"}
    assert await waiting == {"first", "second"}


async def test_old_keys_do_not_hold_callers_back_while_they_are_read_again() -> None:
    source = Source(jwks(FIRST))
    await source.kids()
    source.now += MAX_AGE + 1
    source.gate.clear()
    waiting = asyncio.create_task(source.kids())
    await asyncio.sleep(0)

    meanwhile = await asyncio.wait_for(source.kids(), timeout=5)
    source.content = jwks(FIRST, SECOND)
    source.gate.set()

    assert meanwhile == {"first"}
    assert await waiting == {"first", "second"}
    assert source.reads == 2


@pytest.mark.parametrize(
    "content",
    [
        OSError("no such file"),
        TimeoutError(),
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": ["first"]}',
        b'{"keys": [{"kid": "first"}]}',
        b'{"keys": [{"kid": "first", "kty": "EC"}]}',
        b'{"keys": [{"kid": "first", "kty": "EC", "crv": "P-256", "x": 1, "y": 2}]}',
        b'{"keys": [{"kid": ["first"], "kty": ["EC"]}]}',
        json.dumps({"keys": [{**FIRST.as_dict(private=False), "kid": ["first"]}]}).encode(),
        json.dumps({"keys": [without_kid(FIRST)]}).encode(),
        jwks(OctKey.import_key("0123456789abcdef0123456789abcdef", {"kid": "first"})),
        jwks(OKPKey.generate_key("X25519", {"kid": "first"})),
        jwks(RSAKey.generate_key(2048, {"kid": "first", "use": "enc"})),
    ],
    ids=lambda content: str(content)[:60].partition('"x"')[0].partition('"n"')[0],
)
async def test_what_is_no_key_set_leaves_the_old_keys_and_without_any_the_gateway_is_unavailable(
    content: bytes | Exception,
) -> None:
    with_keys, without_keys = Source(jwks(FIRST)), Source(content)
    await with_keys.kids()
    with_keys.content = content
    with_keys.now += MAX_AGE + 1

    assert await with_keys.kids() == {"first"}
    with pytest.raises(Unavailable):
        await without_keys.kids()
    assert (with_keys.reads, without_keys.reads) == (2, 1)


async def test_a_read_that_failed_is_tried_again_after_the_least_interval() -> None:
    source = Source(OSError("away"))
    for _ in range(5):
        with pytest.raises(Unavailable):
            await source.kids()
    reads_too_soon = source.reads
    source.content = jwks(FIRST)
    source.now += MIN_INTERVAL + 1

    assert await source.kids() == {"first"}
    assert (reads_too_soon, source.reads) == (1, 2)


async def test_old_keys_that_could_not_be_replaced_are_tried_again_after_the_least_interval() -> None:
    source = Source(jwks(FIRST))
    await source.kids()
    source.now += MAX_AGE + 1
    source.content = OSError("away")
    await source.kids()
    source.content = jwks(SECOND)
    source.now += MIN_INTERVAL + 1

    assert await source.kids() == {"second"}


@pytest.mark.parametrize(
    "odd",
    [
        {"kid": "odd", "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kid": "odd", "kty": "EC"},
        {"kid": "odd", "kty": ["EC"]},
        {"kid": "odd", "kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kid": "odd", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kid": "odd", "kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        {"kid": "odd", "kty": "OKP", "crv": "Ed25519", "x": "AA"},
    ],
    ids=str,
)
async def test_one_key_that_cannot_be_read_is_logged_and_does_not_cost_the_others(odd: dict[str, Any]) -> None:
    source = Source(json.dumps({"keys": [odd, *json.loads(jwks(FIRST, SECOND))["keys"]]}).encode())

    with structlog.testing.capture_logs() as lines:
        assert await source.kids() == {"first", "second"}

    (line,) = lines
    assert line.pop("problem")
    assert line == {"event": "issuer_keys.key_passed_over", "log_level": "warning", "kid": "odd"}


@pytest.mark.parametrize(
    "odd", ["odd", 5, None, without_kid(FIRST), {**without_kid(FIRST), "kid": 5}], ids=lambda odd: type(odd).__name__
)
async def test_what_has_no_key_id_does_not_cost_the_others(odd: object) -> None:
    source = Source(json.dumps({"keys": [odd, *json.loads(jwks(SECOND))["keys"]]}).encode())

    assert await source.kids("second") == {"second"}


async def test_a_read_that_fails_is_logged_with_its_reason() -> None:
    source = Source(b'{"keys": []}')

    with structlog.testing.capture_logs() as lines, pytest.raises(Unavailable) as refused:
        await source.kids()

    assert lines == [{"event": "issuer_keys.not_read", "log_level": "error", "exc_info": True}]
    assert str(refused.value) == "The keys of the token issuer cannot be read right now. Try again in a while."


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("https://issuer.example/jwks.json", True),
        ("http://127.0.0.1:1/jwks.json", True),
        ("/etc/jwks.json", False),
        ("https/jwks.json", False),
        ("file:///etc/jwks.json", False),
    ],
)
def test_an_address_is_told_from_a_file(source: str, is_one: bool) -> None:
    assert is_address(source) is is_one


async def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(jwks(FIRST))

    async with ClientSession() as session:
        assert await jwks_reader(str(file), session)() == jwks(FIRST)


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def jwks_at(answering: Answering) -> AsyncIterator[tuple[str, ClientSession]]:
    """The address of a JWKS over HTTP, and a session to read it with."""
    app = web.Application()
    app.router.add_get("/jwks.json", answering)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with ClientSession() as session:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json", session
    finally:
        await runner.cleanup()


async def in_pieces(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for byte in jwks(FIRST):
        await response.write(bytes([byte]))
        await asyncio.sleep(0)
    return response


async def whole(_: web.Request) -> web.StreamResponse:
    return web.Response(body=jwks(FIRST), content_type="application/jwk-set+json")


async def redirecting(request: web.Request) -> web.StreamResponse:
    if "followed" in request.query:
        return web.Response(body=jwks(FIRST))
    return web.Response(status=302, body=jwks(FIRST), headers={"Location": f"{request.path}?followed"})


async def missing(_: web.Request) -> web.StreamResponse:
    return web.Response(status=404, body=jwks(FIRST))


async def failing(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500, body=jwks(FIRST))


async def too_large_when_unpacked(_: web.Request) -> web.StreamResponse:
    response = web.Response(body=jwks(FIRST) + b" " * MOST_BYTES)
    response.enable_compression(web.ContentCoding.gzip)
    return response


async def breaking_off(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def as_large_as_may_be(_: web.Request) -> web.StreamResponse:
    return web.Response(body=jwks(FIRST).ljust(262_144))


async def one_byte_too_large(_: web.Request) -> web.StreamResponse:
    return web.Response(body=jwks(FIRST).ljust(262_145))


async def no_json(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Under underhåll</html>", content_type="text/html")


@pytest.mark.parametrize("answering", [whole, in_pieces, as_large_as_may_be])
async def test_keys_are_read_over_http_however_the_answer_arrives(answering: Answering) -> None:
    async with jwks_at(answering) as (address, session):
        keys = IssuerKeys(jwks_reader(address, session), max_age=MAX_AGE, min_interval=MIN_INTERVAL)

        assert {key.kid for key in await keys.including("first")} == {"first"}


@pytest.mark.parametrize(
    "answering", [redirecting, missing, failing, breaking_off, one_byte_too_large, too_large_when_unpacked, no_json]
)
async def test_an_http_answer_that_is_no_key_set_brings_no_keys(answering: Answering) -> None:
    async with jwks_at(answering) as (address, session):
        keys = IssuerKeys(jwks_reader(address, session), max_age=MAX_AGE, min_interval=MIN_INTERVAL)

        with pytest.raises(Unavailable):
            await keys.including("first")


async def test_an_answer_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert issuer_keys.FETCH_TIMEOUT.total == 5
    monkeypatch.setattr(issuer_keys, "FETCH_TIMEOUT", ClientTimeout(total=0.05))
    done = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await done.wait()
        return web.Response(body=jwks(FIRST))

    async with jwks_at(silent) as (address, session):
        keys = IssuerKeys(jwks_reader(address, session), max_age=MAX_AGE, min_interval=MIN_INTERVAL)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(keys.including("first"), timeout=10)
        done.set()
