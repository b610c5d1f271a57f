"""What the driver tells those who listen to its commands, told of one that goes past it: tracing, and tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import cast

import structlog
from bson.codec_options import CodecOptions
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from gateway.store.kept_connection import Address
from gateway.store.messages import Document, reply_in

log = structlog.get_logger(__name__)


class CommandEvents:
    """Tells those who listen to the driver's commands of one that is not sent by it."""

    def __init__(
        self,
        listeners: Sequence[CommandListener],
        command: Document,
        id_: int,
        address: Address,
    ) -> None:
        self._listeners = listeners
        self._database: str = command["$db"]
        self._name = next(iter(command))
        self._id = id_
        self._address = cast(tuple[str, int], address)
        self._began = monotonic()
        started = CommandStartedEvent(command, self._database, id_, self._address, id_)
        self._tell(lambda listener: listener.started(started))

    async def of(self, replying: Awaitable[bytes | bytearray], options: CodecOptions[Document]) -> bytes | bytearray:
        """The reply that is awaited; what becomes of it is told."""
        try:
            message = await replying
            reply = reply_in(message, self._id, options)
        except BaseException as exc:
            self._failed({"errmsg": str(exc), "errtype": type(exc).__name__})
            raise
        if reply.get("ok") == 1:
            self._succeeded(reply)
        else:
            self._failed(reply)
        return message

    def _succeeded(self, reply: Document) -> None:
        event = CommandSucceededEvent(
            self._took(), reply, self._name, self._id, self._address, self._id, database_name=self._database
        )
        self._tell(lambda listener: listener.succeeded(event))

    def _failed(self, failure: Document) -> None:
        event = CommandFailedEvent(
            self._took(), failure, self._name, self._id, self._address, self._id, database_name=self._database
        )
        self._tell(lambda listener: listener.failed(event))

    def _tell(self, told: Callable[[CommandListener], None]) -> None:
        for listener in self._listeners:
            try:
                told(listener)
            except Exception:
                # Whoever listens costs the command nothing: so it is with the driver's own.
                log.exception("store.listener_failed")

    def _took(self) -> timedelta:
        return timedelta(seconds=monotonic() - self._began)
