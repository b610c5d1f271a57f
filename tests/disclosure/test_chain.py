"""The canonical form of a record is that of RFC 8785, and every part of a record counts in its hash."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.chain import BEFORE_THE_FIRST, canonical, hash_of, linked
from gateway.disclosure.seals import canonical_seal, hash_of_seal
from gateway.model.record import Entry, RecordKind
from tests.disclosure.record import entries

AT = datetime(2026, 11, 23, 20, 1, 2, 123_000, tzinfo=UTC)
STREAM = "ab" * 8
SAFE = 2**53 - 1
"""The largest whole number that RFC 8785 has."""

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = texts | st.integers(-SAFE, SAFE) | st.booleans() | st.lists(texts)
names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)
documents = st.dictionaries(
    names.filter(lambda name: name not in ("_id", "hash")), values | st.dictionaries(names, values)
)


@given(documents)
def test_the_canonical_form_is_that_of_rfc_8785(document: dict[str, Any]) -> None:
    assert canonical(document) == rfc8785.dumps(document)


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_is_text_in_utc_to_the_millisecond(moment: datetime) -> None:
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        return
    text = json.loads(canonical({"at": moment}))["at"]

    assert text.endswith("Z")
    assert len(text) == len("2026-11-23T20:01:02.123Z")
    assert timedelta() <= in_utc - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_a_moment_is_the_same_in_every_zone() -> None:
    assert canonical({"at": AT}) == b'{"at":"2026-11-23T20:01:02.123Z"}'
    assert canonical({"at": AT.astimezone(timezone(timedelta(hours=1)))}) == canonical({"at": AT})


def test_the_id_and_the_hash_itself_are_not_part_of_it() -> None:
    assert canonical({"_id": "x", "hash": "y", "kind": "status"}) == canonical({"kind": "status"})


def test_a_record_is_linked_as_the_page_says() -> None:
    (entry,) = entries(1)

    document = linked(entry, stream=STREAM, sequence=7, at=AT, previous=BEFORE_THE_FIRST)

    assert document["_id"] == f"{STREAM}/000000000007"
    assert document["at"] == AT
    assert document["hash"] == hashlib.sha256(canonical(document)).hexdigest() == hash_of(document)


def test_what_does_not_apply_is_left_out() -> None:
    document = linked(Entry(RecordKind.OPENED), stream=STREAM, sequence=1, at=AT, previous=BEFORE_THE_FIRST)

    assert document.keys() == {"_id", "kind", "stream", "sequence", "at", "previous", "hash"}


@pytest.mark.parametrize("name", sorted(linked(entries(1)[0], stream=STREAM, sequence=1, at=AT, previous="0" * 64)))
def test_whatever_is_changed_in_a_record_changes_its_hash(name: str) -> None:
    document = linked(entries(1)[0], stream=STREAM, sequence=1, at=AT, previous=BEFORE_THE_FIRST)
    changed = {**document, name: AT + timedelta(milliseconds=1) if name == "at" else "another"}
    without = {other: value for other, value in document.items() if other != name}

    assert (hash_of(changed) != document["hash"]) == (name not in ("_id", "hash"))
    assert (hash_of(without) != document["hash"]) == (name not in ("_id", "hash"))


def test_a_seals_number_counts_and_its_hash_and_signature_do_not() -> None:
    seal = {"_id": 5, "stream": STREAM, "hash": "y", "signature": "z"}

    assert canonical_seal(seal) == b'{"number":5,"stream":"' + STREAM.encode() + b'"}'
    assert hash_of_seal({**seal, "_id": 6}) != hash_of_seal(seal)
