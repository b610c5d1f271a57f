"""What comes with a question: the caller assertion, which a producer can verify, and the other headers."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from gateway.key_files import KeyFileError
from gateway.model.caller import Caller, ConsumerId, SubjectKey
from gateway.model.purpose import InformationArea, Purpose
from gateway.producers.assertion import CallerAssertions, read_signing_key
from tests.gateway import GROUP_WITH_STATUSES, Gateway
from tests.issuer import ALVA, BJORN, COMPANY
from tests.producer import Producer

CALLER = Caller(ConsumerId("portal"), COMPANY, SubjectKey("digest", "k1"), (ALVA,), frozenset())
TAXES = Purpose(InformationArea.TAXES, None)


async def published_keys(gateway: Gateway) -> Any:
    answer = await gateway.send(None, {}, method="GET", path="/.well-known/jwks.json", authorized=False)
    assert answer.status == 200
    return answer.json


def token_of(producer: Producer) -> str:
    (asked,) = producer.asked
    return asked.headers["Authorization"].removeprefix("Bearer ")


async def test_the_assertion_says_who_asks_for_whom_why_and_for_what(gateway: Gateway, tax: Producer) -> None:
    token = gateway.token_for(COMPANY, "accounting-program", actor=ALVA)
    group = await gateway.a_group_with(tax.case(), token=token)
    before = int(time.time())

    await gateway.query(GROUP_WITH_STATUSES, id=group["id"], token=token)

    claims = tax.asked[0].claims
    moments = claims.pop("iat"), claims.pop("exp")
    assert re.fullmatch(r"[0-9a-f]{32}", claims.pop("jti"))
    assert claims == {
        "iss": gateway.url,
        "aud": "https://tax-agency.example",
        "sub": COMPANY,
        "act": {"sub": ALVA},
        "client_id": "accounting-program",
        "purpose": ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company"],
        "scope": "title",
        "case_types": ["FSKATT"],
    }
    assert before <= moments[0] <= time.time()
    assert moments[1] - moments[0] == 60


async def test_a_producer_can_verify_the_assertion_with_the_published_keys(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())
    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])
    keys = await published_keys(gateway)

    verified = jwt.decode(token_of(tax), KeySet.import_key_set(keys), algorithms=["ES256"])

    (key,) = keys["keys"]
    assert verified.header == {"alg": "ES256", "kid": key["kid"], "typ": "JWT"}
    assert verified.claims == tax.asked[0].claims
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}


async def test_each_producer_gets_an_assertion_of_its_own(gateway: Gateway, tax: Producer, city: Producer) -> None:
    group = await gateway.a_group_with(tax.case(), city.case())

    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    audiences = tax.asked[0].claims["aud"], city.asked[0].claims["aud"]
    assert audiences == ("https://tax-agency.example", "https://municipality.example")
    assert tax.asked[0].claims["jti"] != city.asked[0].claims["jti"]


@pytest.mark.settings(producer_deadline=2.5)
async def test_the_language_the_trace_the_request_id_and_the_deadline_go_with_every_question(
    gateway: Gateway, tax: Producer
) -> None:
    group = await gateway.a_group_with(tax.case())
    trace = "0af7651916cd43dd8448eb211c80319c"
    body = json.dumps({"query": GROUP_WITH_STATUSES, "variables": {"id": group["id"]}}).encode()

    answer = await gateway.send(
        body,
        {
            "Content-Type": "application/json",
            "Accept-Language": "se, en;q=0.5",
            "X-Request-ID": "portal-7",
            "traceparent": f"00-{trace}-b7ad6b7169203331-01",
        },
    )

    headers = tax.asked[0].headers
    span = re.fullmatch(rf"00-{trace}-([0-9a-f]{{16}})-01", headers["traceparent"])
    assert answer.headers["X-Request-ID"] == headers["X-Request-ID"] == "portal-7"
    assert headers["Accept-Language"] == "se, en;q=0.5"
    assert 2_000 < int(headers["Request-Timeout"]) <= 2_500
    assert headers["Content-Type"] == "application/json"
    assert span
    assert span[1] != "b7ad6b7169203331"
    assert "Cookie" not in headers


@pytest.mark.settings(operation_deadline=2.0)
async def test_a_producer_is_told_no_more_time_than_the_operation_has_left(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    assert 0 < int(tax.asked[0].headers["Request-Timeout"]) < 2000


async def test_a_caller_without_a_trace_or_a_request_id_is_given_both(gateway: Gateway, tax: Producer) -> None:
    group = await gateway.a_group_with(tax.case())

    answer = await gateway.query(GROUP_WITH_STATUSES, id=group["id"])

    headers = tax.asked[0].headers
    assert headers["X-Request-ID"] == answer.headers["X-Request-ID"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", headers["traceparent"])
    assert headers["Accept-Language"] == "sv, en;q=0.5"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ECKey.generate_key("P-256"), "ES256"), (OKPKey.generate_key("Ed25519", {"kid": "mine"}), "EdDSA")],
    ids=["ES256", "EdDSA"],
)
def test_assertions_are_signed_with_either_kind_of_key(tmp_path: Path, key: ECKey | OKPKey, algorithm: str) -> None:
    file = tmp_path / "assertion.jwk"
    file.write_text(json.dumps(key.as_dict(private=True)))
    file.chmod(0o600)
    assertions = CallerAssertions(read_signing_key(file), "https://gateway.example")

    token = assertions.sign(CALLER, audience="https://a.example", purposes=[TAXES, TAXES], scope="")

    jwks: Any = assertions.jwks()
    verified = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=[algorithm])
    assert verified.header["alg"] == algorithm
    assert verified.claims["purpose"] == ["TAXES"]
    assert "d" not in jwks["keys"][0]
    assert jwks["keys"][0]["kid"] == verified.header["kid"] == (key.kid or key.thumbprint())


@pytest.mark.parametrize(
    ("actors", "act"),
    [
        ((), None),
        ((ALVA,), {"sub": ALVA}),
        ((ALVA, BJORN), {"sub": ALVA, "act": {"sub": BJORN}}),
        ((ALVA, BJORN, "bureau"), {"sub": ALVA, "act": {"sub": BJORN, "act": {"sub": "bureau"}}}),
    ],
)
def test_those_who_act_stand_in_each_other_the_one_who_acts_now_outermost(
    actors: tuple[str, ...], act: dict[str, Any] | None
) -> None:
    key = ECKey.generate_key("P-256")
    caller = replace(CALLER, actors=actors)

    token = CallerAssertions(key, "https://gateway.example").sign(
        caller, audience="https://a.example", purposes=[TAXES], scope="title"
    )

    claims = jwt.decode(token, key, algorithms=["ES256"]).claims
    assert claims["sub"] == COMPANY
    assert claims.get("act") == act
    assert ("act" in claims) == bool(actors)


def jwk(key: Key, *, private: bool = True) -> str:
    return json.dumps(key.as_dict(private=private))


NO_JWK, NOT_OURS = "does not hold a JWK", "must be a private JWK of EC P-256 or Ed25519"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "cannot be read", id="no file"),
        pytest.param("", NO_JWK, id="empty"),
        pytest.param("-----BEGIN PRIVATE KEY-----", NO_JWK, id="PEM"),
        pytest.param("[]", NO_JWK, id="a list"),
        pytest.param("5", NO_JWK, id="a number"),
        pytest.param('"EC"', NO_JWK, id="a string"),
        pytest.param("{}", NO_JWK, id="an empty object"),
        pytest.param('{"kty": ["EC"]}', NO_JWK, id="a kind that is no string"),
        pytest.param('{"kty": "EC", "crv": "P-256"}', NO_JWK, id="a key without coordinates"),
        pytest.param(jwk(ECKey.generate_key("P-256"), private=False), NOT_OURS, id="a public key"),
        pytest.param(jwk(ECKey.generate_key("P-384")), NOT_OURS, id="P-384"),
        pytest.param(jwk(OKPKey.generate_key("X25519")), NOT_OURS, id="X25519"),
        pytest.param(jwk(RSAKey.generate_key(2048)), NOT_OURS, id="RSA"),
        pytest.param(jwk(OctKey.generate_key(256)), NOT_OURS, id="a shared secret"),
    ],
)
def test_a_signing_key_that_cannot_be_used_is_told_with_its_reason_and_not_its_content(
    tmp_path: Path, content: str | None, says: str
) -> None:
    file = tmp_path / "assertion.jwk"
    if content is not None:
        file.write_text(content)
        file.chmod(0o600)

    with pytest.raises(KeyFileError, match=says) as refused:
        read_signing_key(file)

    assert str(file) in str(refused.value)
    assert not content or '"d"' not in str(refused.value)
