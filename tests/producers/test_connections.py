"""Connections to producers: used again while they are good, never after anything odd, and closed in the end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.model.status import UnavailableReason
from gateway.producers.addresses import AddressRules
from gateway.producers.connecting import Connector
from gateway.producers.connections import Connections
from gateway.producers.exchange import Exchange
from gateway.producers.failures import Failed
from tests.http.waiting import until

RIGHT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Peer:
    """A server that answers each request by `answers`; `sockets` are the open connections."""

    answers: Callable[[asyncio.StreamWriter], Awaitable[None]]
    port: int = 0
    opened: int = 0
    asked: list[bytes] = field(default_factory=list)
    sockets: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests with the body `{}` as come."""
        self.opened += 1
        self.sockets.add(writer)
        try:
            while True:
                self.asked.append(await reader.readuntil(b"{}"))
                await self.answers(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.sockets.discard(writer)


def saying(content: bytes, *, then: Callable[[asyncio.StreamWriter], object] = id) -> Callable[..., Awaitable[None]]:
    """Answers with these bytes."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        then(writer)

    return answer


@asynccontextmanager
async def a_peer(answers: Callable[..., Awaitable[None]]) -> AsyncIterator[Peer]:
    peer = Peer(answers)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for writer in list(peer.sockets):
            writer.transport.abort()


def connections(keep_alive: float = 60) -> Connections:
    connector = Connector(ssl.create_default_context(), AddressRules(loopback=True).open_socket)
    return Connections(connector, keep_alive=keep_alive)


async def ask(opened: Connections, peer: Peer, host: str = "127.0.0.1", headers: dict[str, str] | None = None) -> bytes:
    exchange = Exchange(opened, https_only=False)
    reply = await exchange.ask(
        f"http://{host}:{peer.port}/graphql", b"{}", headers or {}, connect_timeout=5, seconds=5, most_bytes=100
    )
    return reply.body


async def test_a_request_is_what_is_said_of_it_and_no_more() -> None:
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        await ask(opened, peer, headers={"X-Request-ID": "portal-7", "Accept-Language": "sv"})

    (request,) = peer.asked
    assert request.decode().split("\r\n") == [
        "POST /graphql HTTP/1.1",
        f"Host: 127.0.0.1:{peer.port}",
        "User-Agent: mina-arenden-gateway",
        "Accept: application/json, application/graphql-response+json;q=0.9",
        "Accept-Encoding: gzip, deflate",
        "Content-Type: application/json",
        "X-Request-ID: portal-7",
        "Accept-Language: sv",
        "Content-Length: 2",
        "",
        "{}",
    ]


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
async def test_a_header_that_would_be_two_is_not_sent(value: str) -> None:
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        with pytest.raises(Failed, match="line break"):
            await ask(opened, peer, headers={"X-Request-ID": value})

        assert peer.opened == 0


async def test_a_connection_is_used_again_by_one_at_a_time() -> None:
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        for _ in range(3):
            assert await ask(opened, peer) == b"{}"
        assert peer.opened == 1

        await asyncio.gather(*(ask(opened, peer) for _ in range(5)))
        assert peer.opened == 5

        await asyncio.gather(*(ask(opened, peer) for _ in range(5)))
        assert peer.opened == 5


async def test_answers_that_are_under_way_together_are_not_taken_for_each_other() -> None:
    async def echo(writer: asyncio.StreamWriter) -> None:
        said = peer.asked[-1].partition(b"X-Request-ID: ")[2].partition(b"\r\n")[0]
        await asyncio.sleep(0.001 * (int(said) % 7))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))

    async with a_peer(echo) as peer, connections() as opened:
        for _ in range(3):
            answers = await asyncio.gather(
                *(ask(opened, peer, headers={"X-Request-ID": str(number)}) for number in range(30))
            )
            assert [int(answer) for answer in answers] == list(range(30))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(RIGHT.replace(b"Content", b"Connection: close\r\nContent"), id="says that it closes"),
        pytest.param(RIGHT + b"HTTP/1.1 200 OK\r\n", id="begins another answer"),
        pytest.param(b"HTTP/1.1 503 Oj\r\nContent-Length: 9\r\n\r\n", id="has not sent a body that nobody reads"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b" " * 101, id="sends too much"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="speaks another language"),
        pytest.param(b"HTTP/1.1 101 Oj\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", id="switches protocols"),
    ],
)
async def test_a_connection_that_is_not_good_for_more_is_closed_at_once(content: bytes) -> None:
    async with a_peer(saying(content)) as peer, connections() as opened:
        for number in (1, 2):
            try:
                await ask(opened, peer)
            except Failed as failed:
                assert not failed.can_repeat  # noqa: PT017
            assert peer.opened == number
            await until(lambda: not peer.sockets)


@pytest.mark.parametrize("unasked", [RIGHT, b"\r\n", b"H"])
async def test_what_comes_unasked_is_no_answer_and_ends_the_connection(unasked: bytes) -> None:
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        await ask(opened, peer)
        for writer in peer.sockets:
            writer.write(unasked)
        await until(lambda: not peer.sockets)
        peer.answers = saying(RIGHT.replace(b"{}", b"[]"))

        assert await ask(opened, peer) == b"[]"
        assert peer.opened == 2


async def test_a_connection_that_the_producer_closed_while_it_was_idle_is_not_used() -> None:
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        await ask(opened, peer)
        for writer in peer.sockets:
            writer.close()
        await until(lambda: not peer.sockets)
        await asyncio.sleep(0.01)

        assert await ask(opened, peer) == b"{}"
        assert peer.opened == 2


@pytest.mark.parametrize("is_reset", [True, False])
async def test_where_not_a_byte_came_the_request_may_be_sent_once_more(*, is_reset: bool) -> None:
    async def vanish(writer: asyncio.StreamWriter) -> None:
        if is_reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        await ask(opened, peer)
        peer.answers = vanish

        with pytest.raises(Failed, match=r"^connection: ") as failed:
            await ask(opened, peer)

        assert failed.value.outcome.reason is UnavailableReason.PRODUCER_UNAVAILABLE
        assert failed.value.can_repeat


@pytest.mark.parametrize("content", [b"H", RIGHT[:-1], b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_where_a_byte_came_it_may_not(content: bytes) -> None:
    async with a_peer(saying(content, then=asyncio.StreamWriter.close)) as peer, connections() as opened:
        with pytest.raises(Failed, match=r"^connection: closed within the answer") as failed:
            await ask(opened, peer)

        assert failed.value.outcome.reason is UnavailableReason.PRODUCER_UNAVAILABLE
        assert not failed.value.can_repeat


async def test_an_answer_may_end_with_the_connection() -> None:
    content = b"HTTP/1.1 200 OK\r\n\r\n{}"
    async with a_peer(saying(content, then=asyncio.StreamWriter.close)) as peer, connections() as opened:
        assert await ask(opened, peer) == b"{}"


async def test_a_request_that_is_given_up_takes_its_connection_along() -> None:
    held = asyncio.Event()

    async def late(writer: asyncio.StreamWriter) -> None:
        held.set()
        await asyncio.sleep(0.05)
        writer.write(RIGHT)

    async with a_peer(late) as peer, connections() as opened:
        asking = asyncio.create_task(ask(opened, peer))
        await held.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: not peer.sockets)
        peer.answers = saying(RIGHT.replace(b"{}", b"[]"))

        assert await ask(opened, peer) == b"[]"


@pytest.mark.parametrize("seconds", [(60.0, 0.1), (0.1, 0.2)], ids=["less time than the one before", "more"])
async def test_each_request_has_its_own_time(seconds: tuple[float, float]) -> None:
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        exchange = Exchange(opened, https_only=False)
        url = f"http://127.0.0.1:{peer.port}/"
        await exchange.ask(url, b"{}", {}, connect_timeout=1, seconds=seconds[0], most_bytes=100)
        peer.answers = saying(RIGHT[:-1])
        began = time.monotonic()

        with pytest.raises(TimeoutError):
            await exchange.ask(url, b"{}", {}, connect_timeout=1, seconds=seconds[1], most_bytes=100)

        assert seconds[1] - 0.01 < time.monotonic() - began < 30
        await until(lambda: not peer.sockets)
        assert peer.opened == 1


async def test_a_connection_that_nobody_uses_any_more_is_closed() -> None:
    async with a_peer(saying(RIGHT)) as peer, connections(keep_alive=0.1) as opened:
        await asyncio.gather(*(ask(opened, peer) for _ in range(3)))
        assert len(peer.sockets) == 3

        await until(lambda: not peer.sockets)
        assert opened._idle == {}
        assert opened._sweeping is None

        await ask(opened, peer)
        assert peer.opened == 4


async def test_in_the_end_every_connection_is_closed_that_of_a_request_under_way_included() -> None:
    async with a_peer(saying(RIGHT)) as peer:
        async with connections() as opened:
            await asyncio.gather(*(ask(opened, peer) for _ in range(3)))
            peer.answers = saying(b"")
            asking = asyncio.create_task(ask(opened, peer))
            await until(lambda: len(peer.asked) == 4)

        with pytest.raises(Failed, match="before an answer"):
            await asking
        await until(lambda: not peer.sockets)
        assert not opened._open


async def test_in_the_end_is_waited_for_what_was_opened_after_all_others_were_lost() -> None:
    async with a_peer(saying(RIGHT)) as peer:
        async with connections(keep_alive=0.05) as opened:
            await ask(opened, peer)
            await until(lambda: not opened._open)
            await ask(opened, peer)

        assert not opened._open


async def test_a_connection_that_is_there_only_when_all_is_over_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    async def getaddrinfo(_: str, port: int, **__: object) -> list[Any]:
        await over.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    async with a_peer(saying(RIGHT)) as peer:
        async with connections() as opened:
            asking = asyncio.create_task(ask(opened, peer, "producer.example"))
            await asyncio.sleep(0)
        over.set()

        with pytest.raises(Failed, match="closed at once"):
            await asking
        await until(lambda: peer.opened == 1 and not peer.sockets)
        assert peer.asked == []


async def test_a_producer_that_does_not_take_the_connection_in_time_may_be_tried_again() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        async with connections() as opened:
            peer = Peer(saying(RIGHT), port=deaf.getsockname()[1])
            exchange = Exchange(opened, https_only=False)

            # TLS, so that the connection is there and nobody answers in it.
            with pytest.raises(Failed, match="no connection in time") as failed:
                await exchange.ask(
                    f"https://127.0.0.1:{peer.port}/", b"{}", {}, connect_timeout=0.1, seconds=5, most_bytes=100
                )
            with pytest.raises(TimeoutError):
                await exchange.ask(
                    f"https://127.0.0.1:{peer.port}/", b"{}", {}, connect_timeout=5, seconds=0.1, most_bytes=100
                )

    assert failed.value.can_repeat


async def test_a_name_is_asked_for_once_by_all_who_need_it_and_again_when_it_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    asked: list[str] = []
    found: list[Any] = []

    async def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        await asyncio.sleep(0)
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found[0], port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    async with a_peer(saying(RIGHT)) as peer, connections() as opened:
        with pytest.raises(Failed, match="gaierror of its name") as failed:
            await ask(opened, peer, "producer.example")
        assert not failed.value.can_repeat
        found.append("127.0.0.1")

        await asyncio.gather(*(ask(opened, peer, "producer.example") for _ in range(5)))

    assert asked == ["producer.example"] * 2
    assert peer.opened == 5
