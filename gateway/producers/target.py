"""Where a request goes, worked out of an endpoint's address: whom to connect to, and how its head begins."""

from __future__ import annotations

from typing import NamedTuple

from yarl import URL

CONSTANT = (
    "User-Agent: mina-arenden-gateway\r\n"
    "Accept: application/json, application/graphql-response+json;q=0.9\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Content-Type: application/json\r\n"
)
"""What goes with every question."""


class Origin(NamedTuple):
    """Whom to connect to: a host in ASCII, a port, and whether by TLS."""

    host: str
    port: int
    is_tls: bool


class Target(NamedTuple):
    """An endpoint; `head` is as much of a request's head as is the same for all questions to it."""

    origin: Origin
    head: bytes


def target_of(endpoint: str) -> Target:
    """The target that `endpoint` names. Raises ValueError where that is no address of a web server."""
    url = URL(endpoint)
    if url.scheme not in {"http", "https"} or not url.raw_host or not url.port:
        raise ValueError("not an address of http or https")
    if url.raw_user is not None or url.raw_password is not None:
        raise ValueError("an address with credentials in it")
    head = f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n{CONSTANT}"
    return Target(Origin(url.raw_host, url.port, url.scheme == "https"), head.encode("ascii"))
