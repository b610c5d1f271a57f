"""Where a request goes: worked out of the endpoint's address once."""

from __future__ import annotations

import pytest

from gateway.producers.target import CONSTANT, Origin, target_of


@pytest.mark.parametrize(
    ("endpoint", "origin", "path", "host"),
    [
        ("https://a.example/graphql", Origin("a.example", 443, is_tls=True), "/graphql", "a.example"),
        ("HTTP://A.example", Origin("a.example", 80, is_tls=False), "/", "a.example"),
        (
            "https://a.example:8443/q?x=1&y=å#part",
            Origin("a.example", 8443, is_tls=True),
            "/q?x=1&y=%C3%A5",
            "a.example:8443",
        ),
        ("https://a.example:443/", Origin("a.example", 443, is_tls=True), "/", "a.example"),
        ("http://[2001:db8::1]:81/x", Origin("2001:db8::1", 81, is_tls=False), "/x", "[2001:db8::1]:81"),
        ("https://ärenden.example/å b", Origin("xn--renden-9ta.example", 443, is_tls=True), "/%C3%A5%20b", None),
        ("http://a.example/x\r\nX-Y: z", Origin("a.example", 80, is_tls=False), None, "a.example"),
    ],
)
def test_an_endpoint_says_whom_to_connect_to_and_what_to_ask_for(
    endpoint: str, origin: Origin, path: str | None, host: str | None
) -> None:
    target = target_of(endpoint)
    request, named, *rest = target.head.decode().split("\r\n")

    assert target.origin == origin
    assert path is None or request == f"POST {path} HTTP/1.1"
    assert named == f"Host: {host or origin.host}"
    assert "\r\n".join(rest) == CONSTANT


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "nowhere",
        "/graphql",
        "http://",
        "https://:443/graphql",
        "ftp://a.example/graphql",
        "http://a.example:99999/graphql",
        "http://a.example:x/",
        "https://user:secret@a.example/",
        "https://user@a.example/",
    ],
)
def test_what_is_no_address_of_a_web_server_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - yarl's words are its own
        target_of(endpoint)
