"""Subjects are stored under keyed pseudonyms, a chain of them: one for each key, and nobody makes them without it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.errors import Unavailable
from gateway.identity.pseudonyms import KeysDiffer, PseudonymKey, Pseudonyms
from gateway.model.caller import SubjectKey
from gateway.model.pseudonym_key import KeyState, RegisteredKey
from tests.issuer import ALVA, BJORN

FIRST, SECOND, THIRD = (PseudonymKey(f"k{number}", bytes([64 + number]) * 32) for number in (1, 2, 3))
NOW = datetime(2026, 11, 23, tzinfo=UTC)

secrets = st.lists(st.binary(min_size=32, max_size=64), min_size=1, max_size=5, unique=True)
numbers = st.from_regex(r"[A-Za-z0-9._:@-]{1,128}", fullmatch=True)


def registered(*keys: PseudonymKey, current: PseudonymKey) -> tuple[RegisteredKey, ...]:
    """The keys as the database has them, in this order."""
    place = keys.index(current)
    states = [KeyState.FORMER] * place + [KeyState.CURRENT] + [KeyState.ADDED] * len(keys)
    return tuple(
        RegisteredKey(key.id, number, key.check(), state, NOW)
        for number, (key, state) in enumerate(zip(keys, states, strict=False), start=1)
    )


def pseudonyms(keys: Sequence[PseudonymKey], known: tuple[RegisteredKey, ...] = ()) -> Pseudonyms:
    return Pseudonyms(keys, lambda: known)


def test_the_same_subject_has_the_same_pseudonym_under_the_same_key_alone() -> None:
    pseudonym = pseudonyms([FIRST]).of(ALVA)

    assert pseudonym == pseudonyms([FIRST]).of(ALVA)
    assert pseudonym.digest != pseudonyms([replace(SECOND, id="k1")]).of(ALVA).digest
    assert pseudonym.digest != pseudonyms([FIRST]).of(BJORN).digest
    assert pseudonym.key_id == "k1"


def test_a_pseudonym_under_the_first_key_is_hmac_sha_256_in_43_characters() -> None:
    # By `printf 199003152390 | openssl dgst -sha256 -hmac "$(printf 'k%.0s' $(seq 32))" -binary | basenc --base64url`
    assert pseudonyms([PseudonymKey("k1", b"k" * 32)]).of(ALVA).digest == "sS3QFB0Z6LzfmfxX2rTL-ucUYwHwAaHxNOZDWCdWIBA"


@pytest.mark.parametrize(
    ("secret", "text", "digest"),
    [
        (b"\x0b" * 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            b"\xaa" * 131,
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
    ids=["RFC 4231 test 1", "RFC 4231 test 2", "RFC 4231 test 6"],
)
def test_it_is_the_hmac_of_the_rfc(secret: bytes, text: str, digest: str) -> None:
    expected = base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")

    assert pseudonyms([PseudonymKey("k1", secret)]).of(text).digest == expected


def test_under_each_later_key_it_is_the_hmac_of_the_pseudonym_before() -> None:
    first, second, third = pseudonyms([FIRST, SECOND, THIRD]).all_of(ALVA)

    assert second.digest == text_of(hmac.digest(SECOND.secret, first.digest.encode("ascii"), hashlib.sha256))
    assert third.digest == text_of(hmac.digest(THIRD.secret, second.digest.encode("ascii"), hashlib.sha256))
    assert [one.key_id for one in (first, second, third)] == ["k1", "k2", "k3"]


@given(secrets, numbers)
def test_what_is_stored_is_raised_from_key_to_key_without_the_number(chain: list[bytes], number: str) -> None:
    made = pseudonyms([PseudonymKey(f"k{place}", secret) for place, secret in enumerate(chain)])
    generations = made.all_of(number)

    for place, before in enumerate(generations):
        for later in generations[place:]:
            assert made.raised(before, later.key_id) == later
        for earlier in generations[:place]:
            with pytest.raises(ValueError, match="comes before"):
                made.raised(before, earlier.key_id)


def test_a_pseudonym_under_a_key_that_nobody_knows_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="not in list"):
        pseudonyms([FIRST, SECOND]).raised(SubjectKey("A" * 43, "lost"), "k2")


def test_which_key_is_current_is_what_the_database_says_and_the_first_until_it_does() -> None:
    keys = [FIRST, SECOND, THIRD]

    assert pseudonyms(keys).of(ALVA).key_id == "k1"
    assert pseudonyms(keys, registered(*keys, current=SECOND)).of(ALVA).key_id == "k2"
    assert pseudonyms(keys, registered(*keys, current=THIRD)).key_id == "k3"


def test_all_of_a_subjects_pseudonyms_come_with_the_current_one_first_and_one_of_them_stays() -> None:
    keys = [FIRST, SECOND, THIRD]
    before, after = pseudonyms(keys), pseudonyms(keys, registered(*keys, current=SECOND))

    assert [one.key_id for one in before.all_of(ALVA)] == ["k1", "k2", "k3"]
    assert [one.key_id for one in after.all_of(ALVA)] == ["k2", "k1", "k3"]
    assert set(before.all_of(ALVA)) == set(after.all_of(ALVA))
    assert before.id_of(before.all_of(ALVA)) == after.id_of(after.all_of(ALVA)) == before.of(ALVA).digest


def test_for_a_moment_two_are_current_and_the_later_one_counts() -> None:
    first, second = registered(FIRST, SECOND, current=SECOND)

    assert pseudonyms([FIRST, SECOND], (replace(first, state=KeyState.CURRENT), second)).key_id == "k2"


def test_the_change_of_the_current_key_is_seen_at_once() -> None:
    known = registered(FIRST, SECOND, current=FIRST)
    made = Pseudonyms([FIRST, SECOND], lambda: known)
    assert made.key_id == "k1"

    known = registered(FIRST, SECOND, current=SECOND)

    assert made.key_id == "k2"


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ([FIRST], "the key k2, number 2 of the chain, is not in the key file"),
        ([SECOND], "the key k1, number 1 of the chain, is not in the key file"),
        ([SECOND, FIRST], "the key k1, number 1 of the chain, is elsewhere in the chain"),
        ([FIRST, THIRD, SECOND], "the key k2, number 2 of the chain, is elsewhere in the chain"),
        ([FIRST, replace(THIRD, id="k2")], "the key file has another key under the id k2"),
        ([replace(THIRD, id="k1"), SECOND], "the key file has another key under the id k1"),
    ],
)
def test_keys_that_are_not_the_databases_make_no_pseudonym_at_all(held: list[PseudonymKey], says: str) -> None:
    made = pseudonyms(held, registered(FIRST, SECOND, current=SECOND))

    with capture_logs() as logs:
        for make in (made.of, made.all_of):
            with pytest.raises(KeysDiffer) as refused:
                make(ALVA)

    assert refused.value.problem == made.problem == says
    assert isinstance(refused.value, Unavailable)
    assert says not in str(refused.value)
    assert logs == [{"event": "pseudonym_keys.differ", "log_level": "error", "problem": says}]


def test_a_key_that_is_on_its_way_need_not_be_there_yet() -> None:
    known = registered(FIRST, SECOND, current=FIRST)

    assert pseudonyms([FIRST], known).problem is None
    assert pseudonyms([FIRST, replace(THIRD, id="k2")], known).problem is None


def test_a_list_of_keys_with_a_gap_or_without_a_current_one_is_not_believed() -> None:
    first, second, third = registered(FIRST, SECOND, THIRD, current=THIRD)

    for known in ((first, third), (first, second)):
        assert pseudonyms([FIRST, SECOND, THIRD], known).problem == (
            "the database's list of keys is not whole: `gateway keys list` shows it"
        )


def test_no_secret_is_in_what_is_printed_of_a_key_and_its_check_is_short() -> None:
    assert repr(FIRST) == "PseudonymKey(id='k1')"
    assert len(FIRST.check()) == 22
    assert FIRST.check() != SECOND.check()


def text_of(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
