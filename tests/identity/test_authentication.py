"""Who gets in, and what those who do not are told: over HTTP, before anything else is done for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.errors import Unavailable
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.authentication import Authentication
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import Caller, ConsumerId, SubjectKey
from gateway.store.registry import Registry
from tests.gateway import GROUP_WITH_STATUSES, Answer, Gateway
from tests.http.waiting import until
from tests.identity.tokens import HEADER, by_hand, right_claims, with_public_key_as_secret
from tests.issuer import ALVA, AUDIENCE, BJORN, COMPANY, ISSUER, Issuer
from tests.producer import Producer

REALM = 'Bearer realm="mina-arenden"'
STATUS = "status { __typename }"
VIEWER = "{ viewer { consumer { name } subject { identifier } actor { identifier } } }"

HeaderOf = Callable[[Issuer], str]


def bearer(name: str, make: HeaderOf) -> Any:
    return pytest.param(lambda issuer: f"Bearer {make(issuer)}", id=name)


NO_CREDENTIALS = [
    pytest.param(lambda _: None, id="no header"),
    pytest.param(lambda _: "", id="empty header"),
    pytest.param(lambda _: "Basic YWx2YTpoZW1saWd0", id="another scheme"),
    pytest.param(lambda issuer: f"DPoP {issuer.token()}", id="a scheme that is not offered"),
    pytest.param(lambda issuer: issuer.token(), id="a token without a scheme"),
]

BAD_TOKENS = [
    pytest.param(lambda _: "Bearer", id="no token"),
    pytest.param(lambda _: "Bearer  ", id="blank token"),
    pytest.param(lambda issuer: f"Bearer {issuer.token()} {issuer.token()}", id="two tokens"),
    pytest.param(lambda issuer: f"Bearer {issuer.token()}, Bearer {issuer.token()}", id="two credentials"),
    bearer("garbage", lambda _: "garbage"),
    bearer("not ASCII", lambda _: "\xe4\xf6"),
    bearer("oversized", lambda issuer: issuer.token(extra="x" * 8_192)),
    bearer("unsigned", lambda _: by_hand({**HEADER, "alg": "none"}, right_claims())),
    bearer("public key as secret", lambda issuer: with_public_key_as_secret(issuer.key)),
    bearer("unknown key", lambda issuer: issuer.token(header={"kid": "unknown"})),
    bearer("another's key", lambda issuer: issuer.token(key=ECKey.generate_key("P-256", {"kid": "first"}))),
    bearer("an ID token", lambda issuer: issuer.token(header={"typ": "JWT"})),
    bearer("expired", lambda issuer: issuer.token(exp=int(time.time()) - 60)),
    bearer("another issuer's", lambda issuer: issuer.token(iss="https://stranger.example")),
    bearer("for another audience", lambda issuer: issuer.token(aud="https://other.example")),
    bearer("without a subject", lambda issuer: issuer.token(without=("sub",))),
    bearer("actor is no object", lambda issuer: issuer.token(act=ALVA)),
    bearer("of an unknown consumer", lambda issuer: issuer.token(consumer="stranger")),
    bearer("of a producer", lambda issuer: issuer.token(consumer="tax-agency")),
]


async def asked_with(gateway: Gateway, authorization: str | None, group: str) -> Answer:
    headers = {"Content-Type": "application/json", "X-Request-ID": "the-request"}
    if authorization is not None:
        headers["Authorization"] = authorization
    body = f'{{"query": "query {{ caseGroup(id: \\"{group}\\") {{ cases {{ edges {{ node {{ {STATUS} }} }} }} }} }}"}}'
    return await gateway.send(body.encode(), headers, authorized=False)


def assert_refused(answer: Answer) -> None:
    assert answer.status == 401
    assert answer.json.keys() == {"errors"}
    assert answer.error.keys() == {"message", "extensions"}
    assert answer.error["extensions"] == {"code": "UNAUTHENTICATED", "requestId": "the-request"}
    assert answer.headers["X-Request-ID"] == "the-request"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("authorization", NO_CREDENTIALS)
async def test_without_credentials_a_caller_is_told_what_to_send_and_no_error_code(
    gateway: Gateway, tax: Producer, issuer: Issuer, authorization: Callable[[Issuer], str | None]
) -> None:
    group = await gateway.a_group_with(tax.case())
    before = gateway.reads.of(gateway.database.name)

    answer = await asked_with(gateway, authorization(issuer), group["id"])

    assert_refused(answer)
    assert answer.headers["WWW-Authenticate"] == REALM
    assert (tax.requests, gateway.reads.of(gateway.database.name) - before) == (0, 0)


@pytest.mark.parametrize("authorization", BAD_TOKENS)
async def test_a_bad_token_is_refused_before_any_database_or_producer_is_asked(
    gateway: Gateway, tax: Producer, issuer: Issuer, authorization: HeaderOf
) -> None:
    group = await gateway.a_group_with(tax.case())
    before = gateway.reads.of(gateway.database.name)

    answer = await asked_with(gateway, authorization(issuer), group["id"])

    assert_refused(answer)
    description = answer.error["message"]
    assert answer.headers["WWW-Authenticate"] == (f'{REALM}, error="invalid_token", error_description="{description}"')
    assert '"' not in description
    assert (tax.requests, gateway.reads.of(gateway.database.name) - before) == (0, 0)


async def test_the_same_question_with_a_right_token_costs_a_read_and_a_producer_request(
    gateway: Gateway, tax: Producer, issuer: Issuer
) -> None:
    group = await gateway.a_group_with(tax.case())
    before = gateway.reads.of(gateway.database.name)

    answer = await asked_with(gateway, f"bearer {issuer.token()}", group["id"])

    assert answer.status == 200
    assert (tax.requests, gateway.reads.of(gateway.database.name) - before) == (1, 1)


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
    ("token", "actor"),
    [
        pytest.param({"subject": COMPANY, "actor": ALVA}, ALVA, id="a representative"),
        pytest.param({"subject": ALVA, "actor": ALVA}, None, id="the subject itself, named as actor"),
        pytest.param({"subject": ALVA}, None, id="the subject itself"),
        pytest.param({"subject": COMPANY, "act": {"sub": ALVA, "act": {"sub": BJORN}}}, ALVA, id="a chain"),
    ],
)
async def test_who_acts_for_whom_is_seen_by_the_viewer_and_by_the_producer(
    gateway: Gateway, tax: Producer, token: dict[str, Any], actor: str | None
) -> None:
    access_token = gateway.token_for(**token)
    group = await gateway.a_group_with(tax.case(), token=access_token)

    viewer = (await gateway.query(VIEWER, token=access_token)).data["viewer"]
    await gateway.query(GROUP_WITH_STATUSES, id=group["id"], token=access_token)

    (asked,) = tax.asked
    assert viewer["subject"] == {"identifier": token["subject"]}
    assert viewer["actor"] == (actor and {"identifier": actor})
    assert asked.claims["sub"] == token["subject"]
    assert asked.claims.get("act") == (actor and {"sub": actor})


@pytest.mark.settings(token_jwks_min_interval=1e-6)
async def test_a_new_key_of_the_issuer_is_accepted_as_soon_as_it_is_used_and_the_old_one_for_as_long_as_published(
    gateway: Gateway, issuer: Issuer
) -> None:
    old, new = issuer.token(), ECKey.generate_key("P-256", {"kid": "second"})
    before = await gateway.query(VIEWER, token=old)
    issuer.publish(issuer.key, new)

    rotated = await gateway.query(VIEWER, token=issuer.token(header={"kid": "second"}, key=new))
    still = await gateway.query(VIEWER, token=old)
    issuer.publish(new)
    unknown = await gateway.query(VIEWER, token=issuer.token(header={"kid": "third"}, key=new))
    gone = await gateway.query(VIEWER, token=old)

    assert [answer.status for answer in (before, rotated, still, unknown, gone)] == [200, 200, 200, 401, 401]


@pytest.mark.settings(token_jwks_min_interval=1e-6)
def test_a_callers_repr_shows_no_identity_number() -> None:
    caller = Caller(ConsumerId("portal"), COMPANY, SubjectKey("digest", "k1"), ALVA, frozenset())

    assert COMPANY not in f"{caller!r} {caller}"
    assert ALVA not in f"{caller!r} {caller}"


async def test_nobody_is_called_unconnected_before_the_registry_has_been_read(gateway: Gateway) -> None:
    async def read() -> bytes:
        return gateway.issuer.jwks.read_bytes()

    keys = IssuerKeys(read, max_age=60, min_interval=60)
    registry = Registry(gateway.database)
    authentication = Authentication(
        AccessTokens(keys, issuer=ISSUER, audience=AUDIENCE), registry, Pseudonyms(b"k" * 32, "k1")
    )
    authorization = f"Bearer {gateway.issuer.token()}"

    with pytest.raises(Unavailable):
        await authentication.caller(authorization)
    await registry.read()

    assert (await authentication.caller(authorization)).consumer == "business-portal"
