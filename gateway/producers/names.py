"""What host names mean: asked of the system, and remembered for a moment."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv6Address, ip_address

from aiohappyeyeballs import AddrInfoType
from cachetools import TTLCache

MOST_NAMES = 1_000
REMEMBERED_SECONDS = 10

Finding = asyncio.Future[list[AddrInfoType]]


class Names:
    """The addresses of hosts. Those who want to know the same at the same time ask once."""

    def __init__(self) -> None:
        self._found: TTLCache[tuple[str, int], Finding] = TTLCache(MOST_NAMES, REMEMBERED_SECONDS)

    async def addresses(self, host: str, port: int) -> list[AddrInfoType]:
        """Where to connect to for `host`, a name or an address. Raises OSError where that is nowhere."""
        try:
            address = ip_address(host)
        except ValueError:
            return await self._of_name(host, port)
        if isinstance(address, IPv6Address):
            return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))]
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]

    async def _of_name(self, host: str, port: int) -> list[AddrInfoType]:
        finding = self._found.get((host, port))
        if finding is None or _has_failed(finding):
            finding = asyncio.ensure_future(_found(host, port))
            # Its failure is looked at here, in case that everybody who waits for it gives up.
            finding.add_done_callback(_has_failed)
            self._found[host, port] = finding
        # Others may wait for it who do not give up with this one.
        return await asyncio.shield(finding)


async def _found(host: str, port: int) -> list[AddrInfoType]:
    loop = asyncio.get_running_loop()
    return [*await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)]


def _has_failed(finding: Finding) -> bool:
    return finding.done() and (finding.cancelled() or finding.exception() is not None)
