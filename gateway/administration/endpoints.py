"""Which addresses a producer may be registered with: a record must not point the gateway at what is not for it.

Outside the test environment: https alone. Nowhere an address that the gateway would not connect to, such as one of an
internal network, whatever name leads there; the gateway looks again whenever it connects.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from gateway.model.connection import Environment
from gateway.producers.addresses import Address, AddressRules

LONGEST = 2_000
PRINTABLE = re.compile(r"[!-~]+")
DEFAULT_PORTS = {"http": 80, "https": 443}
RESOLVING_SECONDS = 5.0


def endpoint_problems(endpoint: str, environment: Environment) -> Iterator[str]:
    """What is wrong with the address as it is written, a sentence each."""
    said = f"--endpoint is {_without_credentials(endpoint)!r}"
    would_be_right = "an address such as https://api.agency.example/graphql"
    if not PRINTABLE.fullmatch(endpoint) or "\\" in endpoint or len(endpoint) > LONGEST:
        yield f"{said}: it must be {would_be_right}, without spaces, at most {LONGEST} characters long."
        return
    parts = _parts(endpoint)
    if parts is None or parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        yield f"{said}, which is no address of a web server: it must be {would_be_right}."
        return
    if "@" in parts.netloc:
        yield f"{said}, with credentials in it: leave them out. The gateway shows who it is by its caller assertion."
    if "#" in endpoint:
        yield f"{said}, with a fragment, which is never sent: leave out the # and what is after it."
    if environment is not Environment.TEST and parts.scheme != "https":
        yield f"{said}, which is not https: outside the environment test it must be https://…"


async def address_problems(endpoint: str, rules: AddressRules) -> list[str]:
    """What is wrong with where the address leads today. A name that leads nowhere is for the check to tell."""
    try:
        async with asyncio.timeout(RESOLVING_SECONDS):
            found = await _addresses(urlsplit(endpoint).hostname or "")
    except (OSError, TimeoutError, UnicodeError):
        return []
    return [
        f"--endpoint leads to {address}, which the gateway does not connect to: an address of this machine, of an "
        "internal network or of no single machine. It must be one of the public internet; where the producer is in a "
        "network of yours, name that in GATEWAY_PRODUCER_NETWORKS."
        for address in found
        if not rules.permit(address)
    ]


def same_endpoint(endpoint: str, others: Mapping[str, str]) -> str | None:
    """The id, in `others`, of who has this endpoint, however it is written there; None where nobody has."""
    wanted = _normal(endpoint)
    return next((id_ for id_, other in others.items() if _normal(other) == wanted), None)


async def _addresses(hostname: str) -> list[Address]:
    """Where a name leads. Raises OSError where that is nowhere."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(hostname, None, type=socket.SOCK_STREAM)
    return [ip_address(text) for text in dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found)]


def _parts(endpoint: str) -> SplitResult | None:
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _normal(endpoint: str) -> tuple[object, ...]:
    parts = _parts(endpoint)
    if parts is None:
        return (endpoint,)
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme, host, parts.port or DEFAULT_PORTS.get(parts.scheme), parts.path or "/", parts.query


def _without_credentials(endpoint: str) -> str:
    """The address as it can be shown."""
    return re.sub(r"//[^/]*@", "//…@", endpoint)
