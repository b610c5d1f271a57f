"""The key that seals the record: what is accepted, and what is refused with which sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey

from gateway.app import create_app
from gateway.disclosure.seals import read_sealing_key
from gateway.key_files import KeyFileError
from gateway.settings import SettingsError, load_settings

NO_JWK = r"^The record key file .* does not hold a private JWK of EC P-256; docs/database\.md says how to make one\.$"
NOT_OURS = r"^The record key in .* must be a private JWK of EC P-256; docs/database\.md says how to make one\.$"


def jwk(key: ECKey | OKPKey | OctKey, *, private: bool = True) -> str:
    """The key as text."""
    return json.dumps(key.as_dict(private=private))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the key is, its owner's alone."""
    path = tmp_path / "record.jwk"
    path.touch(mode=0o600)
    return path


def test_what_it_signs_is_verified_with_its_public_part(file: Path) -> None:
    file.write_text(jwk(ECKey.generate_key("P-256")))
    key = read_sealing_key(file)

    signature = key.sign(b"content")

    public = ECKey.import_key(key.public())
    verified = jws.deserialize_compact(signature, public, algorithms=["ES256"])
    assert verified.payload == b"content"
    assert verified.headers()["kid"] == key.public()["kid"]
    assert not public.is_private


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("", NO_JWK, id="empty"),
        pytest.param("-----BEGIN PRIVATE KEY-----", NO_JWK, id="PEM"),
        pytest.param("[]", NO_JWK, id="a list"),
        pytest.param("{}", NO_JWK, id="an empty object"),
        pytest.param(jwk(ECKey.generate_key("P-256"))[:-40], NO_JWK, id="cut off"),
        pytest.param(jwk(ECKey.generate_key("P-256"), private=False), NOT_OURS, id="a public key"),
        pytest.param(jwk(ECKey.generate_key("P-384")), NOT_OURS, id="P-384"),
        pytest.param(jwk(OKPKey.generate_key("Ed25519")), NO_JWK, id="Ed25519"),
        pytest.param(jwk(OctKey.generate_key(256)), NO_JWK, id="a shared secret"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_without_its_content(file: Path, content: str, says: str) -> None:
    file.write_text(content)

    with pytest.raises(KeyFileError, match=says) as refused:
        read_sealing_key(file)

    assert '"d"' not in str(refused.value)


def test_the_gateway_does_not_start_with_a_key_that_others_can_read(file: Path) -> None:
    file.write_text(jwk(ECKey.generate_key("P-256")))
    file.chmod(0o644)

    with pytest.raises(SettingsError, match=rf"The record key file {file} is open to everybody.*chmod 600 {file}"):
        create_app(load_settings(record_key_file=file))


def test_the_gateway_does_not_start_without_a_key() -> None:
    with pytest.raises(SettingsError, match=r"(?m)^Not set: GATEWAY_RECORD_KEY_FILE\. "):
        create_app(load_settings())
