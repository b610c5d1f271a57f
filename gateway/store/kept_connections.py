"""Connections of the driver's that are kept for the commands of every question, which go over them by a shorter way.

The driver finds the primary, opens connections to it, encrypts and authenticates. For each command it has tasks,
locks, timers and a session besides, which cost several times what the command does. So a few of its connections are
taken from its pool and kept, and their bytes come here: a command goes out, and its reply comes in. Whatever is out of
the ordinary is the driver's: where no connection is at hand, or a command does not go well, the driver sends it as it
would without any of this (docs/decisions/0013).
"""

from __future__ import annotations

import asyncio
from itertools import count
from time import monotonic
from typing import Any, Self

import pymongo
import structlog
from bson.codec_options import DEFAULT_CODEC_OPTIONS, CodecOptions
from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, PyMongoError
from pymongo.monitoring import CommandListener
from pymongo.topology_description import TopologyDescription

from gateway.store.background import end
from gateway.store.command_events import CommandEvents
from gateway.store.kept_connection import Address, KeptConnection
from gateway.store.messages import Document, NotAReply, command_message, reply_in

log = structlog.get_logger(__name__)

Client = AsyncMongoClient[Document]

MOST_CONNECTIONS = 32
"""That are kept, and at most half of what the driver's pool may have: the rest is for all other commands."""

KEPT_IDLE_SECONDS = 60.0
"""After which one that nobody needed goes; sooner where the address says so (`maxIdleTimeMS`)."""

OPENING_SECONDS = 10.0
"""That opening one may take."""

PATIENCE_SECONDS = 1.0
"""With a connection that is being opened, in the end."""

LONGEST_SENT = 16_000_000
"""Bytes of a message: no document may be longer, and a command is one. What is, the driver cuts into parts."""

LARGEST_ID = 0x7FFF_FFFF
"""Of a message; the next begin again from 0."""

WRITABLE_BY_ROUTE = "LoadBalanced"
"""A topology in which it is the load balancer that decides which server a connection ends at."""


