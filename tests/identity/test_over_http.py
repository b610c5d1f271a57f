"""Who gets in by HTTP, and what those who do not are told, before anything else is done for them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from joserfc.jwk import ECKey

from tests.gateway import GROUP_WITH_STATUSES, Answer, Gateway, running_gateway
from tests.http.waiting import until
from tests.identity.bad_tokens import BAD_TOKENS, STRANGER, MakeToken
from tests.identity.tokens import HEADER, by_hand, right_claims
from tests.issuer import ALVA, BJORN, COMPANY, Issuer, acting
from tests.producer import Producer, running_producer
from tests.reads import Reads

REALM = 'Bearer realm="mina-arenden"'
VIEWER = "{ viewer { consumer { name } subject { identifier } actor { identifier } } }"
ERROR_DESCRIPTION = re.compile(r"[ !#-\[\]-~]+")
"""The characters that an `error_description` may have (RFC 6750 §3)."""


@dataclass
class Door:
    """One gateway for a whole module, whose callers are refused: nothing they do changes it."""

    gateway: Gateway
    tax: Producer
    group: str

    async def asked_with(self, *authorization: str) -> Answer:
        """The answer to a question about a group's statuses under these Authorization headers."""
        headers = [("X-Request-ID", "the-request"), *(("Authorization", value) for value in authorization)]
        question = {"query": GROUP_WITH_STATUSES, "variables": {"id": self.group}}
        async with self.gateway.session.post(f"{self.gateway.url}/graphql", json=question, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    @property
    def cost(self) -> tuple[int, int]:
        """How many questions the producer got, and how often the groups were read."""
        return self.tax.requests, self.gateway.reads.of(self.gateway.database.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(database_uri: str, reads: Reads, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    async with AsyncExitStack() as stack:
        tax = await stack.enter_async_context(running_producer("tax-agency", ("FSKATT",)))
        gateway = await stack.enter_async_context(
            running_gateway(database_uri, "test_door", Issuer(folder), [tax], folder, reads)
        )
        group = await gateway.a_group_with(tax.case())
        yield Door(gateway, tax, group["id"])


def assert_refused(answer: Answer) -> None:
    """Refused in GraphQL's words, and nothing told of anybody."""
    assert answer.status == 401
    assert answer.json.keys() == {"errors"}
    assert answer.error.keys() == {"message", "extensions"}
    assert answer.error["extensions"] == {"code": "UNAUTHENTICATED", "requestId": "the-request"}
    assert answer.headers["X-Request-ID"] == "the-request"
    assert answer.headers["Cache-Control"] == "no-store"
    told = f"{answer.headers} {answer.body!r}"
    assert [number for number in (ALVA, BJORN, COMPANY) if number in told] == []


@pytest.mark.parametrize(("make", "says"), BAD_TOKENS)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_bad_token_is_refused_and_told_why_and_costs_nothing(door: Door, make: MakeToken, says: str) -> None:
    before = door.cost

    answer = await door.asked_with(f"Bearer {make(door.gateway.issuer)}")

    assert_refused(answer)
    assert answer.error["message"] == says
    assert answer.headers["WWW-Authenticate"] == f'{REALM}, error="invalid_token", error_description="{says}"'
    assert ERROR_DESCRIPTION.fullmatch(says)
    assert door.cost == before


@pytest.mark.parametrize("client", ["stranger", "tax-agency"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_client_that_is_no_consumer_is_refused(door: Door, client: str) -> None:
    before = door.cost

    answer = await door.asked_with(f"Bearer {door.gateway.token_for(consumer=client)}")

    assert_refused(answer)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert door.cost == before


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([""], id="empty"),
        pytest.param(["", "Bearer {}"], id="empty, and a right one"),
        pytest.param(["{}"], id="a token without a scheme"),
        pytest.param(["Basic YWx2YTpoZW1saWd0"], id="another scheme"),
        pytest.param(["Basic YWx2YTpoZW1saWd0", "Bearer {}"], id="another scheme, and a right one"),
        pytest.param(["DPoP {}"], id="a scheme that is not offered"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_without_credentials_a_caller_is_told_what_to_send_and_no_error_code(
    door: Door, headers: list[str]
) -> None:
    before = door.cost

    answer = await door.asked_with(*(header.format(door.gateway.token_for()) for header in headers))

    assert_refused(answer)
    assert answer.error["message"] == "Send an access token: Authorization: Bearer <token>."
    assert answer.headers["WWW-Authenticate"] == REALM
    assert door.cost == before


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(["Bearer"], id="no token"),
        pytest.param(["Bearer {}, Bearer {}"], id="two credentials"),
        pytest.param(["Bearer {}", "Bearer {}"], id="two headers"),
        pytest.param(["Bearer {}", "Basic YWx2YTpoZW1saWd0"], id="a right one, and another scheme"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_caller_with_more_or_less_than_one_credential_is_refused(door: Door, headers: list[str]) -> None:
    before = door.cost

    answer = await door.asked_with(*(header.format(*[door.gateway.token_for()] * 2) for header in headers))

    assert_refused(answer)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert door.cost == before


@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_question_with_a_right_token_costs_a_read_and_a_producer_request(door: Door) -> None:
    requests, reads = door.cost

    answer = await door.asked_with(f"bearer {door.gateway.token_for()}")

    assert answer.status == 200
    assert door.cost == (requests + 1, reads + 1)


@pytest.mark.parametrize("parameter", ["jku", "x5u"])
@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_fetched_from_where_a_token_says_its_key_is(door: Door, parameter: str) -> None:
    fetched: list[str] = []

    async def keys(request: web.Request) -> web.StreamResponse:
        fetched.append(request.path)
        return web.json_response({"keys": [STRANGER.as_dict(private=False)]})

    app = web.Application()
    app.router.add_get("/jwks.json", keys)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"

    answers = [
        await door.asked_with(f"Bearer {by_hand({**HEADER, parameter: address, 'kid': kid}, right_claims(), STRANGER)}")
        for kid in ("first", "strangers")
    ]
    await runner.cleanup()

    assert [answer.status for answer in answers] == [401, 401]
    assert fetched == []


@pytest.mark.parametrize("state", ["suspended", "ended"])
async def test_a_consumer_that_is_not_connected_any_more_is_shut_out_within_seconds_and_let_in_again(
    gateway: Gateway, state: str
) -> None:
    async def status() -> int:
        return (await gateway.query(VIEWER)).status

    async def becomes(new: str) -> None:
        await gateway.database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"state": new}})

    await becomes(state)
    await until(lambda: is_equal(status(), 401))
    refused = await gateway.query(VIEWER)
    other = await gateway.query(VIEWER, token=gateway.token_for(consumer="accounting-program"))
    await becomes("active")
    await until(lambda: is_equal(status(), 200))

    assert refused.code == "UNAUTHENTICATED"
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert other.status == 200


async def is_equal(found: Any, expected: int) -> bool:
    return bool(await found == expected)


@pytest.mark.parametrize(
    ("subject", "actors", "seen"),
    [
        pytest.param(COMPANY, (ALVA,), (ALVA,), id="a representative"),
        pytest.param(ALVA, (ALVA,), (), id="the subject itself, named as actor"),
        pytest.param(ALVA, (), (), id="the subject itself"),
        pytest.param(COMPANY, (ALVA, "acme-bureau", BJORN), (ALVA, "acme-bureau", BJORN), id="a chain of three"),
    ],
)
async def test_who_acts_for_whom_is_seen_by_the_viewer_and_by_the_producer(
    gateway: Gateway, tax: Producer, subject: str, actors: tuple[str, ...], seen: tuple[str, ...]
) -> None:
    token = gateway.token_for(subject, actor=actors)
    group = await gateway.a_group_with(tax.case(), token=token)

    viewer = (await gateway.query(VIEWER, token=token)).data["viewer"]
    await gateway.query(GROUP_WITH_STATUSES, id=group["id"], token=token)

    (asked,) = tax.asked
    assert viewer["subject"] == {"identifier": subject}
    assert viewer["actor"] == ({"identifier": seen[0]} if seen else None)
    assert asked.claims["sub"] == subject
    assert {name: value for name, value in asked.claims.items() if name == "act"} == acting(seen)


async def test_a_consumer_that_is_not_let_in_for_representatives_may_ask_for_those_who_act_themselves(
    gateway: Gateway, tax: Producer
) -> None:
    await gateway.database["consumers"].update_one({"_id": "business-portal"}, {"$set": {"representatives": False}})

    async def refused() -> bool:
        return "errors" in (await gateway.query(VIEWER, token=gateway.token_for(COMPANY, actor=ALVA))).json

    await until(refused)
    group = await gateway.a_group_with(tax.case(), token=gateway.token_for(COMPANY))
    represented = await gateway.query(
        GROUP_WITH_STATUSES, id=group["id"], token=gateway.token_for(COMPANY, actor=(ALVA, BJORN))
    )
    themselves = [await gateway.query(VIEWER, token=gateway.token_for(ALVA, actor=actor)) for actor in ((), (ALVA,))]

    assert (represented.status, represented.code) == (200, "FORBIDDEN")
    assert represented.json["data"] is None
    assert "WWW-Authenticate" not in represented.headers
    assert tax.asked == []
    assert [answer.data["viewer"]["actor"] for answer in themselves] == [None, None]


@pytest.mark.settings(token_jwks_min_interval=1e-6)
async def test_keys_rotate_there_and_back_without_a_restart(gateway: Gateway, issuer: Issuer) -> None:
    old, new = issuer.key, ECKey.generate_key("P-256", {"kid": "second"})
    of_old, of_new = issuer.token(), issuer.token(header={"kid": "second"}, key=new)

    async def accepted(*tokens: str) -> list[bool]:
        return [(await gateway.query(VIEWER, token=token)).status == 200 for token in tokens]

    before = await accepted(of_old, of_new)
    issuer.publish(old, new)
    both = await accepted(of_new, of_old)
    issuer.publish(new)
    await accepted(issuer.token(header={"kid": "third"}, key=new))
    forth = await accepted(of_new, of_old)
    issuer.publish(old)
    back = await accepted(of_old, of_new)

    assert (before, both, forth, back) == ([True, False], [True, True], [True, False], [True, False])


@pytest.mark.settings(token_jwks_max_age=0.2, token_jwks_min_interval=0.01)
async def test_a_withdrawn_key_is_bad_before_long_though_nobody_uses_another(gateway: Gateway, issuer: Issuer) -> None:
    token = issuer.token()
    before = await gateway.query(VIEWER, token=token)
    issuer.publish(ECKey.generate_key("P-256", {"kid": "second"}))

    async def refused() -> bool:
        return (await gateway.query(VIEWER, token=token)).status == 401

    assert before.status == 200
    await until(refused)
