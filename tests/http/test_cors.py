"""Which web pages may call the gateway from a browser: those of the allowed origins, and no other."""

from __future__ import annotations

import pytest

from tests.gateway import Gateway

PORTAL, OTHER = "https://portal.example", "https://other.example"
with_portal = pytest.mark.settings(allowed_origins=(PORTAL,))
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
BODY = b'{"query": "{ viewer { consumer { name } } }"}'


@with_portal
async def test_a_page_of_an_allowed_origin_may_ask(gateway: Gateway) -> None:
    preflight = await gateway.send(None, {"Origin": PORTAL, **PREFLIGHT}, method="OPTIONS", authorized=False)
    answer = await gateway.send(BODY, {"Origin": PORTAL, "Content-Type": "application/json"})

    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == PORTAL
    assert {"authorization", "content-type"} <= {
        name.strip().lower() for name in preflight.headers["Access-Control-Allow-Headers"].split(",")
    }
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    # Cookies are nobody's business here: a token is sent, or nothing is answered.
    assert "Access-Control-Allow-Credentials" not in preflight.headers | answer.headers


@with_portal
async def test_the_answer_says_that_it_differs_by_origin_and_by_what_it_was_negotiated_on(gateway: Gateway) -> None:
    answer = await gateway.send(BODY, {"Origin": PORTAL, "Content-Type": "application/json"})

    assert {"Origin", "Accept", "Accept-Language"} <= {name.strip() for name in answer.headers["Vary"].split(",")}


@with_portal
@pytest.mark.parametrize("origin", [OTHER, "null", f"{PORTAL}.evil.example", "http://portal.example"])
async def test_a_page_of_another_origin_may_not(gateway: Gateway, origin: str) -> None:
    preflight = await gateway.send(None, {"Origin": origin, **PREFLIGHT}, method="OPTIONS", authorized=False)
    answer = await gateway.send(BODY, {"Origin": origin, "Content-Type": "application/json"})

    assert preflight.status == 400
    assert "Access-Control-Allow-Origin" not in preflight.headers | answer.headers


async def test_no_page_may_where_no_origin_is_allowed(gateway: Gateway) -> None:
    preflight = await gateway.send(None, {"Origin": PORTAL, **PREFLIGHT}, method="OPTIONS", authorized=False)
    answer = await gateway.send(BODY, {"Origin": PORTAL, "Content-Type": "application/json"})

    assert preflight.status == 405
    assert not [name for name in preflight.headers | answer.headers if name.startswith("Access-Control-")]


@with_portal
async def test_an_allowed_page_can_read_why_it_was_refused(gateway: Gateway) -> None:
    answer = await gateway.send(BODY, {"Origin": PORTAL, "Content-Type": "application/json"}, authorized=False)

    assert answer.status == 401
    assert answer.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
