"""Subjects are stored under a keyed pseudonym, which nobody can make without the key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from gateway.identity.pseudonyms import PseudonymKeyError, Pseudonyms, read_pseudonyms
from tests.issuer import ALVA, BJORN

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def test_the_same_subject_has_the_same_pseudonym_under_the_same_key_alone() -> None:
    pseudonym = Pseudonyms(KEY, "k1").of(ALVA)

    assert pseudonym == Pseudonyms(KEY, "k1").of(ALVA)
    assert pseudonym.digest != Pseudonyms(OTHER_KEY, "k1").of(ALVA).digest
    assert pseudonym.digest != Pseudonyms(KEY, "k1").of(BJORN).digest
    assert pseudonym.key_id == "k1"


def test_a_pseudonym_is_hmac_sha_256_in_43_characters() -> None:
    # By `printf 199003152390 | openssl dgst -sha256 -hmac "$(printf 'k%.0s' $(seq 32))" -binary | basenc --base64url`
    assert Pseudonyms(KEY, "k1").of(ALVA).digest == "sS3QFB0Z6LzfmfxX2rTL-ucUYwHwAaHxNOZDWCdWIBA"


@pytest.mark.parametrize(
    "content",
    [
        base64.b64encode(KEY),
        base64.b64encode(KEY) + b"\n",
        base64.encodebytes(KEY * 4),
        base64.b64encode(KEY).replace(b"\n", b"\r\n") + b"\r\n",
    ],
    ids=["as it is", "with a line break", "over several lines", "with a Windows line break"],
)
def test_a_key_is_read_from_a_file_of_base64(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "pseudonym.key"
    file.write_bytes(content)
    key = base64.b64decode(content)

    assert read_pseudonyms(file, "k1").of(ALVA) == Pseudonyms(key, "k1").of(ALVA)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "The pseudonym key file {} cannot be read: No such file or directory."),
        (b"not base64!", "The pseudonym key file {} does not hold base64."),
        ("nyckel på svenska".encode(), "The pseudonym key file {} does not hold base64."),
        (b"\xff\xfe\x00", "The pseudonym key file {} does not hold base64."),
        (base64.b64encode(KEY)[:-2], "The pseudonym key file {} does not hold base64."),
        (b"", "The pseudonym key in {} has 0 bytes; it needs at least 32."),
        (base64.b64encode(KEY[:31]), "The pseudonym key in {} has 31 bytes; it needs at least 32."),
    ],
)
def test_a_key_file_that_cannot_be_used_is_told_with_its_reason_and_not_its_content(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "pseudonym.key"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(PseudonymKeyError) as refused:
        read_pseudonyms(file, "k1")

    assert str(refused.value) == says.format(file)
