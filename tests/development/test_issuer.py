"""The development token issuer and the keys in its folder."""

from __future__ import annotations

import base64
import json
import stat
import time
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from gateway.development.directory import occupied
from gateway.development.errors import DevelopmentError
from gateway.development.issuer import ISSUER, TokenIssuer, open_issuer, publish_keys

AUDIENCE = "http://127.0.0.1:8000"
FIKA_OCH_FORM = "165599990010"
ALVA_EK = "199003152390"
BJORN_SAND = "198811274560"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which `gateway dev` has run."""
    path = tmp_path / "development"
    with occupied(path) as directory:
        publish_keys(directory)
    return path


@pytest.fixture
def issuer(folder: Path) -> TokenIssuer:
    """Its issuer."""
    return open_issuer(folder, AUDIENCE)


def claims_of(token: str, folder: Path) -> dict[str, object]:
    """The claims, verified with the public keys."""
    keys = KeySet.import_key_set(json.loads((folder / "issuer.jwks.json").read_bytes()))
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


def test_a_token_has_what_rfc_9068_demands_and_verifies_with_the_published_keys(
    issuer: TokenIssuer, folder: Path
) -> None:
    token = issuer.issue("business-portal", FIKA_OCH_FORM, [ALVA_EK], lifetime=60, scope="read write")

    claims = claims_of(token, folder)
    header = jws.extract_compact(token.encode()).headers()
    issued = claims.pop("iat")
    assert isinstance(issued, int)
    assert abs(issued - time.time()) < 5
    assert len(str(claims.pop("jti"))) == 36
    assert claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": FIKA_OCH_FORM,
        "client_id": "business-portal",
        "exp": issued + 60,
        "act": {"sub": ALVA_EK},
        "scope": "read write",
    }
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")


def test_an_actor_who_is_the_subject_is_not_named(issuer: TokenIssuer, folder: Path) -> None:
    assert "act" not in claims_of(issuer.issue("business-portal", ALVA_EK, [ALVA_EK]), folder)


def test_actors_stand_in_each_other_the_one_who_acts_now_outermost(issuer: TokenIssuer, folder: Path) -> None:
    token = issuer.issue("business-portal", FIKA_OCH_FORM, [ALVA_EK, BJORN_SAND, "165599990028"])

    assert claims_of(token, folder)["act"] == {
        "sub": ALVA_EK,
        "act": {"sub": BJORN_SAND, "act": {"sub": "165599990028"}},
    }


@pytest.mark.parametrize(
    ("actors", "says"),
    [
        ([f"16559999002{digit}" for digit in range(4)], "There are 4 actors; a token names at most 3."),
        ([BJORN_SAND, BJORN_SAND], "Somebody stands twice among the subject and its actors."),
        ([BJORN_SAND, ALVA_EK], "Somebody stands twice among the subject and its actors."),
        ([ALVA_EK, BJORN_SAND], "Somebody stands twice among the subject and its actors."),
    ],
)
def test_a_chain_that_no_gateway_accepts_is_refused(issuer: TokenIssuer, actors: list[str], says: str) -> None:
    with pytest.raises(DevelopmentError) as refused:
        issuer.issue("business-portal", ALVA_EK, actors)

    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("scope", "claim"),
    [
        (None, "case-groups:read case-groups:write case-groups:share disclosures:read subject:read"),
        ("", ""),
        ("case-groups:read introspection", "case-groups:read introspection"),
    ],
)
def test_a_token_is_good_for_everything_but_introspection_unless_its_scope_is_named(
    issuer: TokenIssuer, folder: Path, scope: str | None, claim: str
) -> None:
    assert claims_of(issuer.issue("business-portal", ALVA_EK, scope=scope), folder)["scope"] == claim


def test_a_scope_that_cannot_be_one_is_refused(issuer: TokenIssuer) -> None:
    with pytest.raises(DevelopmentError, match=r"^The scope .* right is words separated by spaces"):
        issuer.issue("business-portal", ALVA_EK, scope="läsa")


def test_no_two_tokens_are_the_same(issuer: TokenIssuer) -> None:
    assert issuer.issue("business-portal", ALVA_EK) != issuer.issue("business-portal", ALVA_EK)


@pytest.mark.parametrize("consumer", ["", "Business-Portal", "a b", "a" * 65, "å", "business-portal\n"])
def test_a_consumer_that_cannot_be_a_client_id_is_refused(issuer: TokenIssuer, consumer: str) -> None:
    with pytest.raises(DevelopmentError, match=r"^The consumer .* cannot be in a token; right is 1 to 64 of a-z"):
        issuer.issue(consumer, ALVA_EK)


@pytest.mark.parametrize("number", ["", "19900315-2390", "9003152390", "١٩٩٠٠٣١٥٢٣٩٠"])
def test_a_number_that_is_not_12_digits_is_refused(issuer: TokenIssuer, number: str) -> None:
    with pytest.raises(DevelopmentError, match=r"^The subject .* 12 digits"):
        issuer.issue("business-portal", number)
    with pytest.raises(DevelopmentError, match=r"^The actor .* 12 digits"):
        issuer.issue("business-portal", ALVA_EK, [BJORN_SAND, number])


@pytest.mark.parametrize("lifetime", [0, -1, 86_401])
def test_a_lifetime_out_of_bounds_is_refused(issuer: TokenIssuer, lifetime: int) -> None:
    with pytest.raises(DevelopmentError, match=r"must be 1 to 86400"):
        issuer.issue("business-portal", ALVA_EK, lifetime=lifetime)


def test_there_is_no_issuer_where_gateway_dev_has_not_run(tmp_path: Path) -> None:
    with pytest.raises(
        DevelopmentError, match=r"`gateway dev` has not run with that folder\. Start it with `make run`"
    ):
        open_issuer(tmp_path, AUDIENCE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"kty": "EC"}', b"\xff"])
def test_a_damaged_key_is_a_sentence(folder: Path, content: bytes) -> None:
    (folder / "issuer.jwk").write_bytes(content)

    with pytest.raises(DevelopmentError, match=r"issuer\.jwk is not a key\. Remove that file"):
        open_issuer(folder, AUDIENCE)


def test_the_folder_and_its_secrets_are_the_owners_alone(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "database").stat().st_mode) == 0o700
    assert {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir() if file.is_file()
    } == dict.fromkeys(
        ["issuer.jwk", "issuer.jwks.json", "assertion.jwk", "record.jwk", "pseudonym.key", "lock"], 0o600
    )


def test_the_public_keys_have_no_secret_and_the_pseudonym_key_is_32_bytes(folder: Path) -> None:
    (public,) = json.loads((folder / "issuer.jwks.json").read_bytes())["keys"]

    assert public.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert len(base64.b64decode((folder / "pseudonym.key").read_bytes(), validate=False)) == 32


def test_a_key_that_was_half_written_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "development"
    folder.mkdir()
    (folder / "issuer.jwk.new").write_bytes(b"{")

    with occupied(folder) as directory:
        publish_keys(directory)

    assert not (folder / "issuer.jwk.new").exists()
    open_issuer(folder, AUDIENCE)
