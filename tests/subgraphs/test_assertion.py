"""Who is let in: the caller assertion, against every producer, over HTTP only."""

import asyncio
import base64
import json
import time
from pathlib import Path

import pytest
from joserfc import jwk, jws, jwt

from tests.subgraphs.gateway import serving_gateway
from tests.subgraphs.processes import (
    DEMONSTRATIONS,
    IN_EACH_LANGUAGE,
    Answer,
    Demonstration,
    Producer,
    running_producer,
)

pytestmark = pytest.mark.asyncio

QUESTION = {"query": "{ cases { edges { node { reference } } } }"}


def is_refused(answer: Answer) -> bool:
    return (
        answer.status == 401
        and answer.headers["www-authenticate"].startswith("Bearer")
        and "data" not in answer.body
        and answer.body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    )


def unsigned(claims: dict[str, object]) -> str:
    """A JWT of `alg: none`, as RFC 7515 writes one: with an empty signature."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


async def test_a_good_assertion_is_let_in(producer: Producer) -> None:
    answer = await producer.post(QUESTION, assertion=producer.assertion())

    assert answer.status == 200
    assert answer.body["data"]["cases"]["edges"]


async def test_an_assertion_signed_with_eddsa_is_let_in(producer: Producer) -> None:
    key = producer.gateway.eddsa
    claims = producer.gateway.claims(producer.demonstration.audience, producer.demonstration.subject)
    header = {"typ": "JWT", "alg": "EdDSA", "kid": key.kid}
    with pytest.warns(UserWarning, match="RFC 9864"):
        assertion = jws.serialize_compact(header, json.dumps(claims), key, algorithms=["EdDSA"])

    answer = await producer.post(QUESTION, assertion=assertion)

    assert answer.status == 200


async def test_a_request_without_an_assertion_is_refused(producer: Producer) -> None:
    answer = await producer.post(QUESTION, assertion=None)

    assert is_refused(answer)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_even_the_schema_needs_an_assertion(producer: Producer) -> None:
    answer = await producer.post({"query": "{ _service { sdl } }"}, assertion=None)

    assert is_refused(answer)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("aud", "https://another-producer.demo.example"),
        ("aud", None),
        ("iss", "https://another-gateway.example"),
        ("iss", None),
        ("sub", None),
        ("sub", ""),
        ("sub", 165599990010),
        ("client_id", None),
        ("client_id", ["business-portal"]),
        ("exp", None),
        ("exp", "tomorrow"),
        ("iat", None),
        ("act", "199003152390"),
        ("act", {"sub": 1}),
        ("purpose", "TAXES"),
    ],
)
async def test_an_assertion_with_a_wrong_claim_is_refused(producer: Producer, claim: str, value: object) -> None:
    answer = await producer.post(QUESTION, assertion=producer.assertion(**{claim: value}))

    assert is_refused(answer)


async def test_an_expired_assertion_is_refused(producer: Producer) -> None:
    now = int(time.time())

    answer = await producer.post(QUESTION, assertion=producer.assertion(iat=now - 120, exp=now - 60))

    assert is_refused(answer)
    assert "expired" in answer.headers["www-authenticate"]


async def test_an_assertion_from_the_future_is_refused(producer: Producer) -> None:
    now = int(time.time())

    answer = await producer.post(QUESTION, assertion=producer.assertion(iat=now + 60, exp=now + 120))

    assert is_refused(answer)


async def test_an_unsigned_assertion_is_refused(producer: Producer) -> None:
    claims = producer.gateway.claims(producer.demonstration.audience, producer.demonstration.subject)

    answer = await producer.post(QUESTION, assertion=unsigned(claims))

    assert is_refused(answer)


async def test_an_unsigned_assertion_that_names_a_key_is_refused(producer: Producer) -> None:
    header, claims, _ = producer.assertion().split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": producer.gateway.es256.kid}).encode())

    answers = [
        await producer.post(QUESTION, assertion=f"{none.decode().rstrip('=')}.{claims}."),
        await producer.post(QUESTION, assertion=f"{header}.{claims}."),
    ]

    assert all(is_refused(answer) for answer in answers)


async def test_an_assertion_signed_by_hmac_with_the_public_key_is_refused(producer: Producer) -> None:
    """The classic confusion: the key that everybody can read, used as a shared secret."""
    key = producer.gateway.es256
    claims = producer.gateway.claims(producer.demonstration.audience, producer.demonstration.subject)
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        oct_key = jwk.OctKey.import_key(base64.urlsafe_b64encode(secret).decode().rstrip("="))

        answer = await producer.post(QUESTION, assertion=jwt.encode({"alg": "HS256", "kid": key.kid}, claims, oct_key))

        assert is_refused(answer)


async def test_an_assertion_by_a_key_that_the_gateway_does_not_publish_is_refused(producer: Producer) -> None:
    stranger = jwk.ECKey.generate_key("P-256")
    claims = producer.gateway.claims(producer.demonstration.audience, producer.demonstration.subject)
    for kid in ("unknown", producer.gateway.es256.kid):
        answer = await producer.post(QUESTION, assertion=jwt.encode({"alg": "ES256", "kid": kid}, claims, stranger))

        assert is_refused(answer)


async def test_an_assertion_that_names_no_key_is_refused(producer: Producer) -> None:
    claims = producer.gateway.claims(producer.demonstration.audience, producer.demonstration.subject)

    answer = await producer.post(QUESTION, assertion=jwt.encode({"alg": "ES256"}, claims, producer.gateway.es256))

    assert is_refused(answer)


async def test_an_assertion_with_a_changed_subject_is_refused(producer: Producer) -> None:
    header, claims, signature = producer.assertion().split(".")
    _, other_claims, _ = producer.assertion(sub="198811274560").split(".")

    answer = await producer.post(QUESTION, assertion=f"{header}.{other_claims}.{signature}")

    assert other_claims != claims
    assert is_refused(answer)


@pytest.mark.parametrize("assertion", ["x", "a.b", "a.b.c", "....", "e30.e30.", "é.é.é", "a" * 20_000, "e30." * 5])
async def test_what_is_not_an_assertion_at_all_is_refused(producer: Producer, assertion: str) -> None:
    answer = await producer.post(QUESTION, assertion=assertion)

    assert is_refused(answer)


@pytest.mark.parametrize("one", IN_EACH_LANGUAGE, ids=lambda one: one.producer)
async def test_the_keys_are_fetched_once_however_many_are_invented(one: Demonstration, tmp_path: Path) -> None:
    """A stranger must not be able to make a producer flood the gateway."""
    with serving_gateway() as gateway, running_producer(one, gateway, tmp_path / "log") as producer:
        claims = gateway.claims(one.audience, one.subject)
        invented = [jwt.encode({"alg": "ES256", "kid": f"invented-{n}"}, claims, gateway.es256) for n in range(20)]

        for assertion in [*invented, *invented]:
            await producer.post(QUESTION, assertion=assertion)
        answer = await producer.post(QUESTION, assertion=producer.assertion())

    assert answer.status == 200
    assert gateway.fetches == 1


@pytest.mark.parametrize("one", IN_EACH_LANGUAGE, ids=lambda one: one.producer)
async def test_a_key_that_the_gateway_begins_to_sign_with_is_found(one: Demonstration, tmp_path: Path) -> None:
    with serving_gateway() as gateway, running_producer(one, gateway, tmp_path / "log") as producer:
        await producer.post(QUESTION, assertion=producer.assertion())
        gateway.es256 = jwk.ECKey.generate_key("P-256", auto_kid=True)

        deadline = time.monotonic() + 10
        while (answer := await producer.post(QUESTION, assertion=producer.assertion())).status != 200:
            assert is_refused(answer)
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)

    assert gateway.fetches == 2


async def test_an_assertion_for_one_producer_opens_no_other(producer: Producer) -> None:
    for other in DEMONSTRATIONS:
        answer = await producer.post(QUESTION, assertion=producer.assertion(aud=other.audience))

        assert is_refused(answer) is (other != producer.demonstration)