class KeptConnections:
    """The kept connections of one client. They belong to its event loop, and are closed before it is."""

    def __init__(self, client: Client) -> None:
        pool = client.options.pool_options
        self._client = client
        self._most = min(MOST_CONNECTIONS, pool.max_pool_size // 2) if pool.max_pool_size else MOST_CONNECTIONS
        self._idle_seconds = min(KEPT_IDLE_SECONDS, pool.max_idle_time_seconds or KEPT_IDLE_SECONDS)
        # One that listens to something else besides is there several times.
        listeners = {id(one): one for one in client.options.event_listeners if isinstance(one, CommandListener)}
        self._listeners = list(listeners.values())
        self._ids = count(1)
        self._idle: list[KeptConnection] = []
        """The one that was used last comes last, and is used next."""
        self._kept: dict[KeptConnection, _Lease] = {}
        self._giving_back: set[asyncio.Task[None]] = set()
        self._opening: asyncio.Task[None] | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._seen: TopologyDescription | None = None
        self._writable: frozenset[Address] = frozenset()

    async def reply(
        self,
        command: Document,
        *,
        options: CodecOptions[Document] = DEFAULT_CODEC_OPTIONS,
        seconds: float | None,
    ) -> Document | None:
        """What the primary replies to `command`, which names its database as `$db`, within so many seconds.

        None: it is for the driver to send, since it was not sent, or the server would not carry it out; where it broke
        off in the middle, what it had written stands. Raises AutoReconnect where it is not known whether the command
        was carried out, TimeoutError, and BSONError and OverflowError where it is none that can be sent.
        """
        id_ = next(self._ids) & LARGEST_ID
        message = command_message(id_, command)
        connection = self._at_hand() if len(message) <= LONGEST_SENT else None
        if connection is None:
            return None
        try:
            until = None if seconds is None else asyncio.get_running_loop().time() + seconds
            replying = connection.ask(message, until)
            if self._listeners:
                events = CommandEvents(self._listeners, command, id_, connection.address)
                replying = events.of(replying, options)
            reply = reply_in(await replying, id_, options)
        except (NotAReply, BSONError) as exc:
            connection.close()
            raise AutoReconnect(f"the reply cannot be read: {exc}") from exc
        except BaseException:
            connection.close()
            raise
        if reply.get("ok") != 1:
            # What is wrong, the driver knows to tell: whether to look for another primary, or to authenticate anew.
            connection.close()
            return None
        self._put_back(connection)
        return reply

    async def close(self) -> None:
        """Closes all, and gives them back to the driver. No more are kept."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._opening is not None:
            # The driver leaves a socket open whose connecting is cancelled: mostly it is done in a moment.
            await asyncio.wait({self._opening}, timeout=PATIENCE_SECONDS)
        if self._opening is not None:
            await end(self._opening)
        for connection in [*self._kept]:
            connection.close()
        while self._kept:
            # Each is lost in one of the next turns of the event loop, and then given back.
            await asyncio.wait({asyncio.create_task(asyncio.sleep(0)), *self._giving_back})

    def _at_hand(self) -> KeptConnection | None:
        """A connection to the primary, as far as that is known, that nobody uses; or none, and one is on its way."""
        description = self._client.topology_description
        if description is not self._seen:
            self._look_at(description)
        while self._idle:
            connection = self._idle.pop()
            if self._is_fresh(connection):
                return connection
            connection.close()
        # Nobody waits for one that is being opened: the driver has others.
        if self._opening is None and not self._is_closed and self._writable and len(self._kept) < self._most:
            self._opening = asyncio.get_running_loop().create_task(self._open_one())
        return None

    def _put_back(self, connection: KeptConnection) -> None:
        if self._is_closed or connection.address not in self._writable:
            connection.close()
            return
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(self._idle_seconds, self._sweep)

    def _is_fresh(self, connection: KeptConnection) -> bool:
        """Whether it is to be used: who was idle for long may have been forgotten on the way, and nobody is told."""
        return (
            connection.is_open
            and monotonic() - connection.idle_since < self._idle_seconds
            and not self._kept[connection].is_given_up()
        )

    def _sweep(self) -> None:
        """Closes what is not fresh any more, and looks again while anything is idle."""
        for connection in self._idle:
            if not self._is_fresh(connection):
                connection.close()
        self._idle = [connection for connection in self._idle if connection.is_open]
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(self._idle_seconds, self._sweep) if self._idle else None

    def _look_at(self, description: TopologyDescription) -> None:
        """Takes note of which servers can be written to: that is where commands go, and connections to others end."""
        self._seen = description
        self._writable = frozenset(
            address
            for address, server in description.server_descriptions().items()
            if server.is_writable and description.topology_type_name != WRITABLE_BY_ROUTE
        )
        for connection in self._idle:
            if connection.address not in self._writable:
                connection.close()

    async def _open_one(self) -> None:
        try:
            with pymongo.timeout(OPENING_SECONDS):
                await self._open()
        except (PyMongoError, OSError):
            pass  # what is wrong with the database is for the driver's own commands to tell
        except Exception:
            log.exception("store.keeps_no_connections")
            self._most = 0
        finally:
            self._opening = None

    async def _open(self) -> None:
        """Takes one more connection out of the driver's pool."""
        lease = await _Lease.taken(self._client)
        try:
            connection = KeptConnection(lease.address, lease.transport, self._lost)
        except BaseException:
            await lease.give_back()
            raise
        self._kept[connection] = lease
        self._put_back(connection)

    def _lost(self, connection: KeptConnection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        task = asyncio.get_running_loop().create_task(self._give_back(connection))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)

    async def _give_back(self, connection: KeptConnection) -> None:
        try:
            await self._kept[connection].give_back()
        finally:
            del self._kept[connection]


class _Lease:
    """A connection taken out of the driver's pool, which goes on counting it.

    All that is used of the driver and is not public is here.
    """

    def __init__(self, checkout: Any, connection: Any) -> None:
        self._checkout = checkout
        self._connection = connection
        self.address: Address = connection.address
        self.transport: asyncio.Transport = connection.conn.get_conn.transport
        self._is_stale = connection.pool_gen.stale
        self._generation: tuple[int, object] = (connection.generation, connection.service_id)

    @classmethod
    async def taken(cls, client: Client) -> Self:
        """One to the primary, opened if need be. Raises PyMongoError and OSError."""
        checkout = await client._conn_for_writes(None, "find")  # noqa: SLF001
        connection = await checkout.__aenter__()
        try:
            return cls(checkout, connection)
        except BaseException:
            await checkout.__aexit__(None, None, None)
            raise

    def is_given_up(self) -> bool:
        """Whether the driver has given up all connections of its time, since one of them broke."""
        is_stale: bool = self._is_stale(*self._generation)
        return is_stale

    async def give_back(self) -> None:
        """Closes it, and gives its place in the pool back."""
        await self._connection.close_conn(None)
        await self._checkout.__aexit__(None, None, None)
