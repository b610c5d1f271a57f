"""From the Authorization header to the caller: who gets in, and what those who do not are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from gateway.errors import Forbidden, GatewayError, Unauthenticated, Unavailable
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.authentication import Authentication
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.pseudonyms import PseudonymKey, Pseudonyms
from gateway.model.caller import Caller, ConsumerId, SubjectKey
from gateway.model.connection import Connection, ConnectionState, Contact, Environment, Validity
from gateway.model.consumer import Consumer
from gateway.model.text import Text
from tests.identity.bad_tokens import FORM
from tests.issuer import ALVA, AUDIENCE, BJORN, COMPANY, ISSUER, Issuer

SEND_A_TOKEN = "Send an access token: Authorization: Bearer <token>."
PSEUDONYMS = Pseudonyms([PseudonymKey("k1", b"k" * 32), PseudonymKey("k2", b"2" * 32)])

CONNECTION = Connection(
    Environment.TEST,
    Validity(datetime(2026, 1, 1, tzinfo=UTC), None),
    ConnectionState.ACTIVE,
    Contact("Ada", "ada@portal.example"),
)


def consumer(id_: str, *, representatives: bool) -> Consumer:
    return Consumer(ConsumerId(id_), Text(id_, id_), CONNECTION, representatives)


@dataclass
class Connected:
    """Who is connected, in place of the registry."""

    is_read: bool = True
    consumers: dict[str, Consumer] = field(
        default_factory=lambda: {
            "business-portal": consumer("business-portal", representatives=True),
            "accounting-program": consumer("accounting-program", representatives=False),
        }
    )

    def connected_consumer(self, id_: ConsumerId, /) -> Consumer | None:
        """One of them."""
        return self.consumers.get(id_)


@pytest.fixture
def connected() -> Connected:
    return Connected()


@pytest.fixture
def authentication(issuer: Issuer, connected: Connected) -> Authentication:
    async def read() -> bytes:
        return issuer.jwks.read_bytes()

    keys = IssuerKeys(read, max_age=600, min_interval=10)
    return Authentication(AccessTokens(keys, issuer=ISSUER, audience=AUDIENCE), connected, PSEUDONYMS)


async def refusal_of(authentication: Authentication, authorization: str | None) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        await authentication.caller(authorization)
    return refused.value


async def test_a_caller_is_the_tokens_consumer_subject_actors_and_scopes(
    authentication: Authentication, issuer: Issuer
) -> None:
    token = issuer.token(subject=COMPANY, actor=(ALVA, BJORN), scope="case-groups:read subject:read")

    assert await authentication.caller(f"Bearer {token}") == Caller(
        consumer=ConsumerId("business-portal"),
        subject=COMPANY,
        subject_key=PSEUDONYMS.of(COMPANY),
        actors=(ALVA, BJORN),
        scopes=frozenset({"case-groups:read", "subject:read"}),
        actor_keys=(PSEUDONYMS.of(ALVA).digest, PSEUDONYMS.of(BJORN).digest),
        subject_keys=PSEUDONYMS.all_of(COMPANY),
        subject_id=PSEUDONYMS.of(COMPANY).digest,
    )


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", "Bearer {} "])
async def test_the_scheme_is_bearer_in_any_letters(authentication: Authentication, issuer: Issuer, form: str) -> None:
    assert (await authentication.caller(form.format(issuer.token()))).subject == ALVA


@pytest.mark.parametrize(
    "form",
    [None, "", " ", "{}", "Basic {}", "DPoP {}", "Bearer,{}", "Bearer\t{}", "Bearer: {}", "Bearers {}", " Bearer {}"],
)
async def test_without_a_bearer_token_a_caller_is_told_what_to_send_and_no_error_code(
    authentication: Authentication, issuer: Issuer, form: str | None
) -> None:
    refused = await refusal_of(authentication, form and form.format(issuer.token()))

    assert isinstance(refused, Unauthenticated)
    assert (str(refused), refused.error) == (SEND_A_TOKEN, None)


@pytest.mark.parametrize(
    "form", ["Bearer", "Bearer ", "Bearer \t{}", "Bearer {} {}", "Bearer {}, Bearer {}", "Bearer \xa0{}", "Bearer X{}"]
)
async def test_a_bearer_header_that_holds_anything_but_one_token_is_refused(
    authentication: Authentication, issuer: Issuer, form: str
) -> None:
    refused = await refusal_of(authentication, form.format(issuer.token(), issuer.token()))

    assert isinstance(refused, Unauthenticated)
    assert (str(refused), refused.error) == (FORM, "invalid_token")


@pytest.mark.parametrize("id_", ["stranger", "Business-Portal", "tax-agency"])
async def test_a_client_that_is_no_connected_consumer_is_refused(
    authentication: Authentication, issuer: Issuer, id_: str
) -> None:
    refused = await refusal_of(authentication, f"Bearer {issuer.token(consumer=id_)}")

    assert isinstance(refused, Unauthenticated)
    assert str(refused) == "The access token's client_id is not a connected consumer."
    assert refused.error == "invalid_token"


@pytest.mark.parametrize("actor", [(ALVA,), (ALVA, BJORN)])
async def test_a_consumer_that_is_not_let_in_for_representatives_is_forbidden_them(
    authentication: Authentication, issuer: Issuer, actor: tuple[str, ...]
) -> None:
    token = issuer.token(consumer="accounting-program", subject=COMPANY, actor=actor)

    refused = await refusal_of(authentication, f"Bearer {token}")

    assert isinstance(refused, Forbidden)
    assert str(refused) == (
        "This consumer's connection is for people who act for themselves alone, and the access token says that "
        "somebody acts for the subject (act)."
    )


@pytest.mark.parametrize("actor", [(), (ALVA,)])
async def test_a_subject_that_acts_itself_is_no_representative(
    authentication: Authentication, issuer: Issuer, actor: tuple[str, ...]
) -> None:
    token = issuer.token(consumer="accounting-program", subject=ALVA, actor=actor)

    assert (await authentication.caller(f"Bearer {token}")).actors == ()


async def test_nobody_is_called_unconnected_before_the_registry_has_been_read(
    authentication: Authentication, connected: Connected, issuer: Issuer
) -> None:
    connected.is_read = False

    refused = await refusal_of(authentication, f"Bearer {issuer.token(consumer='stranger')}")

    assert isinstance(refused, Unavailable)
    assert str(refused) == "The register of consumers cannot be read right now. Try again in a while."


async def test_a_token_that_does_not_hold_is_refused_whatever_the_registry_knows(
    authentication: Authentication, connected: Connected, issuer: Issuer
) -> None:
    connected.is_read = False

    refused = await refusal_of(authentication, f"Bearer {issuer.token(aud='https://other.example')}")

    assert isinstance(refused, Unauthenticated)


def test_a_callers_repr_shows_no_identity_number() -> None:
    caller = Caller(ConsumerId("portal"), COMPANY, SubjectKey("digest", "k1"), (ALVA, BJORN), frozenset())

    assert [number for number in (COMPANY, ALVA, BJORN) if number in f"{caller!r} {caller}"] == []
