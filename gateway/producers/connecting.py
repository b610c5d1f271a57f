"""How a connection to a producer is opened: its name, an address that is permitted, and TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from aiohappyeyeballs import AddrInfoType, start_connection

from gateway.model.status import UnavailableReason
from gateway.producers.addresses import AddressRefused
from gateway.producers.connection import Connection
from gateway.producers.failures import Failed
from gateway.producers.names import Names
from gateway.producers.target import Origin

NEXT_ADDRESS_AFTER = 0.25
"""Seconds after which the next address of a name is tried beside the one before (RFC 8305)."""


class Connector:
    """Opens connections.

    `authorities` are whose certificates are believed; `open_socket` makes the socket for an address, or refuses to.
    """

    def __init__(self, authorities: ssl.SSLContext, open_socket: Callable[[AddrInfoType], socket.socket]) -> None:
        self._authorities = authorities
        self._open_socket = open_socket
        self._names = Names()

    async def open(self, origin: Origin, lost: Callable[[Connection], object], seconds: float) -> Connection:
        """A connection to `origin`, in `seconds` from when its address is known. Raises Failed."""
        try:
            addresses = await self._names.addresses(origin.host, origin.port)
        except (OSError, UnicodeError) as exc:
            raise _failed(f"{type(exc).__name__} of its name") from exc
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self._connected(origin, addresses, lost)
        except (AddressRefused, ssl.SSLCertVerificationError) as exc:
            # The next attempt would meet the same address, or see the same certificate.
            raise _failed(str(exc)) from exc
        except ssl.SSLError as exc:
            raise _failed(f"{type(exc).__name__} {exc.reason}") from exc
        except (OSError, RuntimeError) as exc:
            # RuntimeError: how uvloop refuses some addresses.
            if limit.expired():
                raise Failed(UnavailableReason.PRODUCER_UNAVAILABLE, "no connection in time", can_repeat=True) from exc
            raise _failed(type(exc).__name__, can_repeat=True) from exc

    async def _connected(
        self, origin: Origin, addresses: list[AddrInfoType], lost: Callable[[Connection], object]
    ) -> Connection:
        refusals: list[AddressRefused] = []

        def open_socket(info: AddrInfoType) -> socket.socket:
            try:
                return self._open_socket(info)
            except AddressRefused as exc:
                refusals.append(exc)
                raise

        try:
            opened = await start_connection(
                addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, socket_factory=open_socket
            )
        except OSError:
            # Of several addresses that failed it says that they did, and no more.
            if len(refusals) == len(addresses):
                raise refusals[0] from None
            raise
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(lost),
            sock=opened,
            ssl=self._authorities if origin.is_tls else None,
            server_hostname=origin.host.rstrip(".") if origin.is_tls else None,
        )
        return connection


def _failed(problem: str, *, can_repeat: bool = False) -> Failed:
    return Failed(UnavailableReason.PRODUCER_UNAVAILABLE, f"connection: {problem}", can_repeat=can_repeat)
