"""Producers are on the internet, or where the operator says; never where the gateway's own network is."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest

from gateway.producers.addresses import AddressRefused, AddressRules

INTERNAL = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "192.0.2.1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:10.1.2.3",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
PUBLIC = ["193.10.1.1", "8.8.8.8", "2a00:1450:4001::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("loopback", [True, False])
def test_the_public_internet_is_permitted(address: str, loopback: bool) -> None:
    assert AddressRules(loopback=loopback).permit(ip_address(address))


@pytest.mark.parametrize("address", INTERNAL)
@pytest.mark.parametrize("loopback", [True, False])
def test_internal_addresses_are_not(address: str, loopback: bool) -> None:
    assert not AddressRules(loopback=loopback).permit(ip_address(address))


@pytest.mark.parametrize("address", LOOPBACK)
@pytest.mark.parametrize("loopback", [True, False])
def test_this_machine_is_where_that_is_right(address: str, loopback: bool) -> None:
    assert AddressRules(loopback=loopback).permit(ip_address(address)) is loopback


@pytest.mark.parametrize("address", ["10.20.7.1", "::ffff:10.20.7.1", "fd12::7"])
def test_a_network_that_the_operator_names_is_permitted_and_nothing_beside_it(address: str) -> None:
    rules = AddressRules([ip_network("10.20.0.0/16"), ip_network("fd12::/64")], loopback=False)

    assert rules.permit(ip_address(address))
    assert not rules.permit(ip_address("10.21.0.1"))


def test_a_socket_is_opened_for_permitted_addresses_alone() -> None:
    rules = AddressRules(loopback=False)

    rules.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))).close()
    for family, sockaddr in (
        (socket.AF_INET, ("127.0.0.1", 443)),
        (socket.AF_INET6, ("fe80::1%eth0", 443, 0, 2)),
    ):
        with pytest.raises(AddressRefused, match="not one that producers may be at"):
            rules.open_socket((family, socket.SOCK_STREAM, 6, "", sockaddr))
