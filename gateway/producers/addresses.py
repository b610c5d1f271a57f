"""Which network addresses producers may be at: a record of the registry must not point the gateway at its own network.

Checked on the address that is connected to, when it is connected to: a name that means another address by then (DNS
rebinding) gets no further than an address that was written down.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohappyeyeballs import AddrInfoType

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = IPv6Network("64:ff9b::/96")
"""IPv6 addresses that mean the IPv4 address in their last 32 bits (RFC 6052)."""


class AddressRefused(OSError):
    """The gateway does not connect to this address."""


class AddressRules:
    """The public internet, the `networks` named, and this machine where `loopback` is right."""

    def __init__(self, networks: Iterable[Network] = (), *, loopback: bool) -> None:
        self._networks = tuple(networks)
        self._loopback = loopback

    def permit(self, address: Address) -> bool:
        """Whether a producer may be at `address`."""
        meant = _meant(address)
        return (
            any(one in network for one in (address, meant) for network in self._networks)
            or (self._loopback and meant.is_loopback)
            or (meant.is_global and not meant.is_multicast)
        )

    def open_socket(self, info: AddrInfoType) -> socket.socket:
        """A socket for the address that is about to be connected to. Raises AddressRefused."""
        family, kind, protocol, _, sockaddr = info
        # An IPv6 address may name its interface behind a percent sign; that changes nothing of what it is.
        address = ip_address(str(sockaddr[0]).partition("%")[0])
        if not self.permit(address):
            raise AddressRefused(f"the address {address} is not one that producers may be at")
        return socket.socket(family=family, type=kind, proto=protocol)


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does: in three notations."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
